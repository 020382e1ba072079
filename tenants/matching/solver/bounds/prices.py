"""A bound from everybody's best partners, where partners who are wanted too often have a price.

In a partition into groups of m everybody is a partner m - 1 times. Let everybody choose m - 1 partners, and let
who is chosen cost a price, which comes back to them once: at any prices this is a bound, and the lower, the more
evenly people are chosen (Lagrangian relaxation of a b-matching). Prices are raised and lowered by how often people
are chosen (the subgradient; Held, Wolfe and Crowder 1974).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.bounds.shape import Floats, Shape
from tenants.matching.solver.bounds.star import PAIRS, Rows, best_partners, mean_bound

NEAREST = 64
"""Partners among whom choices are made between two looks at everybody."""

LOOKS, STEPS = 8, 20
STEP = 0.02
"""Looks, and steps after each; what being chosen once too often raises a price by at first, as a share of the spread
of the scores. It is halved when prices have got worse, which those whom nobody looked at can do, and falls by a
quarter else."""


def priced_mean(rows: Rows, people: int, shape: Shape, stop: Callable[[], bool]) -> float:
    """No partition has a higher mean value. ``rows`` as for :func:`star_bound`; True of ``stop`` ends the search
    for prices, any of which will do."""
    partners = min(round(shape.placed / shape.groups), shape.most) - 1
    price = _prices(rows, people, partners, stop)
    best = np.empty((people, shape.most - 1))
    for chosen in _chunks(people):
        best[chosen] = best_partners(rows(chosen) - price, int(chosen[0]), shape.most - 1)
    # Scores may have been rounded down to the precision of the rows.
    return (1 + float(np.finfo(rows(np.arange(1)).dtype).eps)) * mean_bound(best, shape, price)


def _prices(rows: Rows, people: int, partners: int, stop: Callable[[], bool]) -> Floats:
    """The prices at which everybody's best partners are worth least, of those that were come by."""
    price, best, least, pace = np.zeros(people), np.zeros(people), np.inf, 0.0
    for _ in range(LOOKS):
        who, score = _nearest(rows, price)
        value = _chosen(score - price[who], partners)[1] + float(price.sum())
        if not np.isfinite(value) or stop():
            break
        pace = pace * (0.75 if value < least else 0.5) or STEP * float(score[np.isfinite(score)].std())
        if value < least:
            best, least = price, value
        else:
            who, score = _nearest(rows, best)
        price = best.copy()
        for _ in range(STEPS):
            chosen, _ = _chosen(score - price[who], partners)
            times = np.bincount(np.take_along_axis(who, chosen, axis=1).ravel(), minlength=people)
            price += pace * (times - partners)
    return best


def _nearest(rows: Rows, price: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Everybody's best partners at these prices and the scores with them, (n, NEAREST) each."""
    people = len(price)
    kept = min(NEAREST, people - 1)
    who, score = np.empty((people, kept), dtype=np.int64), np.empty((people, kept))
    for chosen in _chunks(people):
        block = rows(chosen)
        block[np.arange(len(chosen)), chosen] = -np.inf
        who[chosen] = best = np.argpartition(price - block, kept - 1, axis=1)[:, :kept]
        score[chosen] = np.take_along_axis(block, best, axis=1)
    return who, score


def _chunks(people: int) -> list[NDArray[np.int64]]:
    return np.array_split(np.arange(people), -(-people * people // PAIRS))


def _chosen(left: Floats, partners: int) -> tuple[NDArray[np.int64], float]:
    """The places of everybody's best partners, and the sum of what they leave on average."""
    places = np.argpartition(-left, partners - 1, axis=1)[:, :partners]
    return places, float(np.take_along_axis(left, places, axis=1).sum() / partners)
