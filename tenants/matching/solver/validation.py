"""Refusing recipes and values that make no sense, before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tenants.matching.solver.model import Attribute, Cap, InvalidPool, InvalidRecipe, Pool, Recipe, Size, Term

TERM_KINDS = frozenset({"categorical", "boolean", "ordinal", "number", "date", "set", "reference"})
CAP_KINDS = frozenset({"categorical", "boolean", "ordinal", "set", "reference"})
NOT_YET_KINDS = frozenset({"text", "availability"})
LIST_KINDS = frozenset({"set", "reference"})


def validate(pool: Pool, recipe: Recipe) -> None:
    """Raise InvalidRecipe or InvalidPool for the first fault; attributes not in the recipe are not read."""
    _validate_size(recipe.size)
    if not recipe.terms:
        raise InvalidRecipe("terms", "A recipe needs at least one term.")
    for position, term in enumerate(recipe.terms):
        _validate_term(f"terms/{position}", term, pool.attributes)
    for position, cap in enumerate(recipe.rules):
        _validate_cap(f"rules/{position}", cap, pool.attributes)
    if len(set(pool.ids)) != len(pool.ids):
        raise InvalidPool("ids", "Every person may be in the pool once only.")
    named = {term.attribute for term in recipe.terms} | {cap.attribute for cap in recipe.rules}
    for key in sorted(named):
        _validate_attribute(f"attributes/{key}", pool.attributes[key], len(pool.ids))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _validate_size(size: Size) -> None:
    if not _whole(size.min) or size.min < 2:
        raise InvalidRecipe("size/min", "The smallest group has at least 2 people.")
    if not _whole(size.max) or size.max < size.min:
        raise InvalidRecipe("size/max", "The largest group cannot be smaller than the smallest.")


def _known(field: str, key: str, attributes: Mapping[str, Attribute]) -> Attribute:
    if key not in attributes:
        raise InvalidRecipe(f"{field}/attribute", f"There is no attribute “{key}”.")
    return attributes[key]


def _validate_term(field: str, term: Term, attributes: Mapping[str, Attribute]) -> None:
    kind = _known(field, term.attribute, attributes).kind
    if kind in NOT_YET_KINDS:
        raise InvalidRecipe(f"{field}/attribute", f"Terms of kind {kind} are not yet available.")
    if kind not in TERM_KINDS:
        raise InvalidRecipe(f"{field}/attribute", f"Attributes of kind {kind} cannot be compared.")
    if term.prefer not in ("similar", "different"):
        raise InvalidRecipe(f"{field}/prefer", "Must be “similar” or “different”.")
    if not _finite(term.weight) or term.weight <= 0:
        raise InvalidRecipe(f"{field}/weight", "Must be a number above 0.")


def _validate_cap(field: str, cap: Cap, attributes: Mapping[str, Attribute]) -> None:
    kind = _known(field, cap.attribute, attributes).kind
    if kind not in CAP_KINDS:
        raise InvalidRecipe(f"{field}/attribute", f"A cap cannot count values of kind {kind}.")
    if not _whole(cap.max) or cap.max < 1:
        raise InvalidRecipe(f"{field}/max", "Must be a whole number of at least 1.")


def _validate_attribute(field: str, attribute: Attribute, people: int) -> None:
    if len(attribute.values) != people:
        raise InvalidPool(f"{field}/values", f"Must have one value for each of the {people} people.")
    if attribute.kind == "ordinal" and not attribute.levels:
        raise InvalidPool(f"{field}/levels", "An ordinal attribute needs its levels.")
    for position, value in enumerate(attribute.values):
        if value is not None and not _fits(attribute, value):
            raise InvalidPool(f"{field}/values/{position}", f"Is not a value of kind {attribute.kind}.")


def _fits(attribute: Attribute, value: Any) -> bool:
    kind = attribute.kind
    if kind in LIST_KINDS:
        return isinstance(value, list | tuple) and all(isinstance(element, str) for element in value)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "number":
        return _finite(value)
    if kind == "ordinal":
        return value in (attribute.levels or ())
    return isinstance(value, str) and (kind != "date" or _is_day(value))


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
