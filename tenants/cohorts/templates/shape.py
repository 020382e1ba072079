"""What a program template consists of; `dataclasses.asdict` of one is its document in the API."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TENANT_KINDS = ("institution", "funder", "society")
KINDS = ("categorical", "set", "ordinal", "number", "date", "boolean", "text", "availability", "reference")
LEVELLED = ("categorical", "set", "ordinal")
USES = ("matching", "reporting", "eligibility")
_PRICE = frozenset({"price"})
# What each rule must say besides its name, and what it may.
RULE_FIELDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "cap": (frozenset({"attribute", "max"}), _PRICE),
    "at_least": (frozenset({"attribute", "value", "min"}), _PRICE),
    "seats": (frozenset({"attribute", "value", "min", "max"}), _PRICE),
    "no_isolate": (frozenset({"attribute"}), _PRICE | {"values"}),
    "shared": (frozenset({"attribute", "min"}), _PRICE),
    "common_slots": (frozenset({"attribute", "hours"}), _PRICE),
    "similar_text": (frozenset({"attribute", "similarity"}), _PRICE),
    "hierarchy": (frozenset({"attributes"}), _PRICE | {"shared"}),
    "apart": (frozenset(), _PRICE | {"pairs", "lists"}),
    "together": (frozenset(), frozenset({"pairs", "lists"})),
    "locked": (frozenset(), frozenset({"lists"})),
    "keep": (frozenset(), frozenset({"lists", "max", "price"})),
}
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")


class InvalidTemplate(ValueError):
    """A template contradicts itself; the message names the template, the attribute and the rule."""


@dataclass(frozen=True)
class Level:
    """One value of an attribute. `parent` is a level one step broader; `aliases` are other spellings.

    `sensitive`: the title never leaves the group.
    """

    key: str
    label: str
    order: int
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    sensitive: bool = False

    @property
    def names(self) -> frozenset[str]:
        """What a cell may say, case folded, to mean this level."""
        return frozenset(name.casefold() for name in (self.key, self.label, *self.aliases))


@dataclass(frozen=True)
class Attribute:
    """One thing to be known of a participant.

    `open`         admits values that are no level yet.
    `answered_by`  `roster`, `person` or `either`.
    `uses`         some of `matching`, `reporting`, `eligibility`.
    `parent`       the attribute whose levels are the parents of these; without it, parents are in `levels`.
    """

    key: str
    label: str
    kind: str
    open: bool
    required: bool
    sensitive: bool
    answered_by: str
    uses: tuple[str, ...]
    parent: str | None
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        self._require(_KEY.fullmatch(self.key) is not None, "the key must match ^[a-z][a-z0-9_]{0,62}$")
        self._require(self.kind in KINDS, f"unknown kind {self.kind!r}")
        self._require(self.answered_by in ("roster", "person", "either"), "answered_by is unknown")
        self._require(len(self.uses) > 0 and set(self.uses) <= set(USES), "uses are unknown or missing")
        self._require(not self.levels or self.kind in LEVELLED, f"{self.kind} has no levels")
        self._require(self.open or bool(self.levels), "without levels an attribute is open")
        taken: set[str] = set()
        for level in self.levels:
            self._require(
                all(isinstance(n, str) for n in (level.key, level.label, *level.aliases)), "not text"
            )
            clash = taken & level.names
            self._require(not clash, f"two levels answer to {sorted(clash)}")
            taken |= level.names

    def _require(self, held: bool, rule: str) -> None:
        if not held:
            raise InvalidTemplate(f"{self.key}: {rule}")


@dataclass(frozen=True)
class Size:
    """Fewest and most people in a group, and the mean to come near to (else halfway)."""

    min: int
    max: int
    target: float | None = None


@dataclass(frozen=True)
class Term:
    """A wish: people of a group should be `similar`, `different` or `near` in an attribute; weight > 0."""

    attribute: str
    prefer: str
    weight: float


@dataclass(frozen=True)
class Recipe:
    """How groups are to be formed; each rule is a document as in the API, `{"rule": name, …}`."""

    name: str
    size: Size
    terms: tuple[Term, ...]
    rules: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Template:
    """What a program starts with. `kinds` are the kinds of tenant it suits; `labels` its words."""

    key: str
    name: str
    kinds: tuple[str, ...]
    labels: Mapping[str, str]
    attributes: tuple[Attribute, ...]
    recipe: Recipe

    def __post_init__(self) -> None:
        keys = [attribute.key for attribute in self.attributes]
        self._require(len(set(keys)) == len(keys), "an attribute key occurs twice")
        self._require(len(self.kinds) > 0 and set(self.kinds) <= set(TENANT_KINDS), "unknown tenant kind")
        for attribute in self.attributes:
            self._check_parents(attribute)
        self._check_recipe()

    def attribute(self, key: str) -> Attribute:
        """The attribute with this key; KeyError when there is none."""
        for attribute in self.attributes:
            if attribute.key == key:
                return attribute
        raise KeyError(key)

    def _check_parents(self, attribute: Attribute) -> None:
        keys = [other.key for other in self.attributes]
        self._require(
            attribute.parent is None or attribute.parent in keys, f"{attribute.key}: unknown parent"
        )
        broader = self.attribute(attribute.parent) if attribute.parent else attribute
        tops = {level.key for level in broader.levels if level.parent is None}
        for level in attribute.levels:
            known = level.parent is None or level.parent in tops
            self._require(known, f"{attribute.key}: {level.key} has an unknown parent")

    def _check_recipe(self) -> None:
        keys = {attribute.key for attribute in self.attributes}
        size = self.recipe.size
        self._require(2 <= size.min <= size.max, "sizes need 2 <= min <= max")
        self._require(size.target is None or size.min <= size.target <= size.max, "the target is no size")
        for term in self.recipe.terms:
            self._require(term.attribute in keys, f"the recipe weighs an unknown {term.attribute!r}")
            self._require(term.prefer in ("similar", "different", "near"), f"{term.attribute}: unknown wish")
            self._require(term.weight > 0, f"{term.attribute}: a weight must be above 0")
        for rule in self.recipe.rules:
            said = frozenset(rule) - {"rule"}
            known = RULE_FIELDS.get(rule["rule"])
            fits = known is not None and known[0] <= said <= known[0] | known[1]
            self._require(fits, f"not a rule: {dict(rule)}")
            named = {*rule.get("attributes", ()), *([rule["attribute"]] if "attribute" in rule else ())}
            self._require(named <= keys, f"the rule {rule['rule']} names an unknown attribute")

    def _require(self, held: bool, rule: str) -> None:
        if not held:
            raise InvalidTemplate(f"{self.key}: {rule}")
