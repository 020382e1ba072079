"""Whom to leave over where not everybody can be placed: as few people as a limited search finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from tenants.matching.solver.block import as_groups, as_tuples
from tenants.matching.solver.forming import MEND_HEATS, cooled, dealt, promoted
from tenants.matching.solver.model import Group, Recipe
from tenants.matching.solver.seating import Placing, as_placing, countable, may_move, placed, possible
from tenants.matching.solver.sizes import Shape, shapes
from tenants.matching.solver.task import OutOfTime, Task

ONE_BY_ONE = 12
STEPS_BACK = 8
"""How many numbers of people left over are tried in turn, and how many before the first of the others that works."""

TRIES = 200_000
"""Groups that are tried, at most, for those who are left over: a second or two."""


def most_placed(
    task: Task, recipe: Recipe, seed: int, exact: Sequence[Group], proven: bool
) -> Placing | None:
    """Leave over as few as a limited search can; None if it finds no group at all.

    ``exact`` are groups that leave few people over, none if none were found; ``proven`` whether none leave fewer.
    """
    if proven and not exact:
        return None
    fewest, known = 1, [_salvaged(task, recipe, seed)]
    if exact:
        known.append(as_placing(task, exact))
        fewest = task.people - sum(map(len, exact)) if proven else 1
    best = _in_turn(task, recipe, seed, fewest, _better(task, *known))
    if best is None:
        return None
    return with_more(task, recipe, replace(best, most=proven and task.people - best.shape.placed == fewest))


def _better(task: Task, *known: Placing | None) -> Placing | None:
    """The one with most people of those in which no more move than may; of equals the first."""
    may = [each for each in known if each is not None and may_move(task, each)]
    return max(may, key=lambda each: each.shape.placed, default=None)


def _in_turn(task: Task, recipe: Recipe, seed: int, fewest: int, best: Placing | None) -> Placing | None:
    """The best, or better: whether the rest can be placed does not simply improve with the number left over, so of
    those that counts allow all are tried in turn and, of many, more and more at a time, then the last few."""
    most = task.people - recipe.size.min
    numbers = range(fewest, most + 1)
    first = next((left for left in numbers if countable(task, recipe.size, left)), most + 1)
    tried, left, step = first - 1, first, 1
    while left <= min(most, task.people - (best.shape.placed if best else 0)) and not task.late:
        best = _better(task, best, _salvaged(task, recipe, seed, left))
        found = _placed(task, recipe, seed, [left])
        if found is not None:
            return _placed(task, recipe, seed, range(max(tried + 1, left - STEPS_BACK), left)) or found
        if left - first >= ONE_BY_ONE:
            step *= 2
        tried, left = left, left + step
    return best


def _placed(task: Task, recipe: Recipe, seed: int, numbers: Iterable[int]) -> Placing | None:
    """All but the first of these numbers that works, if any does in time."""
    found = (placed(task, recipe, left, seed, hurry=True) for left in numbers)
    try:
        return next((each for each in found if each is not None), None)
    except OutOfTime:
        return None


def _salvaged(task: Task, recipe: Recipe, seed: int, left_over: int = 0) -> Placing | None:
    """What is left of groups that break rules, when those who break them have left and others have joined."""
    shape = _any_shape(task, recipe, left_over)
    if shape is None:
        return None
    layout = replace(task.layout(shape), leave=task.people)
    group = dealt(shape, layout, task.compiled.units, task.rank, np.random.default_rng(seed))
    if group is None:
        return None
    group, _ = cooled(task, layout, group, MEND_HEATS, (seed, shape.groups))
    kept = [_kept(task, recipe, members) for members in as_tuples(as_groups(group, shape.groups))]
    groups = [members for members in kept if members]
    if not groups:
        return None
    found = as_placing(task, _joined(task, recipe, groups))
    return replace(found, group=promoted(task, found.shape, found.group))


def _any_shape(task: Task, recipe: Recipe, left_over: int) -> Shape | None:
    """Of so many left over, or more if there is no shape of these; above 0 only one that counts allow."""
    if left_over:
        shape = next((alike[0] for alike in possible(task, recipe, left_over)), None)
    else:
        some = (shapes(people, recipe.size) for people in range(task.people, 0, -1))
        shape = next(alike[0] for each in some for alike in each)
    if shape is not None and task.standing is not None:
        return next(task.standing.shapes(shape.placed, usual=False))
    return shape


def _kept(task: Task, recipe: Recipe, members: Group) -> Group:
    """Those of a group who keep all rules when others have left it; nobody if too few do."""
    while len(members) >= recipe.size.min:
        if not task.breaches(members)[0]:
            return members
        without = [tuple(p for p in members if p not in unit) for unit in map(set, task.units(members))]
        members = min(filter(None, without), key=lambda each: task.breaches(each)[0], default=())
    return ()


def with_more(task: Task, recipe: Recipe, placing: Placing) -> Placing:
    """The same with everybody who is left over and can join a group as it is; whether there are any is tried a limited
    number of times."""
    if placing.most:
        return placing
    groups = _joined(task, recipe, as_tuples(as_groups(placing.group, placing.shape.groups)))
    more = as_placing(task, groups)
    if more.shape.placed == placing.shape.placed:
        return placing
    return replace(more, clash=placing.clash, most=False)


def _joined(task: Task, recipe: Recipe, groups: Sequence[Group]) -> list[Group]:
    """The groups with those who are in none and can join one, the highest rank first."""
    grown, tries = list(groups), 0
    inside = {person for members in groups for person in members}
    outside = [person for person in range(task.people) if person not in inside]
    for unit in sorted(task.units(outside), key=lambda unit: -int(task.rank[list(unit)].min())):
        for number, members in enumerate(grown):
            if len(members) + len(unit) > recipe.size.max:
                continue
            tries += 1
            if tries > TRIES:
                return grown
            if not task.breaches((*members, *unit))[0]:
                grown[number] = tuple(sorted((*members, *unit)))
                break
    return grown
