"""A bound from each person's best partners: quick, and without a matrix of all pairs in memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from tenants.matching.solver.bounds.shape import Floats, Shape
from tenants.matching.solver.compiled import compiled
from tenants.matching.solver.model import Bound

Rows = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Scores of some people with everybody, (a,) -> (a, n); -inf for pairs kept apart."""

PAIRS = 2**21
"""Pairs held in memory at once, as rows."""

SUSPECTS = 256
"""The weakest group is bounded by this many people of the worst partners."""


def never() -> bool:
    """To take all the time that is needed."""
    return False


def star_bound(
    rows: Rows,
    people: int,
    shape: Shape,
    emphasis: float,
    *,
    mean: float = 1.0,
    weakest: float = 1.0,
    best: Floats | None = None,
    stop: Callable[[], bool] = never,
) -> Bound:
    """Let everybody choose partners of their own: no partition is worth more.

    ``rows`` gives scores in [0, 1]; the score of somebody with themselves is passed over. ``mean`` and ``weakest``
    are what the mean value and the weakest group's are known not to exceed, ``best`` are everybody's best scores where
    they are known, :func:`best_partners` of all rows or more. When told to ``stop`` the weakest group is bounded by
    those looked at. -inf as the value of the bound says that there is no partition.
    """
    if best is None:
        best = _partners_of_all(rows, people, shape.most - 1)
    mean = min(mean, mean_bound(best, shape))
    weakest = min(mean, weakest, _weakest_bound(rows, best, shape, stop)) if emphasis else mean
    # Scores may have been rounded down to the precision of the rows.
    rounding = 1 + float(np.finfo(rows(np.arange(1)).dtype).eps)
    return Bound(rounding * ((1 - emphasis) * mean + emphasis * weakest), "star")


def group_stars(score: NDArray[np.floating], shape: Shape) -> Floats:
    """No group of size ``shape.allowed[x]`` with person i is worth more than element (x, i).

    ``score`` is (n, n), -inf for pairs kept apart. The sum of a group's pairs, each counted twice, is what
    i has with the partners, twice, and what every partner has with the others: at most the best m - 2.
    """
    best = best_partners(score, 0, shape.most - 1)
    return np.array([_through(score, np.arange(len(score)), best, size) for size in shape.allowed])


def _partners_of_all(rows: Rows, people: int, count: int) -> Floats:
    best, chunk = np.empty((people, count)), max(1, PAIRS // people)
    for start in range(0, people, chunk):
        stop = min(start + chunk, people)
        best[start:stop] = best_partners(rows(np.arange(start, stop)), start, count)
    return best


@compiled
def _insert(tops: Floats, value: float) -> None:
    place = len(tops) - 1
    if value > tops[place]:
        while place > 0 and tops[place - 1] < value:
            tops[place] = tops[place - 1]
            place -= 1
        tops[place] = value


@compiled
def best_partners(block: NDArray[np.floating], start: int, count: int) -> Floats:
    """The ``count`` highest scores of each row, descending, without the diagonal; filled up with -inf."""
    tops = np.full((block.shape[0], count), -np.inf)
    for row in range(block.shape[0]):
        for column in range(block.shape[1]):
            if column != start + row:
                _insert(tops[row], block[row, column])
    return tops


@compiled
def improve(tops: Floats, block: NDArray[np.floating]) -> None:
    """Put what is higher in each row of ``block`` among the highest of that row, descending in ``tops``."""
    for row in range(block.shape[0]):
        for column in range(block.shape[1]):
            _insert(tops[row], block[row, column])


def mean_bound(best: Floats, shape: Shape, own: Floats | float = 0.0) -> float:
    """The mean over the people placed of their best partners' mean and their ``own``, sizes chosen for all together.

    A person in a group of size m takes up 1 / m of a group, and there are ``groups`` of them. At any price p
    of a group, groups * p plus everybody's best of (mean - p / m) is a bound (Lagrangian relaxation); the
    least over p is taken. For up to two sizes it is the optimal assignment of people to sizes.
    """
    sizes = np.array(shape.allowed)
    means = best.cumsum(axis=1)[:, sizes - 2] / (sizes - 1)

    def at(price: float) -> float:
        each = np.sort((means - price / sizes).max(axis=1) + own)
        return float((shape.groups * price + each[len(each) - shape.placed :].sum()) / shape.placed)

    if len(sizes) == 1 or not np.isfinite(at(0)):
        return at(0)
    # Beyond this price of a group everybody is in the largest, or the smallest, whatever their partners.
    limit = float(sizes[-1]) ** 2
    found = minimize_scalar(at, bounds=(-limit, limit), method="bounded", options={"xatol": 1e-9})
    return min(at(0), float(found.fun))


def _weakest_bound(rows: Rows, best: Floats, shape: Shape, stop: Callable[[], bool]) -> float:
    """The weakest group is worth at most what the best group of anybody placed is worth; inf if stopped too early."""
    left_over = len(best) - shape.placed
    suspects = np.argsort(best.sum(axis=1), kind="stable")[: left_over + SUSPECTS]
    most, chunk = [np.zeros(0)], max(1, PAIRS // len(best))
    for start in range(0, len(suspects), chunk):
        if stop():
            break
        chosen = suspects[start : start + chunk]
        block = rows(chosen)
        through = [_through(block, chosen, best, size) for size in shape.allowed]
        most.append(np.max(through, axis=0))
    known = np.sort(np.concatenate(most))
    return float(known[left_over]) if len(known) > left_over else np.inf


def _through(block: NDArray[np.floating], chosen: NDArray[np.int64], best: Floats, size: int) -> Floats:
    """Bounds on the value of groups with ``chosen``, whose scores are the rows of ``block``."""
    shares = 2 * block + best[:, : size - 2].sum(axis=1)
    shares[np.arange(len(chosen)), chosen] = -np.inf
    highest = -np.partition(-shares, size - 2, axis=1)[:, : size - 1]
    return np.asarray(highest.sum(axis=1) / (size * (size - 1)), dtype=np.float64)
