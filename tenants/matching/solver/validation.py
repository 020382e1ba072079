"""Refusing recipes and values that make no sense, before anything is computed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from tenants.matching.solver.hours import DAYS
from tenants.matching.solver.model import (
    Apart,
    Attribute,
    Cap,
    CommonSlots,
    Hierarchy,
    InvalidPool,
    InvalidRecipe,
    Keep,
    Locked,
    NoIsolate,
    Pool,
    Recipe,
    Rule,
    Seats,
    Shared,
    SimilarText,
    Size,
    Term,
    Together,
)

LIST_KINDS = frozenset({"set", "reference"})
COUNTED_KINDS = frozenset({"categorical", "boolean", "ordinal", "set", "reference"})
TERM_KINDS = COUNTED_KINDS | {"number", "date", "text", "availability"}
MOST_EXPENSIVE = 1000
"""A rule that is worth more than so many people's whole affinity is meant always to hold."""
NO_TIME_ZONES = {"localtime", "Factory"}
"""Available names that say nothing of a place: groups would follow the machine's own clock, or one never set."""
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
RANKED_KINDS = frozenset({"number", "ordinal", "boolean"})
KINDS_OF_RULE: Mapping[type[Rule], frozenset[str]] = {
    Cap: COUNTED_KINDS,
    Seats: COUNTED_KINDS,
    NoIsolate: COUNTED_KINDS,
    Shared: frozenset({"set"}),
    CommonSlots: frozenset({"availability"}),
    SimilarText: frozenset({"text"}),
}


def validate(pool: Pool, recipe: Recipe) -> None:
    """Raise InvalidRecipe or InvalidPool for the first fault; attributes not in the recipe are not read."""
    validate_recipe(recipe, pool.attributes)
    if len(set(pool.ids)) != len(pool.ids):
        raise InvalidPool("ids", "Every person may be in the pool once only.")
    for key in sorted(attributes_of(recipe)):
        _validate_attribute(f"attributes/{key}", pool.attributes[key], len(pool.ids))


def validate_recipe(recipe: Recipe, attributes: Mapping[str, Attribute]) -> None:
    """Raise InvalidRecipe for the first fault of a recipe, whoever is in the pool."""
    _validate_size(recipe.size)
    if not recipe.terms:
        raise InvalidRecipe("terms", "A recipe needs at least one term.")
    for position, term in enumerate(recipe.terms):
        _validate_term(f"terms/{position}", term, attributes)
    for position, rule in enumerate(recipe.rules):
        _validate_rule(f"rules/{position}", rule, attributes)
    keeping = [position for position, rule in enumerate(recipe.rules) if isinstance(rule, Keep)]
    if len(keeping) > 1:
        raise InvalidRecipe(f"rules/{keeping[1]}", "Groups that exist can be kept by one rule only.")
    if not _finite(recipe.emphasis) or not 0 <= recipe.emphasis <= 1:
        raise InvalidRecipe("emphasis", "Must be a number from 0 to 1.")
    if recipe.priority is not None:
        _kind("priority", recipe.priority, attributes, RANKED_KINDS)


def attributes_of(recipe: Recipe) -> set[str]:
    """The attributes that a recipe reads."""
    named = {term.attribute for term in recipe.terms}
    for rule in recipe.rules:
        named |= set(attributes_of_rule(rule))
    return named | ({recipe.priority} if recipe.priority else set())


def attributes_of_rule(rule: Rule) -> tuple[str, ...]:
    """The attributes that a rule reads."""
    match rule:
        case Hierarchy():
            return rule.attributes
        case Cap() | Seats() | NoIsolate() | Shared() | CommonSlots() | SimilarText():
            return (rule.attribute,)
        case _:
            return ()


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _validate_size(size: Size) -> None:
    if not _whole(size.min, 2):
        raise InvalidRecipe("size/min", "The smallest group has at least 2 people.")
    if not _whole(size.max, size.min):
        raise InvalidRecipe("size/max", "The largest group cannot be smaller than the smallest.")
    if size.target is not None and not (_finite(size.target) and size.min <= size.target <= size.max):
        raise InvalidRecipe("size/target", "Must be a number from the smallest to the largest size.")


def _kind(field: str, key: str, attributes: Mapping[str, Attribute], fitting: frozenset[str]) -> None:
    if key not in attributes:
        raise InvalidRecipe(field, f"There is no attribute “{key}”.")
    kind = attributes[key].kind
    if kind not in fitting:
        raise InvalidRecipe(
            field, f"“{key}” is of kind {kind}; one of {', '.join(sorted(fitting))} is needed."
        )


def _validate_term(field: str, term: Term, attributes: Mapping[str, Attribute]) -> None:
    _kind(f"{field}/attribute", term.attribute, attributes, TERM_KINDS)
    if term.prefer not in {"similar", "different", "near"}:
        raise InvalidRecipe(f"{field}/prefer", "Must be “similar”, “different” or “near”.")
    if not _finite(term.weight) or term.weight <= 0:
        raise InvalidRecipe(f"{field}/weight", "Must be a number above 0.")


def _validate_rule(field: str, rule: Rule, attributes: Mapping[str, Attribute]) -> None:
    if rule.price is not None and not (_finite(rule.price) and 0 <= rule.price <= MOST_EXPENSIVE):
        raise InvalidRecipe(
            f"{field}/price",
            f"Must be a number from 0 to {MOST_EXPENSIVE:,}, or absent for a rule that always holds.",
        )
    fitting = KINDS_OF_RULE.get(type(rule))
    for key in attributes_of_rule(rule):
        if fitting is None:
            _kind(f"{field}/attributes", key, attributes, frozenset({"reference"}))
        else:
            _kind(f"{field}/attribute", key, attributes, fitting)
    match rule:
        case Cap() | Shared() | CommonSlots() | SimilarText():
            _validate_amount(field, rule)
        case Seats():
            _validate_seats(field, rule)
        case Together() | Locked():
            _validate_joined(field, rule)
        case Keep():
            _validate_keep(field, rule)
        case Apart():
            _validate_pairs(field, rule.pairs)


def _validate_amount(field: str, rule: Cap | Shared | CommonSlots | SimilarText) -> None:
    match rule:
        case Cap() if not _whole(rule.max, 1):
            raise InvalidRecipe(f"{field}/max", "Must be a whole number of at least 1.")
        case Shared() if not _whole(rule.min, 1):
            raise InvalidRecipe(f"{field}/min", "Must be a whole number of at least 1.")
        case CommonSlots() if not (_finite(rule.hours) and 0 < rule.hours <= 168):
            raise InvalidRecipe(
                f"{field}/hours", "Must be a number above 0 and at most the 168 hours of a week."
            )
        case SimilarText() if not (_finite(rule.similarity) and 0 < rule.similarity <= 1):
            raise InvalidRecipe(f"{field}/similarity", "Must be a number above 0 and at most 1.")


def _validate_seats(field: str, rule: Seats) -> None:
    if not _whole(rule.min, 0):
        raise InvalidRecipe(f"{field}/min", "Must be a whole number of at least 0.")
    if rule.max is not None and not _whole(rule.max, max(rule.min, 1)):
        raise InvalidRecipe(f"{field}/max", "Must be a whole number of at least 1 and not below min.")


def _validate_pairs(field: str, pairs: Sequence[Sequence[str]]) -> None:
    for place, (one, other) in enumerate(pairs):
        if one == other:
            raise InvalidRecipe(f"{field}/pairs/{place}", "A pair is of two different people.")


def _validate_joined(field: str, rule: Together | Locked) -> None:
    if rule.price is not None:
        raise InvalidRecipe(f"{field}/price", "This rule always holds; it has no price.")
    if isinstance(rule, Together):
        _validate_pairs(field, rule.pairs)
    else:
        _validate_lists(field, rule.lists)


def _validate_keep(field: str, rule: Keep) -> None:
    if rule.max is not None and not _whole(rule.max, 0):
        raise InvalidRecipe(f"{field}/max", "Must be a whole number of at least 0.")
    _validate_lists(field, rule.lists)


def _validate_lists(field: str, lists: Sequence[Sequence[str]]) -> None:
    seen: set[str] = set()
    for place, each in enumerate(lists):
        if seen & set(each):
            raise InvalidRecipe(f"{field}/lists/{place}", "Nobody can be in two of these groups.")
        seen |= set(each)


def _validate_attribute(field: str, attribute: Attribute, people: int) -> None:
    if len(attribute.values) != people:
        raise InvalidPool(f"{field}/values", f"Must have one value for each of the {people} people.")
    if attribute.kind == "ordinal" and not attribute.levels:
        raise InvalidPool(f"{field}/levels", "An ordinal attribute needs its levels.")
    zones = available_timezones() - NO_TIME_ZONES if attribute.kind == "availability" else set[str]()
    for position, value in enumerate(attribute.values):
        if value is not None and not _fits(attribute, value, zones):
            raise InvalidPool(f"{field}/values/{position}", f"Is not a value of kind {attribute.kind}.")


def _fits(attribute: Attribute, value: Any, zones: set[str]) -> bool:
    kind = attribute.kind
    if kind in LIST_KINDS:
        return isinstance(value, list | tuple) and all(isinstance(element, str) for element in value)
    if kind == "availability":
        return _is_availability(value, zones)
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


def _is_availability(value: Any, zones: set[str]) -> bool:
    if not isinstance(value, dict):
        return False
    zone, slots = value.get("time_zone"), value.get("slots")
    return isinstance(zone, str) and zone in zones and isinstance(slots, list) and all(map(_is_slot, slots))


def _is_slot(slot: Any) -> bool:
    if not isinstance(slot, dict) or slot.get("day") not in DAYS:
        return False
    times: list[Any] = [slot.get("start"), slot.get("end")]
    return all(isinstance(bound, str) and _TIME.fullmatch(bound) for bound in times) and times[0] < times[1]
