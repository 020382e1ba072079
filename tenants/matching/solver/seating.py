"""All but some people in groups, in the first shape in which that is possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tenants.matching.solver.clash import Clash
from tenants.matching.solver.exact import MOST_PARTITIONS, best_partition, partitions
from tenants.matching.solver.forming import MEND_ROUNDS, mended, promoted
from tenants.matching.solver.model import Group, Recipe, Size
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.sizes import Shape, shapes
from tenants.matching.solver.task import Task

SHAPES = 12
"""Shapes that are tried by dealing and mending."""

HURRIED = 2, 4
"""Shapes that are tried in a hurry, and how often each."""


@dataclass(frozen=True)
class Placing:
    """A partition that keeps all rules: the ``group`` of each person (``shape.groups`` for none), with its ``value``
    where all partitions of the shape were tried. ``clash`` is why not everybody is placed; ``most`` whether it is
    certain that no more people can be."""

    shape: Shape
    group: I64
    value: float | None = None
    clash: Clash | None = None
    most: bool = True


def placed(task: Task, recipe: Recipe, left_over: int, seed: int, *, hurry: bool = False) -> Placing | None:
    """Place all but so many in the first shape for which a limited search finds how; None if for none. In a ``hurry``
    fewer shapes are tried, and less often. Raises OutOfTime."""
    if task.standing is not None:
        return next(going_on(task, left_over, seed), None)
    attempts, most_shapes, rounds = 0, SHAPES, MEND_ROUNDS
    if hurry:
        most_shapes, rounds = HURRIED
    for alike in possible(task, recipe, left_over):
        if partitions(task.people, alike[0]) <= MOST_PARTITIONS:
            tried = [(shape, best_partition(task, shape)) for shape in alike]
            exact = [(found.ranks, found.value, shape, found) for shape, found in tried if found is not None]
            if exact:
                *_, shape, best = max(exact, key=lambda each: each[:2])
                return Placing(shape, best.group, best.value)
            continue
        for shape in alike:
            attempts += 1
            group = mended(task, shape, (seed, shape.groups, shape.least), rounds=rounds)
            if group is not None:
                return Placing(shape, promoted(task, shape, group))
        if attempts >= most_shapes:
            break
    return None


def possible(task: Task, recipe: Recipe, left_over: int) -> Iterator[list[Shape]]:
    """Shapes of all but so many whose number of groups the counts of features allow."""
    numbers = countable(task, recipe.size, left_over)
    for alike in shapes(task.people - left_over, recipe.size):
        if alike[0].groups in numbers:
            yield alike


def countable(task: Task, size: Size, left_over: int) -> range:
    """Numbers of groups of all but so many that have enough, and room, for what must be in each and may be in each."""
    rules = task.compiled.arrays
    hard = rules.feature_price < 0
    held = np.bincount(rules.feature, minlength=len(rules.least))[hard]
    least, most = rules.least[hard], rules.most[hard]
    people = task.people - left_over
    low, high = max(1, -(-people // size.max)), people // size.min
    if ((most < 1) & (held > left_over)).any():
        return range(0)
    low = max([low, *(-(-(held - left_over) // np.maximum(most, 1))).tolist()])
    high = min([high, *(held[least > 0] // least[least > 0]).tolist()])
    return range(low, high + 1)


def as_placing(task: Task, groups: Sequence[Group]) -> Placing:
    """Groups that somebody else formed, as a placing."""
    group = np.full(task.people, len(groups), dtype=np.int64)
    for number, members in enumerate(groups):
        group[list(members)] = number
    sizes = [len(members) for members in groups]
    low, high = min(sizes), max(sizes)
    shape = Shape(sum(sizes), len(groups), low, high, low, high)
    return Placing(shape if task.standing is None else task.standing.matched(shape, groups), group)


def may_move(task: Task, found: Placing) -> bool:
    """Whether no more move than may."""
    return task.standing is None or len(task.moved(found.shape, found.group)) <= task.standing.limit


def going_on(task: Task, left_over: int, seed: int) -> Iterator[Placing]:
    """Place all but so many, going on from the groups that stand, with no more moves than may be: where moves have a
    price in the usual shape, and in any case in the shape for which the fewest were found to move."""
    if task.standing is not None:
        for usual in (True, False) if task.standing.rule.price is not None else (False,):
            found = fewest_moves(task, left_over, seed, usual=usual)
            if found is not None and may_move(task, found):
                yield found


def fewest_moves(task: Task, left_over: int, seed: int, *, usual: bool) -> Placing | None:
    """Of the groups found that go on from those that stand, in the ``usual`` shapes or in any, those in which the
    fewest move. Raises OutOfTime."""
    standing = task.standing
    if standing is None:
        return None
    best, fewest, attempts = None, task.people + 1, 0
    for shape in standing.shapes(task.people - left_over, usual=usual):
        if attempts >= SHAPES or (not usual and fewest <= standing.least_moves(shape)):
            break
        if shape.groups not in countable(task, standing.size, left_over):
            continue
        attempts += 1
        group = mended(task, shape, (seed, shape.groups, shape.least))
        if group is None:
            continue
        found = Placing(shape, promoted(task, shape, group))
        moved = len(task.moved(shape, found.group))
        if moved < fewest:
            best, fewest = found, moved
        if usual and moved <= standing.limit:
            break
    return best
