"""Simulated annealing by islands: each calibrates its temperatures, cools down a few times, keeps its best.

Temperatures come from the share of worsening changes that chance lets pass, never from the spread of the
scores: on data of few distinct scores the spread says nothing. The islands, two of them on any number of
processors, draw from generators of their own, so that the same seed gives the same result however many run
at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event

import numpy as np

from tenants.matching.solver.search.board import Aim, Land, new_board
from tenants.matching.solver.search.rules import F64, I64
from tenants.matching.solver.search.sweeps import cool

ISLANDS = 2

COOLING, MOST_STEPS = 0.75, 50
MEASURED, MOST_SWEEPS = 4000, 10
"""While calibrating: factor between temperatures and how many at most; turns of people and sweeps at each, about."""

SHORTEST = 150
"""Sweeps in which to cool down, at least, if there are so many."""

STEPS = 40
LONGEST = 100_000
"""Stretches of a cycle, at least, between which the clock is looked at; turns of people in a stretch, at most: a second
or less."""

NOISE = 1 << 16
IN_TIME = 0.97
"""Share of the time that is for cooling down; the rest is for the last descent."""


def aim_of(emphasis: float, seated: int) -> Aim:
    """(1 - emphasis) times the sum of the affinity of ``seated`` people, plus emphasis times the weakest
    group's for all of them: the value times ``seated``."""
    return Aim(share=1.0 - emphasis, emphasis=emphasis * seated)


@dataclass(frozen=True)
class Effort:
    """How long to search: ``sweeps`` an island, and never past ``deadline`` (seconds of time.monotonic).

    ``progress`` is called with a fraction in [0, 1]; what it raises ends the search, on all islands.
    """

    sweeps: int
    deadline: float = float("inf")
    progress: Callable[[float], None] | None = None
    halted: Event = field(default_factory=Event)

    def over(self) -> bool:
        """Whether the deadline has passed or the search was ended."""
        return self.halted.is_set() or time.monotonic() >= self.deadline

    def part(self, start: float, stop: float) -> Effort:
        """That for what is done from one fraction of the work on to another, in as much of the time that is left."""
        now = time.monotonic()
        return replace(
            self,
            deadline=now + (self.deadline - now) * (stop - start) / (1.0 - start),
            progress=lambda fraction: self.report(start + (stop - start) * fraction),
        )

    def report(self, fraction: float) -> None:
        """Tell the progress."""
        if self.progress is not None:
            try:
                self.progress(fraction)
            except BaseException:
                self.halted.set()
                raise


@dataclass(frozen=True)
class Schedule:
    """How to cool down: ``hot`` and ``cold`` are the worsening changes a person and sweep at the first and the last
    temperature; again in up to ``cycles`` cycles of about ``length`` sweeps for each person and SHORTEST at least, each
    from where the last ended, or from groups that are ``dealt`` anew. Weak groups form while it is hotter still: by
    ``hotter``, where only the weakest counts."""

    hot: float = 0.4
    cold: float = 0.05
    hotter: float = 16.0
    cycles: int = 8
    length: int = 1
    dealt: Callable[[np.random.Generator], I64] | None = None


USUAL = Schedule()


@dataclass
class Found:
    """The best groups that an island saw, -1e300 while it saw none that keep the rules."""

    group: I64
    value: float
    out_of_time: bool = False


class Island:
    """One chain of the search."""

    def __init__(self, land: Land, aim: Aim, group: I64, seed: tuple[int, ...]) -> None:
        self.land, self.aim = land, aim
        self.rng = np.random.default_rng(seed)
        self.noise = self.rng.exponential(size=NOISE).astype(np.float32)
        self.board = new_board(land, group)
        self.best = group.copy()
        self.best_value: F64 = np.array([-np.inf])
        self.people = max(1, len(group))
        self.groups = len(land.least)

    def cool(self, heats: F64) -> float:
        """Sweep at these temperatures; worsening changes a person and sweep."""
        worse = cool(
            self.land,
            self.board,
            self.aim,
            np.ascontiguousarray(heats),  # anything else would be compiled anew
            self.noise,
            self.rng,
            self.best,
            self.best_value,
        )
        return float(worse / (self.people * max(1, len(heats))))

    def calibrate(self, effort: Effort, schedule: Schedule = USUAL) -> tuple[float, float]:
        """The first and the last temperature, from quick cooling; the first good groups on the way."""
        heat = self.first_heat()
        hot, cold = heat, heat
        sweeps = max(2, min(MOST_SWEEPS, MEASURED // self.people))
        for _ in range(MOST_STEPS):
            share = self.cool(np.full(sweeps, heat))
            if share > schedule.hot:
                hot = heat
            cold = heat
            if share < schedule.cold or effort.over():
                break
            heat *= COOLING
        return hot * max(1.0, schedule.hotter * (1.0 - self.aim.share)), cold

    def first_heat(self) -> float:
        """Twice the standard deviation of the gain of a random exchange."""
        land, n = self.land, len(self.land.unit_of)
        if n < 2 or not self.groups:
            return 1e-6
        left = self.rng.integers(0, n, 2000)
        right = self.rng.integers(0, n, 2000)
        spread = float(land.score[left, right].std())
        size = int(np.median(land.most))
        slope = float(land.affinity[size]) * self.aim.share
        slope += self.aim.emphasis * float(land.mean[size]) * 3.0 / self.groups
        return max(1e-6, float(2.0 * slope * spread * (2.0 * size) ** 0.5))

    def descend(self, over: Callable[[], bool] = lambda: False) -> None:
        """From the best groups take every change for the better until there is none, or it is ``over``."""
        self.board = new_board(self.land, self.best)
        value = -np.inf
        for _ in range(50):
            self.cool(np.zeros(4))
            if not self.best_value[0] > value or over():
                break
            value = float(self.best_value[0])

    def run(self, effort: Effort, report: Callable[[float], None], schedule: Schedule = USUAL) -> Found:
        """Calibrate, cool in cycles, descend.

        How hot it is follows the sweeps or, where that is further, the clock: with a deadline each cycle ends
        cold whatever else the machine does.
        """
        hot, cold = self.calibrate(effort, schedule)
        budget = max(1, self.budget(effort, hot, cold))
        cycles = min(schedule.cycles, max(1, budget // max(SHORTEST, schedule.length * self.people)))
        stretch = max(1, min(budget // (cycles * STEPS), LONGEST // self.people))
        began, swept, cycle = time.monotonic(), 0, 0
        length = IN_TIME * (effort.deadline - began)
        while not effort.over():
            part = cycles * max(swept / budget, (time.monotonic() - began) / length)
            if int(part) > cycle:
                cycle = int(part)
                if cycle >= cycles:
                    break
                if schedule.dealt is not None:
                    self.descend_here()
                    self.board = new_board(self.land, schedule.dealt(self.rng))
            start, stop = part - cycle, min(1.0, part - cycle + stretch * cycles / budget)
            heats = hot * (cold / hot) ** np.linspace(start, stop, stretch, endpoint=False)
            self.cool(heats)
            swept += stretch
            report(min(1.0, swept / budget))
        self.descend()
        return Found(self.best, float(self.best_value[0]), effort.over())

    def descend_here(self) -> None:
        """From the present groups take changes for the better for a while."""
        self.cool(np.zeros(4))

    def budget(self, effort: Effort, hot: float, cold: float) -> int:
        """Sweeps that are left: those of the effort, or as many as the deadline seems to allow."""
        if effort.deadline == float("inf"):
            return effort.sweeps
        middle = (hot * cold) ** 0.5
        started = time.monotonic()
        self.cool(np.full(20, middle))
        a_sweep = (time.monotonic() - started) / 20
        left = effort.deadline - time.monotonic()
        return max(0, min(effort.sweeps, int(IN_TIME * left / max(a_sweep, 1e-9))))


def search(
    land: Land, aim: Aim, groups: list[I64], seed: int, effort: Effort, schedule: Schedule = USUAL
) -> Found:
    """The best that the islands find from these beginnings, one each; of equals the first island's."""
    done = [0.0] * len(groups)

    def report_of(island: int) -> Callable[[float], None]:
        def report(fraction: float) -> None:
            done[island] = fraction
            effort.report(min(done))

        return report

    islands = [Island(land, aim, group, (seed, number)) for number, group in enumerate(groups)]
    with ThreadPoolExecutor(len(islands)) as pool:
        found = list(
            pool.map(lambda at: islands[at].run(effort, report_of(at), schedule), range(len(islands)))
        )
    best = max(range(len(found)), key=lambda at: found[at].value)
    return Found(found[best].group, found[best].value, any(each.out_of_time for each in found))
