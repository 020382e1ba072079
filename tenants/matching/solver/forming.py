"""From a shape to groups that keep all rules: dealing people out, then mending what that broke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tenants.matching.solver.block import as_groups, as_tuples
from tenants.matching.solver.blocks import WHOLE, Blocks
from tenants.matching.solver.model import Group
from tenants.matching.solver.search.annealing import Island
from tenants.matching.solver.search.board import Aim
from tenants.matching.solver.search.rules import F64, I64
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.task import Layout, OutOfTime, Task

MEND_ROUNDS = 12
MEND_HEATS = np.geomspace(0.5, 0.05, 40)
"""How often at most groups are dealt anew, and the falling heat of the sweeps in which violations must vanish; a
violation weighs 1."""

REPAIR_HEATS = (np.full(40, 0.03), np.geomspace(0.1, 0.03, 100), np.geomspace(0.4, 0.03, 300))
HOMESICK = 0.4
"""Where groups stand: cold at first, so that only what is broken stirs, then hotter, the last as often as needed; and
what a move weighs beside a violation."""

MENDED_BLOCKS = 12
"""Rounds in which a large pool is mended block by block."""


def dealt(
    shape: Shape, layout: Layout, units: Sequence[Group | I64], rank: I64, rng: np.random.Generator
) -> I64 | None:
    """The group of each person, at home where there is room and else at random, units whole, lower ranks on the
    bench, which is number ``shape.groups``. None if units or sizes do not fit in."""
    room = _room(shape, layout, rng)
    if room is None:
        return None
    room = np.append(room, len(rank) - shape.placed)
    group = np.full(len(rank), -1, dtype=np.int64)
    seated = np.zeros(shape.groups + 1, dtype=np.int64)
    for unit in sorted(units, key=len, reverse=True):
        fits = np.flatnonzero(room >= len(unit))
        if not len(fits):
            return None
        at_home = (layout.home[list(unit)] == fits[:, None]).sum(axis=1)
        # Home, then groups without a unit, then those with most room; the bench last of all.
        chosen = fits[np.lexsort((-room[fits], seated[fits], -at_home, fits == shape.groups))[0]]
        group[list(unit)] = chosen
        room[chosen] -= len(unit)
        seated[chosen] += 1
    alone = rng.permutation(np.flatnonzero(group < 0))
    alone = alone[np.argsort(rank[alone], kind="stable")]
    benched, others = alone[: room[-1]], rng.permutation(alone[room[-1] :])
    group[benched] = shape.groups
    for person in others[(layout.home[others] >= 0) & (layout.home[others] < shape.groups)].tolist():
        home = layout.home[person]
        if room[home]:
            group[person] = home
            room[home] -= 1
    group[others[group[others] < 0]] = np.repeat(np.arange(shape.groups), room[:-1])
    return group


def _room(shape: Shape, layout: Layout, rng: np.random.Generator) -> I64 | None:
    """The size of each group to begin with: its own where people are at home, else about equal."""
    at_home = layout.home[(layout.home >= 0) & (layout.home < shape.groups)]
    if not len(at_home):
        low, rest = divmod(shape.placed, shape.groups)
        size = np.full(shape.groups, low, dtype=np.int64)
        size[rng.permutation(shape.groups)[:rest]] += 1
        return size
    size = np.clip(np.bincount(at_home, minlength=shape.groups), layout.least, layout.most)
    if not layout.least.sum() <= shape.placed <= layout.most.sum():
        return None
    while size.sum() < shape.placed:
        free = np.flatnonzero(size < layout.most)
        size[free[np.argmin(size[free])]] += 1
    while size.sum() > shape.placed:
        spare = np.flatnonzero(size > layout.least)
        size[spare[np.argmax(size[spare])]] -= 1
    return size


def mended(task: Task, shape: Shape, seed: tuple[int, ...], *, rounds: int = MEND_ROUNDS) -> I64 | None:
    """Groups of a shape that keep all hard rules, or None when so many ``rounds`` of a limited search found none.

    Where groups stand, as few as that search could reach move. Raises OutOfTime.
    """
    rng, standing = np.random.default_rng(seed), task.standing
    layout = replace(task.layout(shape), leave=task.people)
    heats: Sequence[F64] = (MEND_HEATS,)
    if standing is not None:
        layout, heats = replace(layout, loyalty=HOMESICK), REPAIR_HEATS
    best, fewest = None, task.people + 1
    for attempt in range(rounds):
        group = dealt(shape, layout, task.compiled.units, task.rank, rng)
        if group is None:
            return None
        if standing is not None and _as_good_as_can_be(task, shape, group):
            return group
        group, kept = cooled(task, layout, group, heats[min(attempt, len(heats) - 1)], (*seed, attempt))
        found = group if kept else None
        moved = task.people + 1 if found is None else len(task.moved(shape, found))
        if moved < fewest:
            best, fewest = found, moved
        if best is not None and (standing is None or fewest <= standing.least_moves(shape)):
            break
        if standing is not None and attempt + 1 >= len(heats) and fewest <= standing.limit:
            break
        if task.late:
            break
    if best is None and task.late:
        raise OutOfTime
    return best


def _as_good_as_can_be(task: Task, shape: Shape, group: I64) -> bool:
    """Whether nobody moves who need not, and no group breaks a rule as it is."""
    standing = task.standing
    if standing is None or len(task.moved(shape, group)) > standing.least_moves(shape):
        return False
    groups = as_tuples(as_groups(group, shape.groups))
    return not any(task.breaches(members)[0] for members in groups)


def cooled(task: Task, layout: Layout, group: I64, heats: F64, seed: tuple[int, ...]) -> tuple[I64, bool]:
    """Groups that break less, for whatever value, and whether they keep all hard rules."""
    # Who is left over is for the rules alone to say as long as they are broken.
    aim, equal = Aim(share=0.0), np.zeros(task.people, dtype=np.int64)
    if task.people > WHOLE:
        blocks = Blocks(replace(task, rank=equal), layout, group, seed, scored=False)
        found = blocks.mend(heats, MENDED_BLOCKS)
        return blocks.group if found is None else found, found is not None
    land = task.land(np.arange(task.people), layout)._replace(rank=equal)
    island = Island(land, aim, group, seed)
    island.cool(heats)
    kept = bool(island.best_value[0] > -np.inf)
    return island.best if kept else island.board.group[: task.people].copy(), kept


def promoted(task: Task, shape: Shape, group: I64) -> I64:
    """The same groups, after everybody who waits has taken the place of somebody of lower rank, where the
    rules allow it; the highest rank first, in the place of the lowest. Who moves as one stays."""
    group = group.copy()
    joined = {person for unit in task.compiled.units for person in unit}
    members = [each.tolist() for each in as_groups(group, shape.groups)]
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
