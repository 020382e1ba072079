"""From a shape to groups that keep all rules: dealing people out, then mending what that broke."""

from __future__ import annotations

import numpy as np

from tenants.matching.solver.search.annealing import Island
from tenants.matching.solver.search.board import Aim, Land
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.task import Task

MEND_SWEEPS = 40
MEND_ROUNDS = 12
"""Sweeps at falling heat in which violations must vanish, and how often that is tried again."""


def dealt(land: Land, shape: Shape, rng: np.random.Generator) -> I64 | None:
    """The group of each person, at random in the shape, units whole; the bench is number ``shape.groups``.
    None if units do not fit in."""
    n = len(land.unit_of)
    low, rest = divmod(shape.placed, shape.groups)
    room = np.full(shape.groups, low, dtype=np.int64)
    room[rng.permutation(shape.groups)[:rest]] += 1
    room = np.append(room, n - shape.placed)
    group = np.full(n, -1, dtype=np.int64)
    units = np.split(land.unit, land.unit_start[1:-1]) if len(land.unit) else []
    seated = np.zeros(shape.groups + 1, dtype=np.int64)
    for unit in sorted(units, key=len, reverse=True):
        fits = np.flatnonzero(room >= len(unit))
        if not len(fits):
            return None
        # Groups without a unit first, then those with most room; the bench last of all.
        chosen = fits[np.lexsort((-room[fits], seated[fits], fits == shape.groups))[0]]
        group[unit] = chosen
        room[chosen] -= len(unit)
        seated[chosen] += 1
    alone = rng.permutation(np.flatnonzero(group < 0))
    alone = alone[np.argsort(land.rank[alone], kind="stable")]
    benched, others = alone[: room[-1]], alone[room[-1] :]
    group[benched] = shape.groups
    group[rng.permutation(others)] = np.repeat(np.arange(shape.groups), room[:-1])
    return group


def mended(task: Task, shape: Shape, seed: tuple[int, ...]) -> I64 | None:
    """Groups of a shape that keep all hard rules, or None when a limited search found none."""
    rng = np.random.default_rng(seed)
    # Who is left over is for the rules alone to say as long as they are broken.
    land = land_for(task, shape)._replace(rank=np.zeros(task.people, dtype=np.int64))
    for attempt in range(MEND_ROUNDS):
        group = dealt(land._replace(rank=task.rank), shape, rng)
        if group is None:
            return None
        island = Island(land, Aim(share=0.0), group, (*seed, attempt))
        heats = 0.5 * 0.1 ** np.linspace(0, 1, MEND_SWEEPS)
        island.cool(heats, np.ones(MEND_SWEEPS, dtype=np.int64))
        if island.best_value[0] > -np.inf:
            return island.best
    return None


def land_for(task: Task, shape: Shape) -> Land:
    """What the search needs to know to place everybody in groups of a shape."""
    least = np.full(shape.groups, shape.least, dtype=np.int64)
    most = np.full(shape.groups, shape.most, dtype=np.int64)
    return task.land(np.arange(task.people), least, most)


def promoted(task: Task, shape: Shape, group: I64) -> I64:
    """The same groups, after everybody who waits has taken the place of somebody of lower rank, where the
    rules allow it; the highest rank first, in the place of the lowest. Who moves as one stays."""
    group = group.copy()
    joined = {person for unit in task.compiled.units for person in unit}
    members = [np.flatnonzero(group == g).tolist() for g in range(shape.groups)]
    waiting = [p for p in np.flatnonzero(group == shape.groups).tolist() if p not in joined]
    while waiting:
        person = max(waiting, key=lambda each: (task.rank[each], -each))
        waiting.remove(person)
        lower = np.flatnonzero((group < shape.groups) & (task.rank < task.rank[person]))
        for other in lower[np.argsort(task.rank[lower], kind="stable")].tolist():
            g = int(group[other])
            changed = [person if member == other else member for member in members[g]]
            if other not in joined and task.breaches(tuple(changed))[0] == 0:
                members[g] = changed
                group[person], group[other] = g, shape.groups
                waiting.append(other)
                break
    return group
