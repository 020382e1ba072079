"""Searching a large pool in blocks: some of the groups at a time, with everybody in them.

Groups are drawn into blocks at random, each block is searched alone, all are put together and drawn anew
(large neighbourhoods, Shaw 1998). The weakest group couples the blocks: ``emphasis`` times it is the
largest of emphasis * (floor - mean shortfall of the m weakest below the floor) as m comes down to one, and
with the floor fixed for a round, each block's part is its own. In the rounds m stays in the many; it comes down to
one while the weakest groups alone are searched among others.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from tenants.matching.solver.block import (
    THREADS,
    Across,
    Block,
    always,
    as_groups,
    broken,
    in_threads,
    island_of,
    seen_unbroken,
)
from tenants.matching.solver.model import Group
from tenants.matching.solver.search.annealing import Effort, Island
from tenants.matching.solver.search.board import Aim
from tenants.matching.solver.search.rules import F64, I64
from tenants.matching.solver.standing import GONE
from tenants.matching.solver.task import Layout, Task

WHOLE = 1500
"""Pools of up to this many people are searched whole."""

BLOCK = 750
"""People of a block, about: as many as fit into the caches of a processor with their scores."""

ROUNDS = 24
SHORTER = 8
"""Rounds in which a pool cools down, and how much shorter the first one is in which it is mended."""

WEAK = (1 / 3, 1 / 15)
"""Shares of the groups that are lifted as weak ones in the first and in the last round."""

LIFTED = 0.4
"""Share of the time that is for lifting the weakest groups alone, after the rounds, if they count at all."""

LIFTS = 48
LIFT_SWEEPS = 20
LIFTED_AT_ONCE = 0.4
"""How often that is done without a limit of time, in so many sweeps; share of weak groups in a block at first."""


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

    def aim(self, weak: int) -> Aim:
        """What each block climbs while the ``weak`` weakest groups are lifted."""
        emphasis = self.task.emphasis
        if emphasis == 0 or len(self.groups) < 2:
            return Aim(share=1.0 - emphasis)
        weak = min(weak, len(self.groups) - 1)
        seated = sum(map(len, self.groups))
        floor = float(np.partition(self.means, weak)[weak])
        return Aim(share=1.0 - emphasis, steep=emphasis * seated / weak, floor=floor)

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
        heats = np.where(np.arange(sweeps) < sweeps // 2, heat, 0.0)
        self.search(chosen, [self.bench[:0]] * THREADS, heats, self.aim(weak), always, across=in_threads)

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

    def calibrated(self, effort: Effort, sweeps: int) -> tuple[float, float]:
        """The first and the last temperature, as one block shows them."""
        rng = np.random.default_rng((*self.seed, 0))
        chosen, aim = self.drawn(rng)[0], self.aim(len(self.groups) // 3 + 1)
        block, _ = self.block(chosen, aim, (*self.seed, 0, 0), self.bench[:0], 0)
        return island_of(block).calibrate(sweeps, effort)

    def plan(self, effort: Effort, heat: float) -> tuple[int, int]:
        """How many rounds, and how many sweeps in each: those of the effort, or as many as the deadline allows.

        A round costs the preparation of its blocks besides its sweeps; at least as much time goes to sweeps.
        """
        if effort.deadline == float("inf"):
            return ROUNDS, max(2, effort.sweeps // ROUNDS)
        # What is tried to take the time is taken back: cooled in a moment, a few groups would be left too weak to mend.
        before = self.groups.copy(), self.bench, self.means.copy()
        taken = []
        for sweeps in (1, 5):
            started = time.monotonic()
            self.round(np.full(sweeps, heat), self.aim(max(1, len(self.groups) // 3)), broken)
            taken.append(time.monotonic() - started)
        self.groups, self.bench, self.means = before
        a_sweep = max(1e-6, (taken[1] - taken[0]) / 4)
        preparation = max(0.0, taken[0] - a_sweep)
        left = 0.95 * (effort.deadline - time.monotonic())
        rounds = int(min(ROUNDS, max(1, left / (2 * preparation + 2 * a_sweep))))
        return rounds, int(min(effort.sweeps // rounds, max(2, (left / rounds - preparation) / a_sweep)))

    def run(self, effort: Effort) -> bool:
        """Cool down over all rounds, then lift the weakest groups; whether time ran out."""
        hot, cold = self.calibrated(effort, min(10, max(2, effort.sweeps // 200)))
        lifted = LIFTED if self.task.emphasis and len(self.groups) > THREADS else 0.0
        self._cooled(effort.part(0.0, 1.0 - lifted), hot, cold)
        if lifted:
            self._lifted(effort.part(1.0 - lifted, 1.0), cold)
        return effort.over()

    def _cooled(self, effort: Effort, hot: float, cold: float) -> None:
        rounds, each = self.plan(effort, (hot * cold) ** 0.5)
        groups = len(self.groups)
        began, number, part = time.monotonic(), 0, 0.0
        while part < 1 and not effort.over():
            # Rounds follow the clock where that is further, so that the last is cold whatever else runs.
            taken = (time.monotonic() - began) / max(1, number)
            step = max(1 / rounds, taken / (effort.deadline - began))
            last = part + 1.5 * step >= 1
            stop = 1.0 if last else part + step
            heats = hot * (cold / hot) ** np.linspace(part, stop, each, endpoint=False)
            if last:
                heats[-max(1, each // 2) :] = 0.0
            weak = round(groups * WEAK[0] ** (1 - stop) * WEAK[1] ** stop)
            self.round(heats, self.aim(max(1, weak)), always if last else broken)
            number += 1
            part = max(stop, (time.monotonic() - began) / (effort.deadline - began))
            effort.report(min(1.0, part))

    def _lifted(self, effort: Effort, heat: float) -> None:
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
                part = number / LIFTS
            effort.report(min(1.0, part))


def as_tuples(groups: list[I64]) -> list[Group]:
    """The same as tuples of plain numbers."""
    return [tuple(int(person) for person in group) for group in groups]
