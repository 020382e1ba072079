"""A bound for some 300 people, from what the mean value can be while every group is worth so much.

With M(a) the bound of the mean value of partitions into groups worth a or more, a partition of which the
weakest group is worth from a to b has at most the value

    (1 - e) * M(a) + e * b.

Levels a < b < ... from nothing up to what no weakest group can reach cut all partitions into such stretches, and
the greatest of their bounds is the bound. M falls with every level, since less and less groups are left, until
nobody can partition the people into groups worth so much: that is the new end. So the stretch of the greatest
bound is cut again and again, at the level up to which it is as low as is wanted, or else in the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.bounds.generation import PROVED, Generation
from tenants.matching.solver.bounds.shape import Floats, Shape
from tenants.matching.solver.bounds.star import group_stars, never
from tenants.matching.solver.model import Bound, Group

BUDGET = 2e9
"""Pairs looked at, about; a thousand million take some five seconds."""

WANTED = 0.008
"""Gap, as a share of the bound, below which more work is not worth it. Without emphasis there is one level only."""

SHORTEST = 0.002
"""Least stretch that is cut, and least part of it that is cut off."""

SETTLED, MOST = 0.15, 0.001
"""A mean is bounded well enough when less than this share of what it is away from being wanted can still be won, and
no more than this,"""

NEAREST, ROUGHLY = 0.0005, 0.008
"""or less than this; where the weakest group counts, the mean of all partitions is of use only for the first cut."""


@dataclass
class Stretch:
    """Partitions whose weakest group is worth from ``low`` to ``high``, and the ``mean`` they do not exceed."""

    low: float
    high: float
    mean: float

    def bound(self, emphasis: float) -> float:
        """What no such partition is worth more than."""
        return (1 - emphasis) * self.mean + emphasis * min(self.mean, self.high)


def column_bound(
    score: Floats,
    forbidden: NDArray[np.bool_],
    shape: Shape,
    emphasis: float,
    *,
    groups: Sequence[Group],
    value: float,
    mean: float = 1.0,
    budget: float = BUDGET,
    stop: Callable[[], bool] = never,
) -> Bound:
    """Bound the value of partitions into groups without forbidden pairs.

    ``score``   (n, n) in [0, 1], symmetric, with zeros on the diagonal.
    ``groups``  groups without forbidden pairs, as a start: those of the best partition known.
    ``value``   what that is worth; the bound does not fall below.
    ``mean``    what the mean value is known not to exceed.
    ``budget``  how many pairs may be looked at, about.
    ``stop``    is asked between iterations; True ends them.

    The bound holds whenever it ends.
    """
    columns = Generation(score, forbidden, shape, budget)
    columns.add(groups)
    exact = ROUGHLY if emphasis else 0.0
    mean = min(mean, columns.mean_bound(_settled(value, 0.0, exact), stop))
    wanted = value / (1 - WANTED) if emphasis else value
    stretches = [Stretch(0.0, min(mean, _weakest(score, forbidden, shape)), mean)]
    while emphasis and columns.left > 0 and not stop():
        worst = max(stretches, key=lambda stretch: stretch.bound(emphasis))
        if worst.bound(emphasis) <= wanted or worst.high - worst.low < SHORTEST:
            break
        level = _cut(worst, wanted, emphasis)
        columns = columns.at(level)
        reach = (wanted - emphasis * worst.high) / (1 - emphasis) if emphasis < 1 else -np.inf
        beyond = Stretch(
            level, worst.high, min(worst.mean, columns.mean_bound(_settled(reach, level, NEAREST), stop))
        )
        worst.high = level
        if beyond.mean < level - PROVED:  # no partition has all groups worth so much or more
            stretches = [stretch for stretch in stretches if stretch.low < level]
        else:
            stretches.append(beyond)
    return Bound(max(value, *(stretch.bound(emphasis) for stretch in stretches)), "columns")


def _cut(stretch: Stretch, wanted: float, emphasis: float) -> float:
    """Where to cut: what is below is to be as low as wanted, if that cuts off enough, else half of it is."""
    level = (wanted - (1 - emphasis) * stretch.mean) / emphasis
    if level < stretch.low + max(SHORTEST, (stretch.high - stretch.low) / 8):
        level = (stretch.low + stretch.high) / 2
    return min(level, stretch.high - SHORTEST / 2)


def _settled(reach: float, least: float, near: float) -> Callable[[float, float], bool]:
    """Whether a bound of the mean, and what it may fall to, tell all that is to be known: it is at most ``reach``,
    or about as low as it can be; there is no partition at all if it is below ``least``."""

    def settled(bound: float, worth: float) -> bool:
        if bound <= reach or bound < least - PROVED:
            return True
        return worth >= least and bound - worth <= max(near, min(MOST, SETTLED * (worth - reach)))

    return settled


def _weakest(score: Floats, forbidden: NDArray[np.bool_], shape: Shape) -> float:
    """No partition's weakest group is worth more: everybody placed needs a group."""
    return shape.weakest(group_stars(np.where(forbidden, -np.inf, score), shape).max(axis=0))
