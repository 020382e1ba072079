"""What the weakest group can be worth: the best group of anybody, for those of whom it is worth least.

Whoever is placed is in a group, so that the weakest is worth no more than the best group with any one of them. That
is found by branch and bound, for the few whose partners, as everybody's star has them, promise least.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.bounds.branching import Pricing, begin, best_groups
from tenants.matching.solver.bounds.shape import Shape
from tenants.matching.solver.bounds.star import group_stars

SUSPECTS = 16
"""People whose best group is looked for."""

WORK, SLICE = 2e9, 2e7
"""Pairs looked at for all of them, about, and between two looks at the clock."""

IN_IT = 10.0
"""What it counts to have the person in question in a group: more than any group is worth."""


def weakest_bound(score: NDArray[np.float32], shape: Shape, known: float, stop: Callable[[], bool]) -> float:
    """No partition's weakest group is worth more.

    ``score`` is (n, n), -inf for pairs kept apart; ``known`` is what the weakest group is worth in some partition.
    ``stop`` is asked now and then; True ends the work, and the bound holds.
    """
    most = group_stars(score, shape).max(axis=0)
    left_over, work = len(score) - shape.placed, WORK
    for person in np.argsort(most, kind="stable")[: left_over + SUSPECTS]:
        least = shape.weakest(most)
        if work <= 0 or stop() or least <= known:
            break
        best = known
        for size in shape.allowed:
            search = _Search(score, int(person), size, best)
            found, _ = search.bound(0.0)
            while search.open and work > 0 and not stop() and search.found < least:
                found, spent = search.bound(SLICE)
                work -= spent
            best = max(best, found)
        most[person] = min(most[person], best)
    return max(known, shape.weakest(most))


class _Search:
    """The search for the best group of a size with a person, if there is one worth more than ``low``."""

    def __init__(self, score: NDArray[np.float32], person: int, size: int, low: float) -> None:
        half = size * (size - 1) / 2
        others = np.flatnonzero(np.isfinite(score[person]) & (np.arange(len(score)) != person))
        chosen = np.concatenate([[person], others])
        scores = score[np.ix_(chosen, chosen)].astype(np.float64)
        price = np.zeros(len(chosen))
        price[0] = -IN_IT
        self._pricing = Pricing(
            np.where(np.isfinite(scores), scores, -1.0), price, 1 / half, size, low * half
        )
        self._path = begin(self._pricing, IN_IT + low)

    @property
    def open(self) -> bool:
        """Whether there is more to look at."""
        return bool(self._path.length[0] >= 0)

    @property
    def found(self) -> float:
        """What the best group found is worth."""
        return float(self._path.gains.max()) - IN_IT

    def bound(self, work: float) -> tuple[float, float]:
        """What no such group is worth more than after so much ``work``, and the work done."""
        most, unspent = best_groups(self._pricing, self._path, work)
        return most - IN_IT, work - unspent
