"""Whether a recipe can be followed in its program."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import select

from tenants.cohorts.actions import HAS_LEVELS
from tenants.cohorts.models import Attribute
from tenants.kernel.errors import FieldError, Invalid
from tenants.kernel.session import Session
from tenants.matching import solver
from tenants.matching.models import Recipe
from tenants.matching.questions import as_attribute


def check_recipe(session: Session, recipe: Recipe, *, under: str = "") -> None:
    """See that every attribute can serve as the recipe asks, then have the solver judge the rest.

    Raises Invalid with a pointer to each culprit; `under` is where the recipe itself is in the input.
    """
    rows = session.scalars(select(Attribute).where(Attribute.program_id == recipe.program_id))
    known = {attribute.key: attribute for attribute in rows}
    broken = [*_misused(recipe, known), *contradictions(recipe, known)]
    if broken:
        raise Invalid(*(replace(each, pointer=under + each.pointer) for each in broken))
    attributes = {key: as_attribute(attribute, ()) for key, attribute in known.items()}
    try:
        solver.validate_recipe(solver.recipe_of(recipe.words), attributes)
    except solver.InvalidRecipe as fault:
        raise Invalid.field(f"{under}/{fault.field}", "invalid", fault.message) from fault


def contradictions(recipe: Recipe, known: Mapping[str, Attribute]) -> list[FieldError]:
    """A second term or cap on an attribute, and values that a rule asks for and its attribute cannot take."""
    return [*_repeated(recipe), *_untakable(recipe, known)]


def _named(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Where the recipe names an attribute, and which."""
    for place, term in enumerate(recipe.terms):
        yield f"/terms/{place}/attribute", term["attribute"]
    for place, rule in enumerate(recipe.rules):
        if "attribute" in rule:
            yield f"/rules/{place}/attribute", rule["attribute"]
        for at, key in enumerate(rule.get("attributes", ())):
            yield f"/rules/{place}/attributes/{at}", key
    if recipe.priority is not None:
        yield "/priority", recipe.priority


def _misused(recipe: Recipe, known: Mapping[str, Attribute]) -> Iterator[FieldError]:
    for pointer, key in _named(recipe):
        if fault := unfit(key, known.get(key)):
            yield FieldError(pointer, *fault)


def _repeated(recipe: Recipe) -> Iterator[FieldError]:
    """A second term, or a second cap, on one attribute."""
    named = [("terms", place, term["attribute"]) for place, term in enumerate(recipe.terms)]
    named += [
        ("rules", place, rule["attribute"])
        for place, rule in enumerate(recipe.rules)
        if rule["rule"] == "cap"
    ]
    seen: set[tuple[str, str]] = set()
    for field, place, key in named:
        if (field, key) in seen:
            yield FieldError(f"/{field}/{place}/attribute", "duplicate", f"{key} is named twice.")
        seen.add((field, key))


def _untakable(recipe: Recipe, known: Mapping[str, Attribute]) -> Iterator[FieldError]:
    """Values that a rule asks for and nobody can have."""
    for place, rule in enumerate(recipe.rules):
        attribute = known.get(rule.get("attribute", ""))
        values = [(f"values/{at}", value) for at, value in enumerate(rule.get("values", ()))]
        values += [("value", rule["value"])] if "value" in rule else []
        for at, value in values:
            if attribute is not None and not _takes(attribute, value):
                shown = ("false", "true")[value] if isinstance(value, bool) else value
                yield FieldError(f"/rules/{place}/{at}", "unknown", f"{attribute.label} cannot be {shown}.")


def _takes(attribute: Attribute, value: str | bool) -> bool:
    if attribute.kind == "boolean" or isinstance(value, bool):
        return attribute.kind == "boolean" and isinstance(value, bool)
    closed = attribute.kind in HAS_LEVELS and not attribute.open
    return not closed or value in [level["key"] for level in attribute.levels]


def unfit(key: str, attribute: Attribute | None) -> tuple[str, str] | None:
    """Why matching cannot use an attribute: a code and a sentence; None if it can."""
    if attribute is None:
        return "unknown", f"This program has no attribute {key}."
    if "matching" not in attribute.uses:
        return "not_for_matching", f"{attribute.label} is not known for the use of matching."
    if attribute.kind == "ordinal" and not attribute.levels:
        return "no_levels", f"{attribute.label} has no levels yet, so nothing is known of their order."
    return None
