"""Three plain ways to form groups, to see what the search is worth: at random, greedily, by exchanges alone.

Each forms groups of the shape that :func:`~tenants.matching.solver.solve` decides on, of the people whom it
places first, and starts anew until its budget is spent; the best groups that keep all hard rules count. They
run on as many threads as the search has islands, compiled as the search is.

**random**  deals people out and, where that breaks rules, mends that and nothing else.
**greedy**  lets people drawn at random open a group each, then puts the others in random order each where the
            rules suffer least and, of such groups, where the sum of members' affinity grows most.
**swap**    begins as random does and takes the first change for the better that it finds, nearly always an
            exchange of two people, until there is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np

from tenants.matching.solver.block import as_groups, as_tuples
from tenants.matching.solver.compiled import compiled
from tenants.matching.solver.forming import MEND_HEATS, MEND_ROUNDS, dealt
from tenants.matching.solver.hours import START
from tenants.matching.solver.model import Group, Pool, Recipe
from tenants.matching.solver.placing import first_placing
from tenants.matching.solver.search.annealing import ISLANDS, Island, aim_of
from tenants.matching.solver.search.board import Aim, Land, Wish, new_board, recount
from tenants.matching.solver.search.rules import F64, I64, Scratch, scratch_for, violations
from tenants.matching.solver.search.sweeps import value_of
from tenants.matching.solver.seating import Placing
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.solve import task_of
from tenants.matching.solver.task import MATRIX_LIMIT, Layout, Task
from tenants.matching.solver.validation import validate

NAMES = ("random", "greedy", "swap")

PART = 1500
"""Above MATRIX_LIMIT people groups are drawn into parts of about so many people, each of which is formed anew
by itself, in its share of the time: all pairs do not fit into memory."""


@dataclass(frozen=True)
class Baseline:
    """What a plain way reached: its ``name``, and the ``value`` of its best ``groups`` as solve() defines it;
    None, and no groups, where it found none that keep all hard rules."""

    name: str
    value: float | None
    groups: tuple[Group, ...] = field(default=(), repr=False)


def baselines(
    pool: Pool,
    recipe: Recipe,
    *,
    seed: int,
    seconds: float | None,
    rounds: int | None = None,
    start: date = START,
) -> tuple[Baseline, ...]:
    """What groups at random, greedy ones and ones by exchanges alone are worth, in this order.

    ``seconds``  for each of the three, beside the time in which the shape is decided on.
    ``rounds``   starts of each on each thread, at most; without ``seconds`` equal arguments give equal results.
    ``start``    as solve() takes it.

    Raises InvalidRecipe, InvalidPool and Infeasible as solve() does, ValueError without a budget.
    """
    if (seconds is None and rounds is None) or (rounds is not None and rounds < 1):
        raise ValueError("seconds, or rounds of 1 or more, must be given")
    validate(pool, recipe)
    task = task_of(pool, recipe, start)
    placing = first_placing(task, pool, recipe, seed)
    parts = _parts(placing, task.people, seed)
    budget = _Budget(seconds, rounds, seed)
    return tuple(_reached(task, placing, parts, name, budget) for name in NAMES)


@dataclass(frozen=True)
class _Budget:
    seconds: float | None
    rounds: int | None
    seed: int

    def deadline(self, parts: int) -> float:
        """When a part that begins now has to be done."""
        return float("inf") if self.seconds is None else time.monotonic() + self.seconds / parts


def _parts(placing: Placing, people: int, seed: int) -> list[list[I64]]:
    """The groups of the first placing: all together, or in parts where all would be too many."""
    groups = as_groups(placing.group, placing.shape.groups)
    if people <= MATRIX_LIMIT:
        return [groups]
    order = np.random.default_rng((seed, 0)).permutation(len(groups))
    number = max(1, round(placing.shape.placed / PART))
    return [[groups[g] for g in chosen] for chosen in np.array_split(order, number)]


def _reached(task: Task, placing: Placing, parts: list[list[I64]], name: str, budget: _Budget) -> Baseline:
    """The best groups of all parts together."""
    whole, groups = placing.shape, list[Group]()
    aim = aim_of(task.emphasis, whole.placed)
    for part in parts:
        deadline = budget.deadline(len(parts))
        people = np.sort(np.concatenate(part))
        least = np.full(len(part), whole.least, dtype=np.int64)
        most = np.full(len(part), whole.most, dtype=np.int64)
        layout = Layout(least, most, np.full(len(people), -1, dtype=np.int64), 0.0, len(people))
        shape = Shape(len(people), len(part), whole.least, whole.most, whole.lowest, whole.highest)
        way_of = partial(_Way, task.land(people, layout), shape, aim)
        group = _best(way_of, name, budget, deadline)
        if group is None:
            return Baseline(name, None)
        groups += as_tuples([people[members] for members in as_groups(group, shape.groups)])
    if any(task.breaches(group)[0] > 0 for group in groups):
        return Baseline(name, None)
    groups.sort()
    return Baseline(name, task.value(groups, task.means(groups)), tuple(groups))


def _best(
    way_of: Callable[[tuple[int, ...]], _Way], name: str, budget: _Budget, deadline: float
) -> I64 | None:
    """The best groups of all starts on all threads; of equals the first thread's."""

    def starts(thread: int) -> tuple[float, I64 | None]:
        way = way_of((budget.seed, NAMES.index(name), thread))
        most, best, done = -np.inf, None, 0
        while done == 0 or (time.monotonic() < deadline and done != budget.rounds):
            done += 1
            group = way.groups(name, deadline)
            value = -np.inf if group is None else way.value(group)
            if value > most:
                most, best = value, group
        return most, best

    with ThreadPoolExecutor(ISLANDS) as threads:
        found = list(threads.map(starts, range(ISLANDS)))
    return max(found, key=lambda each: each[0])[1]


class _Way:
    """One thread's way to form groups of a shape, everybody in one."""

    def __init__(self, land: Land, shape: Shape, aim: Aim, seed: tuple[int, ...]) -> None:
        self.land, self.shape, self.aim = land, shape, aim
        self.rng = np.random.default_rng(seed)
        self.island = Island(land, aim, np.zeros(len(land.unit_of), dtype=np.int64), seed)
        self.scratch = scratch_for(land.rules)
        self.layout = Layout(land.least, land.most, land.home, land.loyalty, land.leave)
        self.units = np.split(land.unit, land.unit_start[1:-1]) if len(land.unit) else []

    def groups(self, name: str, deadline: float) -> I64 | None:
        """The group of each person after one start, None if that breaks rules."""
        if name == "greedy":
            return self.greedy()
        group = self.random()
        return group if group is None or name == "random" else self.swapped(group, deadline)

    def value(self, group: I64) -> float:
        """What is climbed: -inf if a hard rule is broken."""
        wish, board = Wish(self.aim.share), new_board(self.land, group)
        recount(self.land, board, wish)
        return float(value_of(self.land, board, wish, self.aim.emphasis))

    def sweep(self, heat: float) -> None:
        """Give everybody a chance to change places."""
        self.island.cool(np.full(1, heat))

    def put(self, group: I64, aim: Aim) -> None:
        """Begin to climb from here."""
        self.island.aim, self.island.board = aim, new_board(self.land, group)
        self.island.best, self.island.best_value = group.copy(), np.array([-np.inf])

    def random(self) -> I64 | None:
        """Everybody dealt out, and moved as long as rules are broken."""
        for _ in range(MEND_ROUNDS):
            group = dealt(self.shape, self.layout, self.units, self.land.rank, self.rng)
            if group is None or not self.land.rules.any:
                return group
            self.put(group, Aim(share=0.0))
            for heat in MEND_HEATS:
                self.sweep(heat)
                if self.island.best_value[0] > -np.inf:
                    return self.island.best
        return None

    def swapped(self, group: I64, deadline: float) -> I64:
        """The same groups after every change for the better, or after those for which there was time."""
        self.put(group, self.aim)
        value = self.value(group)
        while time.monotonic() < deadline:
            self.sweep(0.0)
            if not self.island.best_value[0] > value:
                break
            value = float(self.island.best_value[0])
        return self.island.best

    def greedy(self) -> I64 | None:
        """Everybody where it is best at the time, those who move as one first."""
        land, n = self.land, len(self.land.unit_of)
        alone = self.rng.permutation(np.flatnonzero(land.unit_of < 0))
        starts = np.concatenate([land.unit_start, land.unit_start[-1] + 1 + np.arange(len(alone))])
        group, k = np.full(n, -1, dtype=np.int64), self.shape.groups
        draft = _Draft(
            seat=np.zeros((k, int(land.most.max())), dtype=np.int64),
            size=np.zeros(k, dtype=np.int64),
            total=np.zeros(k),
            broken=np.zeros(k),
            dear=np.zeros(k),
            found=np.zeros(3),
            scratch=self.scratch,
        )
        return group if _place_in_order(land, draft, np.append(land.unit, alone), starts, group) else None


class _Draft(NamedTuple):
    """Groups as they fill up: members, how many, sum over pairs, what they break and owe. ``found`` is scratch:
    the sum, what is broken and what is owed once a parcel of people has joined the group chosen for it."""

    seat: I64
    size: I64
    total: F64
    broken: F64
    dear: F64
    found: F64
    scratch: Scratch


@compiled
def _place_in_order(land: Land, draft: _Draft, order: I64, starts: I64, group: I64) -> bool:
    """Put parcels of people, ``order[starts[p] : starts[p + 1]]``, each into the best group that has room and
    leaves enough people for the others; whether everybody found one and no hard rule is broken."""
    k = len(land.least)
    if land.rules.any:
        for g in range(k):
            draft.broken[g], draft.dear[g] = violations(land.rules, draft.seat[g], 0, draft.scratch)
    needed, left = land.least.sum(), len(order)
    for p in range(len(starts) - 1):
        parcel = order[starts[p] : starts[p + 1]]
        left -= len(parcel)
        # The first parcels open a group each.
        g = _best_group(land, draft, parcel, (p, p + 1) if p < k else (0, k), needed - left)
        if g < 0:
            return False
        needed -= min(len(parcel), max(0, land.least[g] - draft.size[g]))
        draft.seat[g, draft.size[g] : draft.size[g] + len(parcel)] = parcel
        draft.size[g] += len(parcel)
        draft.total[g], draft.broken[g], draft.dear[g] = draft.found
        group[parcel] = g
    return bool(draft.broken.sum() == 0)


@compiled
def _best_group(land: Land, draft: _Draft, parcel: I64, span: tuple[int, int], short: int) -> int:
    """Of the groups of a span the one where a parcel breaks least, then gains most; -1 if none has room.
    At least ``short`` people of the parcel must help a group to its least size."""
    m = len(parcel)
    best, least_broken, most_gained = -1, np.inf, -np.inf
    hard, soft = 0.0, 0.0
    for g in range(span[0], span[1]):
        size = draft.size[g]
        if size + m > land.most[g] or min(m, max(0, land.least[g] - size)) < short:
            continue
        draft.seat[g, size : size + m] = parcel
        total = draft.total[g]
        for a in range(size, size + m):
            for b in range(a):
                total += land.score[draft.seat[g, a], draft.seat[g, b]]
        if land.rules.any:
            hard, soft = violations(land.rules, draft.seat[g], size + m, draft.scratch)
        worse = hard - draft.broken[g]
        gained = land.affinity[size + m] * total - land.affinity[size] * draft.total[g] - soft + draft.dear[g]
        if worse < least_broken or (worse == least_broken and gained > most_gained):
            best, least_broken, most_gained = g, worse, gained
            draft.found[0], draft.found[1], draft.found[2] = total, hard, soft
    return best
