"""Searching a large pool in blocks: some of the groups at a time, with everybody in them.

Groups are drawn into blocks at random, each block is searched alone, all are put together and drawn anew
(large neighbourhoods, Shaw 1998). The weakest group couples the blocks: with the soft weakest of all groups fixed
for a round, each block's part of it is its own. At last the weakest groups alone are searched among others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tenants.matching.solver.block import (
    THREADS,
    Across,
    Block,
    always,
    as_groups,
    as_tuples,
    broken,
    in_threads,
    island_of,
    seen_unbroken,
)
from tenants.matching.solver.search.annealing import Effort, Island, aim_of
from tenants.matching.solver.search.board import Aim, sharpness, soft_weakest
from tenants.matching.solver.search.rules import F64, I64
from tenants.matching.solver.standing import GONE
from tenants.matching.solver.task import Layout, Task

WHOLE = 1500
"""Pools of up to this many people are searched whole."""

BLOCK = 750
"""People of a block, about: as many as fit into the caches of a processor with their scores."""

CALIBRATED = 3
"""The part of a block that shows the temperatures."""

ROUNDS = 24
SHORTER = 8
"""Rounds in which a pool cools down, and how much shorter the first one is in which it is mended."""

LIFTED = 0.3
"""Share of the time that is for lifting the weakest groups alone, after the rounds, if they count at all."""

LIFTS = 24
LIFT_SWEEPS = 40
STIRRED = 8.0
LIFTED_AT_ONCE = 0.1
"""How often that is done without a limit of time, in so many sweeps, from how many times the last temperature on; share
of weak groups in a block at first."""

CYCLES, CYCLE = 8, 600
"""How often all that is done at most where the weakest group counts, and sweeps for which it is done once."""

State = tuple[list[I64], I64, F64]


class Blocks:
    """A partition of a large pool, improved block by block. ``group`` (n,) is the present one, with the bench as
    the last number. Without being ``scored`` all pairs score 0: only the rules count. Their search is spread
    ``across`` threads or whatever else."""

    def __init__(
        self,
        task: Task,
        layout: Layout,
        group: I64,
        seed: tuple[int, ...],
        *,
        scored: bool = True,
        across: Across = in_threads,
    ) -> None:
        self.task, self.layout, self.seed, self.scored, self.across = task, layout, seed, scored, across
        *self.groups, self.bench = as_groups(group, len(layout.least) + 1)
        self.means: F64 = np.zeros(len(self.groups))
        if scored:
            self.means = task.means(self.groups)
        self.turn = 0

    @property
    def group(self) -> I64:
        """(n,) the group of each person."""
        found = np.full(self.task.people, len(self.groups), dtype=np.int64)
        for number, members in enumerate(self.groups):
            found[members] = number
        return found

    def aim(self, heat: float) -> Aim:
        """What each block climbs at this temperature: its part of the soft weakest of all groups."""
        emphasis, groups = self.task.emphasis, len(self.groups)
        if emphasis == 0 or groups < 2:
            return Aim(share=1.0 - emphasis)
        steep = emphasis * sum(map(len, self.groups))
        sharp = sharpness(steep, groups, heat)
        return Aim(share=1.0 - emphasis, steep=steep, floor=soft_weakest(self.means, sharp), sharp=sharp)

    def drawn(self, rng: np.random.Generator) -> list[I64]:
        """Blocks of groups, by number."""
        order = rng.permutation(len(self.groups))
        people = np.cumsum([len(self.groups[g]) for g in order])
        number = max(1, round(int(people[-1]) / BLOCK))
        return np.split(order, np.searchsorted(people, people[-1] * np.arange(1, number) / number))

    def block(
        self, chosen: I64, aim: Aim, seed: tuple[int, ...], bench: I64, spare: int
    ) -> tuple[Block, I64]:
        """A block of these groups and of people on the bench, and who is in it; ``spare`` more people of it may move
        than do."""
        k = len(chosen)
        people = np.concatenate([*(self.groups[g] for g in chosen), bench])
        group = np.repeat(np.arange(k), [len(self.groups[g]) for g in chosen])
        group = np.append(group, np.full(len(bench), k)).astype(np.int64)
        place = np.full(len(self.groups) + 1 + GONE, k + GONE, dtype=np.int64)
        place[chosen] = np.arange(k)
        home = np.where(self.layout.home[people] < 0, -1, place[self.layout.home[people]])
        away = int(np.count_nonzero((home >= 0) & (home != group)))
        layout = Layout(
            self.layout.least[chosen], self.layout.most[chosen], home, self.layout.loyalty, away + spare
        )
        return Block(self.task.part(people, scored=self.scored), layout, aim, group, seed), people

    def round(self, heats: F64, aim: Aim, best: Callable[[Island], bool]) -> None:
        """Search every block once at these temperatures; keep the ``best`` seen or the last."""
        self.turn += 1
        rng = np.random.default_rng((*self.seed, self.turn))
        chosen = self.drawn(rng)
        benches = np.array_split(rng.permutation(self.bench), len(chosen))
        benched = self.search(chosen, benches, heats, aim, best, across=self.across)
        self.bench = np.sort(np.concatenate(benched))

    def lift(self, weak: int, heat: float, sweeps: int) -> None:
        """Search the ``weak`` weakest groups once more among others, in as many blocks as there are threads: they are
        done sooner than anybody else would have them."""
        self.turn += 1
        rng = np.random.default_rng((*self.seed, self.turn))
        order = np.argsort(self.means, kind="stable")
        others = max(0, THREADS * self.a_block - weak)
        low, rest = rng.permutation(order[:weak]), rng.permutation(order[weak:])[:others]
        chosen = [np.concatenate([low[x::THREADS], rest[x::THREADS]]) for x in range(THREADS)]
        still = sweeps // 4
        heats = np.append(np.geomspace(STIRRED * heat, heat, sweeps - still), np.zeros(still))
        self.search(chosen, [self.bench[:0]] * THREADS, heats, self.aim(heat), always, across=in_threads)

    def search(
        self,
        chosen: list[I64],
        benches: list[I64],
        heats: F64,
        aim: Aim,
        best: Callable[[Island], bool],
        *,
        across: Across,
    ) -> list[I64]:
        """Search blocks of the ``chosen`` groups, each with people of the bench; who is on the bench after that."""
        home = self.layout.home
        away = int(np.count_nonzero((home >= 0) & (home != self.group)))
        spare = max(0, self.layout.leave - away) // len(chosen)
        people: dict[int, I64] = {}

        def cut(number: int) -> Block:
            seed = (*self.seed, self.turn, number)
            block, people[number] = self.block(chosen[number], aim, seed, benches[number], spare)
            return block._replace(heats=heats, best=best)

        benched = []
        for number, found in enumerate(across(len(chosen), cut)):
            self.means[chosen[number]] = found.means
            for place, g in enumerate(chosen[number]):
                self.groups[g] = np.sort(people[number][found.group == place])
            benched.append(people[number][found.group == len(chosen[number])])
        return benched

    @property
    def a_block(self) -> int:
        """Groups of a block, about."""
        fitting = BLOCK * len(self.groups) // sum(map(len, self.groups))
        return max(2, min(fitting, len(self.groups) // THREADS))

    def mend(self, heats: F64, rounds: int) -> I64 | None:
        """Groups that break no hard rule, for whatever value; None if none were found in so many rounds, or in time.

        The first rounds are short, since they are nearly always enough.
        """
        for number in range(rounds):
            self.round(heats[:: max(1, SHORTER >> number)], Aim(share=0.0), seen_unbroken)
            if not any(self.task.breaches(group)[0] for group in as_tuples(self.groups)):
                return self.group
            if self.task.late:
                break
        return None

    def calibrated(self, effort: Effort) -> tuple[float, float]:
        """The first and the last temperature, as a part of one block shows them."""
        rng = np.random.default_rng((*self.seed, 0))
        chosen = self.drawn(rng)[0][: -(-self.a_block // CALIBRATED)]
        aim = aim_of(self.task.emphasis, sum(len(self.groups[g]) for g in chosen))
        block, _ = self.block(chosen, aim, (*self.seed, 0, 0), self.bench[:0], 0)
        return island_of(block).calibrate(effort)

    def costs(self, heat: float) -> tuple[float, float]:
        """Seconds for the preparation of a round and for each of its sweeps, by trying it."""
        # What is tried is taken back: cooled in a moment, a few groups would be left too weak to mend.
        before, taken = self.state, []
        for sweeps in (1, 5):
            started = time.monotonic()
            self.round(np.full(sweeps, heat), self.aim(heat), broken)
            taken.append(time.monotonic() - started)
        self.state = before
        a_sweep = max(1e-6, (taken[1] - taken[0]) / 4)
        return max(0.0, taken[0] - a_sweep), a_sweep

    @property
    def state(self) -> State:
        """Groups, bench and means, to come back to."""
        return self.groups.copy(), self.bench, self.means.copy()

    @state.setter
    def state(self, state: State) -> None:
        """Come back to these."""
        groups, self.bench, means = state
        self.groups, self.means = groups.copy(), means.copy()

    @property
    def value(self) -> float:
        """What the present groups are worth."""
        away = np.count_nonzero((self.layout.home >= 0) & (self.layout.home != self.group))
        return self.task.value(as_tuples(self.groups), self.means, int(away))

    def run(self, effort: Effort) -> bool:
        """Cool down over rounds, then lift the weakest groups, and again while there is effort for it; keep the best;
        whether time ran out."""
        hot, cold = self.calibrated(effort)
        costs = (0.0, 0.0) if effort.deadline == float("inf") else self.costs((hot * cold) ** 0.5)
        lifted, cycles = 0.0, 1
        if self.task.emphasis and len(self.groups) > THREADS:
            left = effort.deadline - time.monotonic()
            sweeps = min(effort.sweeps, left / costs[1] if costs[1] else np.inf)
            lifted, cycles = LIFTED, int(min(CYCLES, max(1, sweeps // CYCLE)))
        best, state = -np.inf, self.state
        for cycle in range(cycles):
            part = effort.part(cycle / cycles, (cycle + 1) / cycles)
            part = replace(part, sweeps=part.sweeps // cycles)
            self._cooled(part.part(0.0, 1.0 - lifted), hot, cold, costs)
            if lifted:
                self._lifted(part.part(1.0 - lifted, 1.0), cold, -(-LIFTS // cycles))
            value = self.value
            if value > best:
                best, state = value, self.state
        self.state = state
        return effort.over()

    def _cooled(self, effort: Effort, hot: float, cold: float, costs: tuple[float, float]) -> None:
        rounds, each = plan(effort, *costs)
        began, number, part, step = time.monotonic(), 0, 0.0, 1 / rounds
        length, last = effort.deadline - began, False
        sweeps = rounds * each if length == float("inf") else max(1, effort.sweeps)
        while not last and not effort.over():
            last = part + 1.5 * step >= 1
            stop = 1.0 if last else part + step
            heats = hot * (cold / hot) ** np.linspace(part, stop, each, endpoint=False)
            if last:
                heats[-max(1, each // 2) :] = 0.0
            started = time.monotonic()
            self.round(heats, self.aim(heats[0]), always if last else broken)
            number += 1
            # Heat follows the sweeps or, where that is further, the clock: the last is cold whatever else runs.
            now = time.monotonic()
            step = max(each / sweeps, (now - started) / length)
            part = max(number * each / sweeps, (now - began) / length)
            effort.report(min(1.0, part))

    def _lifted(self, effort: Effort, heat: float, lifts: int) -> None:
        # A round over all blocks gives each weak group one chance: few blocks give them as many in less time.
        most = max(1.0, LIFTED_AT_ONCE * THREADS * self.a_block)
        sweeps = min(LIFT_SWEEPS, max(2, effort.sweeps // LIFT_SWEEPS))
        began, part, number = time.monotonic(), 0.0, 0
        while part < 1 and not effort.over():
            weak = min(round(most ** (1 - part)), len(self.groups) - 1)
            self.lift(weak, heat, sweeps)
            number += 1
            part = (time.monotonic() - began) / (effort.deadline - began)
            if effort.deadline == float("inf"):
                part = number / lifts
            effort.report(min(1.0, part))


def plan(effort: Effort, preparation: float, a_sweep: float) -> tuple[int, int]:
    """How many rounds, and how many sweeps in each: those of the effort, or as many as the deadline allows, with at
    least as much time for sweeps as for preparation; both cost so many seconds."""
    if effort.deadline == float("inf"):
        return ROUNDS, max(2, effort.sweeps // ROUNDS)
    left = 0.95 * (effort.deadline - time.monotonic())
    rounds = int(min(ROUNDS, max(1, left / (2 * preparation + 2 * a_sweep))))
    return rounds, int(min(max(2, effort.sweeps // rounds), max(2, (left / rounds - preparation) / a_sweep)))
