"""The best partition of a few people by looking at all of them, in the documented order of preference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from tenants.matching.solver.model import Group, Pool, Recipe
from tests.tenants.matching.checker import Checker, worth


@dataclass(frozen=True)
class Best:
    """``preference`` is what comes before the value, greater is better: people placed, nearness of the mean
    size, groups, evenness, the priority of those placed. ``value`` is the greatest of those that have it."""

    preference: tuple[float, ...]
    value: float


def partitions(people: tuple[int, ...], allowed: set[Group], waitlist: bool) -> Iterator[tuple[Group, ...]]:
    """All ways to put people into allowed groups; with a waitlist some of them into none."""
    if not people:
        yield ()
        return
    first, others = people[0], people[1:]
    if waitlist:
        yield from partitions(others, allowed, waitlist)
    for number in range(1, len(others) + 1):
        for partners in combinations(others, number):
            if (first, *partners) in allowed:
                rest = tuple(person for person in others if person not in partners)
                for more in partitions(rest, allowed, waitlist):
                    yield ((first, *partners), *more)


def priorities(pool: Pool, recipe: Recipe) -> list[int]:
    """The place of each person in the order of the priority, from 0; no value comes first."""
    if recipe.priority is None:
        return [0] * len(pool.ids)
    attribute = pool.attributes[recipe.priority]
    levels = list(attribute.levels or ())
    places = [
        float("-inf") if value is None else float(levels.index(value) if levels else value)
        for value in attribute.values
    ]
    return [sorted(set(places)).index(each) for each in places]


def preference(pool: Pool, recipe: Recipe, groups: tuple[Group, ...]) -> tuple[float, ...]:
    """What comes before the value, greater is better."""
    ranks, sizes = priorities(pool, recipe), [len(group) for group in groups]
    wished = (recipe.size.min + recipe.size.max) / 2 if recipe.size.target is None else recipe.size.target
    return (
        sum(sizes),
        -round(abs(sum(sizes) / len(sizes) - wished), 9),
        len(sizes),
        -max(1, max(sizes) - min(sizes)),
        sum(ranks[person] for group in groups for person in group),
    )


def best(pool: Pool, recipe: Recipe) -> Best | None:
    """The best of all partitions that keep every hard rule, None if there are none."""
    people, checker = range(len(pool.ids)), Checker(pool, recipe)
    allowed = {
        group
        for size in range(recipe.size.min, min(recipe.size.max, len(people)) + 1)
        for group in combinations(people, size)
        if not checker.broken(group)
    }
    known = {group: (checker.group_value(group), checker.owed(group)) for group in allowed}
    found: Best | None = None
    for groups in partitions(tuple(people), allowed, recipe.waitlist):
        if not groups:
            continue
        preferred = preference(pool, recipe, groups)
        if found and preferred < found.preference:
            continue
        values, owing = zip(*(known[group] for group in groups), strict=True)
        value = worth(recipe.emphasis, [len(group) for group in groups], values, sum(owing))
        if not found or (preferred, value) > (found.preference, found.value):
            found = Best(preferred, value)
    return found
