"""A bound for some 300 people, step by step from the least to the greatest that the weakest group can be worth.

With M(a) the bound of the mean value of partitions into groups worth a or more, a partition of which the
weakest group is worth from a to b has at most the value

    (1 - e) * M(a) + e * b.

So b can be chosen such that this is what is wanted, and b is the next a. M falls with every step, since
less and less groups are left, until nobody can partition the people into groups worth a.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.bounds.generation import PROVED, Generation
from tenants.matching.solver.bounds.shape import Floats, Shape
from tenants.matching.solver.bounds.star import group_stars
from tenants.matching.solver.model import Bound, Group

BUDGET = 2e9
"""Pairs looked at, about; a thousand million take some five seconds."""

WANTED = 0.01
"""Gap, as a share of the bound, below which more work is not worth it. Without emphasis there is one step only."""

SHORTEST = 0.005
"""Least step of the weakest group's value, where the gap wanted cannot be reached."""

SETTLED = 0.15
"""A mean is bounded well enough when less than this share of what it leaves to the step can still be won,"""

NEAR = 0.001
"""and the mean can fall by no more than this; or, times the emphasis, by no more than"""

NEAREST = 0.001
"""this, which matters less than the steps."""


def column_bound(
    score: Floats,
    forbidden: NDArray[np.bool_],
    shape: Shape,
    emphasis: float,
    *,
    groups: Sequence[Group],
    value: float,
    budget: float = BUDGET,
    stop: Callable[[], bool] = lambda: False,
) -> Bound:
    """Bound the value of partitions into groups without forbidden pairs.

    ``score``   (n, n) in [0, 1], symmetric, with zeros on the diagonal.
    ``groups``  groups without forbidden pairs, as a start: those of the best partition known.
    ``value``   what that is worth; the bound does not fall below.
    ``budget``  how many pairs may be looked at, about.
    ``stop``    is asked between iterations; True ends them.

    The bound holds whenever it ends.
    """
    columns = Generation(score, forbidden, shape, budget)
    columns.add(groups)
    wanted = value / (1 - WANTED) if emphasis else value
    weakest = _weakest(score, forbidden, shape)
    proved, mean, least = value, 1.0, 0.0
    while True:
        settled = _settled(wanted, emphasis, least)
        mean = min(mean, columns.mean_bound(settled, stop))
        if mean < least - PROVED:
            break  # no partition has all groups worth so much
        all_others = (1 - emphasis) * mean + emphasis * min(mean, weakest)
        if all_others <= wanted or columns.left <= 0 or stop():
            proved = max(proved, all_others)
            break
        step = least + SHORTEST
        if emphasis:
            step = max(step, (wanted - (1 - emphasis) * mean) / emphasis)
        if step >= min(mean, weakest):
            proved = max(proved, all_others)
            break
        wanted = proved = max(proved, (1 - emphasis) * mean + emphasis * step)
        least = step
        columns.keep(least)
    return Bound(proved, "columns")


def _settled(wanted: float, emphasis: float, least: float) -> Callable[[float, float], bool]:
    """Whether a bound of the mean and what it may fall to are near enough to go on."""
    reach = (wanted - emphasis * least) / (1 - emphasis) if emphasis < 1 else np.inf
    return lambda bound, worth: (
        bound - worth <= max(min(SETTLED * abs(reach - worth), NEAR), NEAREST * emphasis)
    )


def _weakest(score: Floats, forbidden: NDArray[np.bool_], shape: Shape) -> float:
    """No partition's weakest group is worth more: everybody placed needs a group."""
    stars = group_stars(np.where(forbidden, -np.inf, score), shape).max(axis=0)
    return float(np.sort(stars)[len(score) - shape.placed])
