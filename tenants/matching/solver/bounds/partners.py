"""Everybody's best partners in a large pool, from a part of the pairs.

People of one kind are alike in the terms that count most, so that one of them tells the ``known`` part of
all their scores. A kind's people meet the others in the order of that part, and only until those still to come
cannot be among the best, whatever the rest of their scores is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.bounds.shape import Floats
from tenants.matching.solver.bounds.star import improve

Ints = NDArray[np.int64]
Stop = Callable[[], bool]

LEFT = 512
FEWEST, MOST = 2**16, 2**20
"""People whose partners are looked for at a time, and pairs of them that are scored at a time: at first few, since
most people find theirs among the first, then twice as many, and never more than fit into 64 MB."""

CLOSE = 1e-6
"""How much too high a best score may be told, so that rounding does not make a long tail of equals be looked at."""


@dataclass(frozen=True)
class Kinds:
    """``members`` of each kind, ascending numbers of people.

    ``known``   the known part of the scores of a kind with each kind, (kinds,).
    ``rest``    the rest of the scores of some people with others, (a,), (b,) -> (a, b); -inf with themselves
                and for pairs kept apart.
    ``most``    (n,) no rest of a score of this person is higher.
    ``highest`` (n,) no score of this person is higher.
    """

    members: Sequence[Ints]
    known: Callable[[int], Floats]
    rest: Callable[[Ints, Ints], NDArray[np.float32]]
    most: Floats
    highest: Floats


def partners_by_kind(kinds: Kinds, count: int, *, stop: Stop) -> Floats:
    """Each person's ``count`` highest scores, descending, (n, count), or up to CLOSE more.

    Where it is told to ``stop`` it tells of those not done what they could still have.
    """
    best = np.repeat(kinds.highest[:, None], count, axis=1)
    for kind, members in enumerate(kinds.members):
        if stop():
            break
        known = kinds.known(kind)
        order = np.argsort(-known, kind="stable")
        others = [kinds.members[other] for other in order]
        height = np.repeat(known[order], [len(each) for each in others])
        for start in range(0, len(members), LEFT):
            left = members[start : start + LEFT]
            queue = _in_turn(others, FEWEST // len(left), MOST // len(left))
            found = np.full((len(left), count), -np.inf)
            reach = _met(kinds, left, queue, height, found, stop=stop)
            # Whoever was not met is worth no more than the reach.
            best[left] = np.minimum(best[left], np.maximum(found, reach[:, None]))
    return best


def _in_turn(members: Sequence[Ints], size: int, most: int) -> Iterator[Ints]:
    """All of them in their order, ``size`` at a time, then twice as many, up to ``most``."""
    waiting = members[0][:0]
    for each in members:
        waiting = np.concatenate([waiting, each])
        while len(waiting) >= size:
            yield waiting[:size]
            waiting, size = waiting[size:], min(2 * size, most)
    yield waiting


def _met(
    kinds: Kinds, left: Ints, queue: Iterator[Ints], height: Floats, best: Floats, *, stop: Stop
) -> Floats:
    """Put the highest scores of some people with those in the queue, whose known parts are ``height``, into
    ``best``; the most that each could have with whom they did not meet."""
    reach: Floats = height[0] + kinds.most[left]
    seeking, met = np.arange(len(left)), 0
    for right in queue:
        if not len(seeking) or stop():
            break
        tops = best[seeking]
        improve(tops, kinds.rest(left[seeking], right) + height[met : met + len(right)])
        best[seeking] = tops
        met += len(right)
        reach[seeking] = height[met] + kinds.most[left[seeking]] if met < len(height) else -np.inf
        seeking = seeking[best[seeking, -1] < reach[seeking] - CLOSE]
    return reach
