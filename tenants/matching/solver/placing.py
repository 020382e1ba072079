"""Who is placed and in what shape: the first partition that keeps all hard rules, by the order of preference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from tenants.matching.solver.exact import MOST_PARTITIONS, best_partition, partitions
from tenants.matching.solver.feasibility import arithmetic_clash, clash, placing
from tenants.matching.solver.forming import mended, promoted
from tenants.matching.solver.model import Clash, Group, Infeasible, Part, Pool, Recipe
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.sizes import Shape, shapes
from tenants.matching.solver.task import Task

SHAPES = 12
"""Shapes that are tried by dealing and mending, before exact means are."""

ONE_BY_ONE = 12
STEPS_BACK = 8
"""People left over up to whom every number is tried, and how many numbers before the first that works."""


@dataclass(frozen=True)
class Placing:
    """A partition that keeps all rules: the ``group`` of each person (``shape.groups`` for none); ``proven``
    with its ``value`` where all partitions of the shape were tried. ``clash`` is why not everybody is placed."""

    shape: Shape
    group: I64
    value: float | None = None
    clash: Clash | None = None

    @property
    def proven(self) -> bool:
        """Whether no partition of the shape is worth more."""
        return self.value is not None


def first_placing(task: Task, pool: Pool, recipe: Recipe, seed: int) -> Placing:
    """Place everybody, or as many as possible where the recipe has a waitlist.

    Raises Infeasible with what clashes if not everybody can be placed and there is no waitlist, or nobody at all.
    """
    if task.people < recipe.size.min:
        raise Infeasible(_too_few(task.people, recipe))
    found = arithmetic_clash(pool, recipe, start=task.start)
    if found is None:
        everybody = _placed(task, recipe, 0, seed)
        if everybody is not None:
            return everybody
        groups = placing(pool, recipe, start=task.start)
        if groups is not None:
            return _as_placing(groups, task.people)
        found = clash(pool, recipe, start=task.start)
    some = _most_placed(task, recipe, seed) if recipe.waitlist else None
    if some is None:
        raise Infeasible(found or _nothing_found(recipe))
    return replace(some, clash=found)


def _too_few(people: int, recipe: Recipe) -> Clash:
    said = f"There are {people} people, fewer than the smallest group of {recipe.size.min}."
    return Clash((Part(None, said, tuple(range(people))),), said)


def _nothing_found(recipe: Recipe) -> Clash:
    return Clash(
        (),
        f"No groups of {recipe.size.min} to {recipe.size.max} people that keep all rules were found in a limited "
        "search; it is not proved that there are none.",
        proven=False,
    )


def _most_placed(task: Task, recipe: Recipe, seed: int) -> Placing | None:
    """Leave over as few as a limited search can.

    Whether the rest can be placed does not simply improve with the number left over, so in small pools all
    numbers are tried in turn; in others more and more at a time, then the last few steps one by one.
    """
    most = task.people - recipe.size.min
    tried, left, step = 0, 0, 1
    while left < most:
        tried, left = left, min(most, left + step)
        found = _placed(task, recipe, left, seed)
        if found is not None:
            return _fewer_left(task, recipe, seed, range(max(tried + 1, left - STEPS_BACK), left)) or found
        if left >= ONE_BY_ONE:
            step *= 2
    return None


def _fewer_left(task: Task, recipe: Recipe, seed: int, numbers: Iterable[int]) -> Placing | None:
    found = (_placed(task, recipe, left, seed) for left in numbers)
    return next((placing for placing in found if placing is not None), None)


def _placed(task: Task, recipe: Recipe, left_over: int, seed: int) -> Placing | None:
    """Place all but so many in the first shape in which that is possible."""
    attempts = 0
    for alike in _possible(task, recipe, left_over):
        if partitions(task.people, alike[0]) <= MOST_PARTITIONS:
            tried = [(shape, best_partition(task, shape)) for shape in alike]
            exact = [(found.ranks, found.value, shape, found) for shape, found in tried if found is not None]
            if exact:
                *_, shape, best = max(exact, key=lambda each: each[:2])
                return Placing(shape, best.group, best.value)
            continue
        for shape in alike:
            attempts += 1
            group = mended(task, shape, (seed, shape.groups, shape.least))
            if group is not None:
                return Placing(shape, promoted(task, shape, group))
        if attempts >= SHAPES:
            break
    return None


def _possible(task: Task, recipe: Recipe, left_over: int) -> Iterator[list[Shape]]:
    """Shapes whose number of groups the counts of features allow."""
    rules = task.compiled.arrays
    held = np.bincount(rules.feature, minlength=len(rules.least))
    hard = rules.feature_price < 0
    for alike in shapes(task.people - left_over, recipe.size):
        groups = alike[0].groups
        enough = held >= rules.least * groups
        room = held - left_over <= rules.most * groups
        if (enough & room)[hard].all():
            yield alike


def _as_placing(groups: list[Group], people: int) -> Placing:
    group = np.full(people, len(groups), dtype=np.int64)
    for number, members in enumerate(groups):
        group[list(members)] = number
    sizes = [len(members) for members in groups]
    low, high = min(sizes), max(sizes)
    return Placing(Shape(sum(sizes), len(groups), low, high, low, high), group)
