"""The best group at given prices: branch and bound.

A group c of m people with sum of pairs P(c) gains slope * P(c) - sum of u over c at the prices of people u.
With a part of the group fixed this is linear in pairs and people, and the bound of the rest is built from
stars: every person's own r-th part of the gain is at most that with their best r - 1 others. The same
bound, without prices, tells who cannot be in a group that is worth enough.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.bounds.shape import Floats
from tenants.matching.solver.compiled import compiled

Ints = NDArray[np.int64]

KEPT = 50
"""Groups returned at most: each makes the next prices better, and to look for more takes longer."""


class Pricing(NamedTuple):
    """What a group of ``size`` gains.

    ``score``   (n, n), below 0 for pairs kept apart.
    ``person``  the prices u; ``slope`` what a pair's score counts.
    ``least``   the least sum of pairs of a group in question.
    """

    score: Floats
    person: Floats
    slope: float
    size: int
    least: float


class Path(NamedTuple):
    """How far a search is: the groups begun, one more person each, by number of people.

    ``found``   the ``KEPT`` best groups seen, as rows, in no order; a row of -1 is none. ``gains`` what they gain.
    ``length``  how many people the one begun last has, as the only element; -1 at the end of the search.
    ``group``   its members; at each length:
    ``rest``    ``rest[d, :left[d]]`` are those who can come next, the most promising first, and ``bound``
                a share of the gain each, of which the greatest bound the gain of what is lacking, beyond ``fixed``.
    ``link``    (size, n), everybody's sum of scores with the members; ``pairs`` the members' own; ``price``
                the sum of theirs.
    """

    found: Ints
    gains: Floats
    length: Ints
    group: Ints
    rest: Ints
    bound: Floats
    left: Ints
    link: Floats
    pairs: Floats
    price: Floats
    fixed: Floats


@compiled
def begin(pricing: Pricing, floor: float) -> Path:
    """The begin of a search for groups that gain more than ``floor``."""
    people, size = len(pricing.score), pricing.size
    path = Path(
        np.full((KEPT, size), -1),
        np.full(KEPT, floor),
        np.zeros(1, np.int64),
        np.full(size, -1),
        np.empty((size, people), np.int64),
        np.empty((size, people)),
        np.zeros(size, np.int64),
        np.zeros((size, people)),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
    )
    _open(pricing, path, 0, np.arange(people), floor)
    return path


@compiled
def best_groups(pricing: Pricing, path: Path, work: float) -> tuple[float, float]:
    """Search on; what no group gains more than, but for the floor, and the work left.

    ``work`` is how many pairs may be looked at, about. Of a search at its end the bound is what the best gains.
    """
    length, beaten = path.length[0], path.gains.min()
    while length >= 0 and work > 0:
        # From the least promising on: who is hard to place is soon out of the way, and the rest's choice small.
        path.left[length] -= 1
        last = path.left[length]
        lacking = pricing.size - length
        if last < lacking - 1:
            length -= 1
            continue
        if path.fixed[length] + path.bound[length, last] + path.bound[length, : lacking - 1].sum() <= beaten:
            continue
        rest = _join(pricing, path, length)
        if lacking == 2:
            beaten = _complete(pricing, path, rest)
        elif len(rest) >= lacking - 1:
            length += 1
            work -= _open(pricing, path, length, rest, beaten)
    path.length[0] = length
    most = path.gains.max()
    for begun in range(length + 1):
        lacking = pricing.size - begun
        if path.left[begun] >= lacking:
            most = max(most, path.fixed[begun] + path.bound[begun, :lacking].sum())
    return most, work


@compiled
def _join(pricing: Pricing, path: Path, length: int) -> Ints:
    """Let the next person join the group; who remains for it."""
    rest = path.rest[length, : path.left[length]]
    j = path.rest[length, path.left[length]]
    path.group[length] = j
    longer = length + 1
    path.link[longer] = path.link[length] + pricing.score[j]
    path.pairs[longer] = path.pairs[length] + path.link[length, j]
    path.price[longer] = path.price[length] + pricing.person[j]
    return np.asarray(rest[pricing.score[j][rest] >= 0])


@compiled
def _complete(pricing: Pricing, path: Path, rest: Ints) -> float:
    """Try all last members; what gains more than the least of those found takes its place. The least then."""
    end = pricing.size - 1
    found, gains = path.found, path.gains
    least = gains.argmin()
    for j in rest:
        pairs = path.pairs[end] + path.link[end, j]
        gain = pricing.slope * pairs - path.price[end] - pricing.person[j]
        if gain > gains[least] and pairs >= pricing.least:
            gains[least] = gain
            found[least, :end] = path.group[:end]
            found[least, end] = j
            least = gains.argmin()
    return float(gains[least])


@compiled
def _open(pricing: Pricing, path: Path, length: int, rest: Ints, beaten: float) -> float:
    """Note who of ``rest`` can be in a group that gains more than ``beaten``; the work it took."""
    lacking = pricing.size - length
    path.fixed[length] = pricing.slope * path.pairs[length] - path.price[length]
    path.left[length] = 0
    work = float(len(pricing.score))
    own = pricing.slope * path.link[length] - pricing.person
    floor = beaten - path.fixed[length]
    least = pricing.least - path.pairs[length]
    while len(rest) >= lacking:
        work += len(rest) ** 2
        before = len(rest)
        if pricing.least > 0:
            work += len(rest) ** 2
            bound = _stars(pricing.score, path.link[length], 1.0, lacking, rest)
            order = np.argsort(-bound, kind="mergesort")
            rest = np.sort(rest[order[: _enough(bound[order], lacking, least)]])
        if len(rest) < lacking:
            break
        bound = _stars(pricing.score, own, pricing.slope, lacking, rest)
        order = np.argsort(-bound, kind="mergesort")
        kept = _enough(bound[order], lacking, floor)
        order = order[:kept]
        rest = rest[order]
        # The bounds of those who stay fall with those who go.
        if kept > 0.8 * before and kept >= lacking:
            path.rest[length, :kept] = rest
            path.bound[length, :kept] = bound[order]
            path.left[length] = kept
            break
    return work


@compiled
def _enough(bound: Floats, lacking: int, floor: float) -> int:
    """How many of those whose descending bounds these are come above ``floor`` with ``lacking`` - 1 of the first."""
    kept = len(bound)
    others = bound[: lacking - 1].sum()
    while kept > 0 and others + bound[kept - 1] <= floor - 1e-12:
        kept -= 1
    return kept


@compiled
def _stars(score: Floats, own: Floats, slope: float, lacking: int, rest: Ints) -> Floats:
    """For each person 1 / lacking of the gain of all, at most: their own share and that of their best others."""
    bound = np.empty(len(rest))
    best = np.empty(lacking - 1)
    for place in range(len(rest)):
        j = rest[place]
        best[:] = -np.inf
        for k in rest:
            if score[j, k] < 0 or k == j:
                continue
            value = own[k] / lacking + slope / 2 * score[j, k]
            at = lacking - 2
            if value > best[at]:
                while at > 0 and best[at - 1] < value:
                    best[at] = best[at - 1]
                    at -= 1
                best[at] = value
        bound[place] = own[j] / lacking + best.sum()
    return bound
