"""Recipes as the API and files write them, and rules in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tenants.matching.solver.model import (
    EMPHASIS,
    Apart,
    Cap,
    CommonSlots,
    Hierarchy,
    Keep,
    Locked,
    NoIsolate,
    Recipe,
    Rule,
    Seats,
    Shared,
    SimilarText,
    Size,
    Term,
    Together,
)

Words = Mapping[str, Any]


def recipe_of(words: Words, more: Sequence[Rule] = ()) -> Recipe:
    """The recipe that ``size``, ``terms``, ``rules`` and the rest say, with more rules after its own."""
    size = words["size"]
    return Recipe(
        size=Size(size["min"], size["max"], size.get("target")),
        terms=tuple(Term(term["attribute"], term["prefer"], term["weight"]) for term in words["terms"]),
        rules=(*(rule_of(rule) for rule in words.get("rules", ())), *more),
        emphasis=EMPHASIS if words.get("emphasis") is None else words["emphasis"],
        waitlist=bool(words.get("waitlist", False)),
        priority=words.get("priority"),
    )


def rule_of(words: Words) -> Rule:
    """The rule that ``rule`` names, with its fields. Raises KeyError for a name or field that is missing."""
    return _READ[words["rule"]](words, words.get("price"))


def name_of(rule: Rule) -> str:
    """The name by which recipes call the rule."""
    if isinstance(rule, Seats):
        return "seats" if rule.max is not None else "at_least"
    return _NAMES[type(rule)]


def said_of(rule: Rule) -> str:
    """The rule in words, without any name of a person."""
    return _SAID[type(rule)](rule)


def _seats_said(rule: Seats) -> str:
    number = f"at least {rule.min}" if rule.max is None else f"from {rule.min} to {rule.max}"
    return f"{number} with {rule.attribute} “{shown(rule.value)}”"


def _no_isolate_said(rule: NoIsolate) -> str:
    if rule.values is None:
        return f"nobody alone with their {rule.attribute}"
    return f"nobody alone with {rule.attribute} {' or '.join(f'“{shown(value)}”' for value in rule.values)}"


def _keep_said(rule: Keep) -> str:
    most = "" if rule.max is None else f", {rule.max} at most"
    return f"as few as possible leave their group{most}"


def _hierarchy_said(rule: Hierarchy) -> str:
    same = " or who name the same person" if rule.shared else ""
    return f"nobody with whom they name in {' or '.join(rule.attributes)}{same}"


_NAMES: Mapping[type[Rule], str] = {
    Cap: "cap",
    NoIsolate: "no_isolate",
    Shared: "shared",
    CommonSlots: "common_slots",
    SimilarText: "similar_text",
    Hierarchy: "hierarchy",
    Apart: "apart",
    Together: "together",
    Locked: "locked",
    Keep: "keep",
}
_SAID: Mapping[type[Rule], Callable[[Any], str]] = {
    Cap: lambda rule: f"at most {rule.max} with the same {rule.attribute}",
    Seats: _seats_said,
    NoIsolate: _no_isolate_said,
    Shared: lambda rule: f"at least {rule.min} {rule.attribute} that all have",
    CommonSlots: lambda rule: f"at least {rule.hours:g} hours a week when all are free",
    SimilarText: lambda rule: f"nobody with a {rule.attribute} as similar as {rule.similarity:g}",
    Hierarchy: _hierarchy_said,
    Apart: lambda _: "people who must be apart",
    Together: lambda _: "people who must be together",
    Locked: lambda _: "groups that exist already",
    Keep: _keep_said,
}


def shown(value: str | bool) -> str:
    """A value as sentences name it."""
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _pairs(words: Words) -> tuple[tuple[str, str], ...]:
    return tuple((one, other) for one, other in words.get("pairs") or ())


def _lists(words: Words) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(each) for each in words.get("lists") or ())


def _no_isolate(words: Words, price: float | None) -> Rule:
    values = words.get("values")
    return NoIsolate(
        attribute=words["attribute"], values=None if values is None else tuple(values), price=price
    )


def _hierarchy(words: Words, price: float | None) -> Rule:
    return Hierarchy(
        attributes=tuple(words["attributes"]), shared=bool(words.get("shared", False)), price=price
    )


def _seats(words: Words, price: float | None) -> Rule:
    return Seats(
        attribute=words["attribute"],
        value=words["value"],
        min=words["min"],
        max=words.get("max"),
        price=price,
    )


_READ: Mapping[str, Callable[[Words, float | None], Rule]] = {
    "cap": lambda w, price: Cap(attribute=w["attribute"], max=w["max"], price=price),
    "at_least": _seats,
    "seats": _seats,
    "no_isolate": _no_isolate,
    "shared": lambda w, price: Shared(attribute=w["attribute"], min=w["min"], price=price),
    "common_slots": lambda w, price: CommonSlots(attribute=w["attribute"], hours=w["hours"], price=price),
    "similar_text": lambda w, price: SimilarText(
        attribute=w["attribute"], similarity=w["similarity"], price=price
    ),
    "hierarchy": _hierarchy,
    "apart": lambda w, price: Apart(pairs=_pairs(w), lists=_lists(w), price=price),
    "together": lambda w, price: Together(pairs=_pairs(w), lists=_lists(w), price=price),
    "locked": lambda w, price: Locked(lists=_lists(w), price=price),
    "keep": lambda w, price: Keep(lists=_lists(w), max=w.get("max"), price=price),
}
RULES = tuple(_READ)
"""What rules are called."""
