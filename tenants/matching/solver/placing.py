"""Who is placed and in what shape: the first partition that keeps all hard rules, by the order of preference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tenants.matching.solver.clash import Clash, Infeasible, Part, Relaxation
from tenants.matching.solver.exact import MOST_PARTITIONS, best_partition, partitions
from tenants.matching.solver.feasibility import arithmetic_clash, clash, placing
from tenants.matching.solver.feasibility.demands import counted
from tenants.matching.solver.forming import mended, promoted
from tenants.matching.solver.model import Group, Pool, Recipe
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.sizes import Shape, shapes
from tenants.matching.solver.task import OutOfTime, Task

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

    Raises Infeasible with what clashes if not everybody can be placed and there is no waitlist, or nobody at all, or
    not in the time of the task.
    """
    if task.people < recipe.size.min:
        raise Infeasible(_too_few(task.people, recipe))
    try:
        return _first_placing(task, pool, recipe, seed)
    except OutOfTime:
        raise Infeasible(_nothing_found(recipe)) from None


def _first_placing(task: Task, pool: Pool, recipe: Recipe, seed: int) -> Placing:
    found = arithmetic_clash(pool, recipe, start=task.start)
    if found is None:
        everybody = _placed(task, recipe, 0, seed)
        if everybody is not None:
            return everybody
        groups = placing(pool, recipe, start=task.start)
        if groups is not None and _may_move(task, dealt := as_placing(task, groups)):
            return dealt
        found = clash(pool, recipe, start=task.start) or _too_many_move(task, seed)
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


def _too_many_move(task: Task, seed: int) -> Clash | None:
    """Why groups cannot be kept, where more would have to move than may."""
    standing, found = task.standing, _fewest_moves(task, 0, seed, usual=False)
    if standing is None or found is None or standing.rule.max is None:
        return None
    moved, most = len(task.moved(found.shape, found.group)), standing.rule.max
    said = f"at most {counted(most, 'person', 'people')} may leave their group"
    needed = min(map(standing.least_moves, standing.shapes(task.people, usual=False)))
    return Clash(
        (Part(standing.place, said),),
        f"Groups that keep all rules were found only where {counted(moved, 'person', 'people')} leave their "
        f"group; {most} may.",
        (Relaxation(standing.place, f"let {moved} leave their group", moved - most),),
        proven=needed > most,
    )


def _may_move(task: Task, found: Placing) -> bool:
    return task.standing is None or len(task.moved(found.shape, found.group)) <= task.standing.limit


def going_on(task: Task, left_over: int, seed: int) -> Iterator[Placing]:
    """Place all but so many, going on from the groups that stand, with no more moves than may be: where moves have a
    price in the usual shape, and in any case in the shape for which the fewest were found to move."""
    if task.standing is not None:
        for usual in (True, False) if task.standing.rule.price is not None else (False,):
            found = _fewest_moves(task, left_over, seed, usual=usual)
            if found is not None and _may_move(task, found):
                yield found


def _fewest_moves(task: Task, left_over: int, seed: int, *, usual: bool) -> Placing | None:
    standing = task.standing
    if standing is None:
        return None
    best, fewest, attempts = None, task.people + 1, 0
    for shape in standing.shapes(task.people - left_over, usual=usual):
        if attempts >= SHAPES or (not usual and fewest <= standing.least_moves(shape)):
            break
        if not _countable(task, shape.groups, left_over):
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
    try:
        return next((placing for placing in found if placing is not None), None)
    except OutOfTime:
        return None


def _placed(task: Task, recipe: Recipe, left_over: int, seed: int) -> Placing | None:
    """Place all but so many in the first shape in which that is possible."""
    if task.standing is not None:
        return next(going_on(task, left_over, seed), None)
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
    for alike in shapes(task.people - left_over, recipe.size):
        if _countable(task, alike[0].groups, left_over):
            yield alike


def _countable(task: Task, groups: int, left_over: int) -> bool:
    """Whether as many groups have enough, and room, for what must be in each and may be in each."""
    rules = task.compiled.arrays
    held = np.bincount(rules.feature, minlength=len(rules.least))
    enough = held >= rules.least * groups
    room = held - left_over <= rules.most * groups
    return bool((enough & room)[rules.feature_price < 0].all())


def as_placing(task: Task, groups: Sequence[Group]) -> Placing:
    """Groups that somebody else formed, as a placing."""
    group = np.full(task.people, len(groups), dtype=np.int64)
    for number, members in enumerate(groups):
        group[list(members)] = number
    sizes = [len(members) for members in groups]
    low, high = min(sizes), max(sizes)
    shape = Shape(sum(sizes), len(groups), low, high, low, high)
    return Placing(shape if task.standing is None else task.standing.matched(shape, groups), group)
