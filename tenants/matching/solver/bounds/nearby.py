"""Good groups at given prices, quickly: from every person on, by adding and exchanging."""

from __future__ import annotations

import numpy as np

from tenants.matching.solver.bounds.branching import Ints, Pricing
from tenants.matching.solver.bounds.shape import Floats
from tenants.matching.solver.compiled import compiled

STARTS = 6
"""Groups begun with each person, with partners of their own."""


@compiled
def good_groups(pricing: Pricing) -> tuple[Ints, Floats]:
    """``STARTS`` groups from each person on, (n * STARTS, size), ascending, and what they gain, (n * STARTS,).

    The gain is -inf where no group was found, or one of which the sum of pairs is too small.
    """
    people, size = len(pricing.score), pricing.size
    groups = np.full((people * STARTS, size), -1)
    gains = np.full(people * STARTS, -np.inf)
    for i in range(people):
        link = np.where(pricing.score[i] >= 0, pricing.slope * pricing.score[i] - pricing.person, -np.inf)
        link[i] = -np.inf
        partners = np.argsort(-link, kind="mergesort")
        for start in range(min(STARTS, people)):
            if link[partners[start]] == -np.inf:
                break
            at = i * STARTS + start
            group = groups[at]
            group[0], group[1] = i, partners[start]
            if _grow(pricing, group):
                gains[at] = _climb(pricing, group)
                group.sort()
    return groups, gains


@compiled
def _grow(pricing: Pricing, group: Ints) -> bool:
    """Fill up a group of two with who gains most."""
    score = pricing.score
    link = score[group[0]] + score[group[1]]
    free = (score[group[0]] >= 0) & (score[group[1]] >= 0)
    free[group[:2]] = False
    for taken in range(2, pricing.size):
        best, chosen = -np.inf, -1
        for j in range(len(score)):
            if free[j]:
                gain = pricing.slope * link[j] - pricing.person[j]
                if gain > best:
                    best, chosen = gain, j
        if chosen < 0:
            return False
        group[taken] = chosen
        link += score[chosen]
        free &= score[chosen] >= 0
        free[chosen] = False
    return True


@compiled
def _climb(pricing: Pricing, group: Ints) -> float:
    """Make the best exchange of anybody but the first for as long as one gains; the gain at the end."""
    score, slope, person = pricing.score, pricing.slope, pricing.person
    link = np.zeros(len(score))
    barred = np.zeros(len(score), np.int64)
    for i in group:
        link += score[i]
        barred += score[i] < 0
        barred[i] += len(group)
    pairs, price = link[group].sum() / 2, person[group].sum()
    while True:
        # A group that is worth too little becomes worth more before it gains more.
        short = pairs < pricing.least
        best, place, chosen = 1e-12, -1, -1
        for x in range(1, len(group)):
            i = group[x]
            for j in range(len(score)):
                more = link[j] - link[i] - score[i, j]
                if barred[j] > (score[i, j] < 0) or (not short and pairs + more < pricing.least):
                    continue
                gain = more if short else slope * more + person[i] - person[j]
                if gain > best:
                    best, place, chosen = gain, x, j
        if place < 0:
            return float(slope * pairs - price) if not short else -np.inf
        i = group[place]
        pairs += link[chosen] - link[i] - score[i, chosen]
        price += person[chosen] - person[i]
        link += score[chosen] - score[i]
        barred[i] -= len(group)
        barred[chosen] += len(group)
        for j in range(len(score)):
            barred[j] += int(score[chosen, j] < 0) - int(score[i, j] < 0)
        group[place] = chosen
