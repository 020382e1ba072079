"""The mean value bounded by the linear program over all feasible groups, by column generation.

At any prices, the sum of everybody's price and, for each size, the number of groups times the most that one
gains is a bound (Lagrangian relaxation; see e.g. Lübbecke and Desrosiers, 2005, "Selected topics in column
generation"). Prices come from the program over the groups known so far, mixed with those before, as its own
leap about (Neame 1999). Groups are looked for quickly first, and by branch and bound when none is found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.bounds.branching import Pricing, begin, best_groups
from tenants.matching.solver.bounds.fitting import part_misfits
from tenants.matching.solver.bounds.master import Master, Prices, Unsolved
from tenants.matching.solver.bounds.nearby import good_groups
from tenants.matching.solver.bounds.shape import Floats, Shape
from tenants.matching.solver.model import Group

PROVED = 1e-9
"""Differences in value that are rounding."""

STEP = 0.3
"""Share of the way to the program's prices."""

HALF = 0.5
"""A bound is proved before the prices have settled when it may halve its distance from the program's optimum."""

EARLY, LATE = 4e7, 2e8
"""What one branch and bound may spend, before the prices have settled and after."""

SLICE = 1e8
"""Work of the branch and bound after which it is asked whether to stop: half a second."""

SLACK = 0.02
"""Share of the gap that is given away to end the branch and bound sooner."""


class Generation:
    """The groups known, and bounds on the mean value of partitions into groups worth ``least`` or more."""

    def __init__(self, score: Floats, forbidden: NDArray[np.bool_], shape: Shape, budget: float) -> None:
        self.shape = shape
        # Below zero stands for forbidden: what is below zero is never added up.
        self.whole = self.score = np.where(forbidden, -1.0, score)
        self.values: dict[Group, float] = {}
        self.least = 0.0
        self.left = budget
        self._master = Master(len(score), shape)
        self._at: Prices | None = None
        self._effort = 10 * len(score) ** 2 * sum(shape.allowed)

    def add(self, groups: Sequence[Group]) -> None:
        """Add groups to those known."""
        for group in groups:
            self.values[group] = value = float(np.mean([self.whole[pair] for pair in combinations(group, 2)]))
            if value >= self.least - PROVED:
                self._master.add(group, value)

    def at(self, least: float) -> Generation:
        """The same with groups worth ``least`` or more in question only; the budget that is left goes with it."""
        new = copy(self)
        new.least, new.score = least, self.whole.copy()
        part_misfits(new.score, self.shape, least)
        new._master = Master(len(self.score), self.shape)
        new.values = {}
        new.add(list(self.values))
        return new

    def mean_bound(self, near: Callable[[float, float], bool], stop: Callable[[], bool]) -> float:
        """Bound the mean value; ``near`` tells of a bound, and of what it may fall to at most, whether that will do."""
        worth, prices = self._master.solve()
        at = prices if self._at is None else self._at
        bound, tried = 1.0, np.inf
        while self.left > 0 and not stop():
            at = at.nearer(prices, STEP)
            new, gains = self._nearby(at, prices)
            if not new:
                at = prices
                new, gains = self._nearby(at, prices)
            # What the bound will be if the groups found are the best; in time it is wanted for certain.
            likely = self._bound(at, gains)
            if not new or likely - worth < HALF * (tried - worth):
                tried = likely
                slack = SLACK * max(0.0, likely - worth) / self.shape.groups
                proved, more = self._exact(at, gains + slack, EARLY if new else LATE, stop)
                bound = min(bound, proved)
                new = list(dict.fromkeys(new + more))
            # The optimum of the whole program, to which the bound can fall, is no less than that of the groups known.
            if not new or near(bound, worth):
                break
            self.add(new)
            try:
                worth, prices = self._master.solve()
            except Unsolved:
                break  # the bound so far holds
        self._at = at
        return bound

    def _gain(self, group: Group, prices: Prices) -> float:
        value = float(np.mean([self.score[pair] for pair in combinations(group, 2)]))
        size = len(group)
        floor = prices.floor[self.shape.allowed.index(size)]
        return float(value * size / self.shape.placed - prices.person[list(group)].sum() - floor)

    def _pricing(self, size: int, at: Prices) -> Pricing:
        half = size * (size - 1) / 2
        return Pricing(
            self.score, at.person, size / half / self.shape.placed, size, (self.least - PROVED) * half
        )

    def _bound(self, at: Prices, gains: Floats) -> float:
        """The bound at these prices if no group of a size gains more than ``gains``."""
        return float(at.person.sum()) + self.shape.total(gains)

    def _nearby(self, at: Prices, prices: Prices) -> tuple[list[Group], Floats]:
        """Groups unknown so far that gain at both prices, from everybody on; the most gained, by size, at the first."""
        new: dict[Group, None] = {}
        most = at.floor.copy()
        self.left -= self._effort
        for x, size in enumerate(self.shape.allowed):
            groups, gains = good_groups(self._pricing(size, at))
            most[x] = max(most[x], gains.max())
            for place in np.flatnonzero(gains > at.floor[x]):
                group = tuple(groups[place].tolist())
                if group not in self.values and self._gain(group, prices) > PROVED / self.shape.groups:
                    new[group] = None
        return list(new), most

    def _exact(
        self, at: Prices, gains: Floats, most_work: float, stop: Callable[[], bool]
    ) -> tuple[float, list[Group]]:
        """The bound at these prices, and the groups unknown so far that gain most, if more than ``gains``."""
        new, most = [], gains.copy()
        for x, size in enumerate(self.shape.allowed):
            pricing = self._pricing(size, at)
            path = begin(pricing, gains[x])
            allowed = min(self.left, most_work)
            most[x], _ = best_groups(pricing, path, 0.0)
            while path.length[0] >= 0 and allowed > 0 and not stop():
                most[x], unspent = best_groups(pricing, path, SLICE)
                self.left -= SLICE - unspent
                allowed -= SLICE - unspent
            new += [tuple(sorted(group)) for group in path.found.tolist() if group[0] >= 0]
        return self._bound(at, most), [group for group in new if group not in self.values]
