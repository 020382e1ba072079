"""Who is placed and in what shape: the first partition that keeps all hard rules, by the order of preference."""

from __future__ import annotations

import time
from dataclasses import replace

from tenants.matching.solver.clash import Clash, Infeasible, Part, Relaxation
from tenants.matching.solver.feasibility import clash, fewest_left, placing, refuted
from tenants.matching.solver.feasibility.demands import counted
from tenants.matching.solver.leaving import most_placed
from tenants.matching.solver.model import Group, Pool, Recipe
from tenants.matching.solver.packing import TooMany, most_packed
from tenants.matching.solver.seating import Placing, as_placing, fewest_moves, may_move, placed
from tenants.matching.solver.task import OutOfTime, Task

IN_FULL, AT_LEAST = 240.0, 0.04
"""Seconds left for which the counting model may make all its effort, and the part of it that it makes in any case."""


def first_placing(task: Task, pool: Pool, recipe: Recipe, seed: int) -> Placing:
    """Place everybody, or as many as possible where the recipe has a waitlist.

    Raises Infeasible with what clashes if not everybody can be placed and there is no waitlist, or nobody at all, or
    not in the time of the task.
    """
    if task.people < recipe.size.min:
        raise Infeasible(_too_few(task.people, recipe))
    everybody = _everybody(task, pool, recipe, seed)
    if everybody is not None:
        return everybody
    some = None
    if recipe.waitlist:
        some = most_placed(task, recipe, seed, *_fewest_left(task, pool, recipe))
        if some is not None and some.shape.placed == task.people:
            return some
    found = (
        clash(pool, recipe, effort=_effort(task), start=task.start)
        or _too_many_move(task, seed)
        or _nothing_found(recipe)
    )
    if some is None:
        raise Infeasible(found)
    return replace(some, clash=found)


def _everybody(task: Task, pool: Pool, recipe: Recipe, seed: int) -> Placing | None:
    if refuted(pool, recipe, start=task.start):
        return None
    try:
        found = placed(task, recipe, 0, seed)
    except OutOfTime:
        return None
    if found is None:
        groups = placing(pool, recipe, effort=_effort(task), start=task.start)
        found = None if groups is None else as_placing(task, groups)
    return found if found is not None and may_move(task, found) else None


def _fewest_left(task: Task, pool: Pool, recipe: Recipe) -> tuple[list[Group], bool]:
    """Groups that leave over few people, by exact means, and whether it is certain that none leave fewer."""
    try:
        return most_packed(task, recipe.size, effort=_effort(task))
    except TooMany:
        return fewest_left(pool, recipe, effort=_effort(task), start=task.start)


def _effort(task: Task) -> float:
    return min(1.0, max(AT_LEAST, (task.deadline - time.monotonic()) / IN_FULL))


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
    standing = task.standing
    try:
        found = fewest_moves(task, 0, seed, usual=False)
    except OutOfTime:
        return None
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
