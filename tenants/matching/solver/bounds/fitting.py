"""Pairs of people who can be together in a group that is worth enough."""

from __future__ import annotations

import numpy as np

from tenants.matching.solver.bounds.shape import Floats, Shape
from tenants.matching.solver.bounds.star import best_partners
from tenants.matching.solver.compiled import compiled


def part_misfits(score: Floats, shape: Shape, least: float) -> None:
    """Put -1 for all pairs that are in no group worth ``least`` or more into ``score``.

    ``score`` is (n, n), below 0 for pairs kept apart. Who has lost partners fits others less, so that
    this goes on until nothing changes.
    """
    parted = -1
    while parted != (score < 0).sum():
        parted = (score < 0).sum()
        best = best_partners(np.where(score < 0, -np.inf, score), 0, shape.most - 1)
        fits = np.eye(len(score), dtype=np.bool_)
        for size in shape.allowed:
            others = best[:, : size - 3].sum(axis=1) if size > 3 else np.zeros(len(score))
            fits |= _most_pairs(score, others, size) >= least * size * (size - 1) / 2 - 1e-9
        score[~fits] = -1.0


@compiled
def _most_pairs(score: Floats, others: Floats, size: int) -> Floats:
    """What no group with a pair exceeds in its sum of pairs, for all pairs; -inf if there is none.

    Of every other member count the pairs with the two, and half of the best pairs with the ``others``.
    """
    people = len(score)
    most = np.full((people, people), -np.inf)
    best = np.empty(max(size - 2, 1))
    for i in range(people):
        for j in range(i):
            if score[i, j] < 0:
                continue
            best[:] = -np.inf
            for k in range(people):
                if score[i, k] < 0 or score[j, k] < 0 or k in (i, j):
                    continue
                value = score[i, k] + score[j, k] + others[k] / 2
                at = size - 3
                if at >= 0 and value > best[at]:
                    while at > 0 and best[at - 1] < value:
                        best[at] = best[at - 1]
                        at -= 1
                    best[at] = value
            most[i, j] = score[i, j] + (best.sum() if size > 2 else 0.0)
            most[j, i] = most[i, j]
    return most
