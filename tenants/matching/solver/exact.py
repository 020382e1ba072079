"""The best partition of a few people, by trying all."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tenants.matching.solver.compiled import compiled
from tenants.matching.solver.search.board import F32
from tenants.matching.solver.search.rules import F64, I64, Rules, Scratch, scratch_for, violations
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.task import Task

MOST_PARTITIONS = 2_000_000
"""Partitions that are tried at most: a second or so."""

MOST_PEOPLE = 40
"""Nobody counts the partitions of more."""


def partitions(people: int, shape: Shape) -> float:
    """An upper bound of the ways to form groups of a shape."""
    if people > MOST_PEOPLE:
        return math.inf
    ways = math.comb(people, shape.placed)
    if shape.sizes is not None:
        ways *= math.factorial(shape.placed)
        for size, count in shape.sizes.items():
            ways //= math.factorial(size) ** count * math.factorial(count)
        return float(ways)
    # Everybody chooses a group; groups have no names.
    return float(ways * shape.groups**shape.placed / math.factorial(shape.groups))


class Optimum(NamedTuple):
    """The ``group`` of each person (the number of groups for none), the sum of ``ranks`` placed, which comes first,
    and the ``value``."""

    group: I64
    ranks: float
    value: float


class _Pool(NamedTuple):
    score: F32
    rules: Rules
    unit_of: I64
    rank: I64
    emphasis: float
    scratch: Scratch


class _Best(NamedTuple):
    group: I64
    ranks_and_value: F64


def best_partition(task: Task, shape: Shape) -> Optimum | None:
    """The best partition of a shape that keeps all hard rules; of equals the first. None is proof that there
    is none."""
    n = task.people
    everybody = np.arange(n)
    unit_of = np.full(n, -1, dtype=np.int64)
    for number, unit in enumerate(task.compiled.units):
        unit_of[list(unit)] = number
    rules = task.compiled.arrays
    pool = _Pool(task.scores(everybody), rules, unit_of, task.rank, task.emphasis, scratch_for(rules))
    best = _Best(np.full(n, -1, dtype=np.int64), np.full(2, -np.inf))
    limits = np.array([shape.least, shape.most, shape.groups, n - shape.placed], dtype=np.int64)
    _try_all(pool, limits, np.full(n, shape.groups, dtype=np.int64), best)
    if best.group[0] < 0:
        return None
    return Optimum(best.group, float(best.ranks_and_value[0]), float(best.ranks_and_value[1]))


@compiled
def _try_all(pool: _Pool, limits: I64, group: I64, best: _Best) -> None:
    """Assign people in order, each to a group begun before, to the next new one or to none; ``choice`` counts up
    like the digits of a number, so that partitions that differ in names only come up once."""
    least, most, groups, left_over = limits
    n = len(group)
    size = np.zeros(groups + 1, dtype=np.int64)
    begun = np.zeros(n + 1, dtype=np.int64)
    i = 0
    choice = np.full(n, -1, dtype=np.int64)
    while i >= 0:
        if i == n:
            _weigh(pool, limits, group, size, best)
            i -= 1
            continue
        if choice[i] >= 0:
            size[group[i]] -= 1
        # Groups begun, one new, then the bench.
        placed = False
        choice[i] += 1
        while choice[i] <= groups:
            g = choice[i]
            if g > begun[i] and g < groups:
                choice[i] = groups
                continue
            room = size[g] < (most if g < groups else left_over)
            needed = 0
            for other in range(groups):
                needed += max(0, least - size[other] - int(other == g))
            if room and needed <= n - i - 1 and not _clashes(pool, group, i, g, groups):
                placed = True
                break
            choice[i] += 1
        if not placed:
            choice[i] = -1
            i -= 1
            continue
        group[i] = choice[i]
        size[group[i]] += 1
        begun[i + 1] = max(begun[i], group[i] + 1) if group[i] < groups else begun[i]
        i += 1


@compiled
def _clashes(pool: _Pool, group: I64, i: int, g: int, groups: int) -> bool:
    """Whether a hard conflict keeps person i out of a group, or a unit from going there, by those before i."""
    if pool.unit_of[i] >= 0:
        for j in range(i):
            if pool.unit_of[j] == pool.unit_of[i] and group[j] != g:
                return True
    if g == groups:
        return False
    rules = pool.rules
    for p in range(rules.conflict_start[i], rules.conflict_start[i + 1]):
        j = rules.conflict[p]
        if j < i and group[j] == g and rules.conflict_price[p] < 0:
            return True
    return False


@compiled
def _weigh(pool: _Pool, limits: I64, group: I64, size: I64, best: _Best) -> None:
    """Keep the present partition if it is the best so far."""
    ranks, mean, weakest, dear, placed = 0, 0.0, np.inf, 0.0, 0
    n = len(group)
    members = np.empty(n, dtype=np.int64)
    for g in range(limits[2]):
        if size[g] < limits[0]:
            return
        m = 0
        total = 0.0
        for i in range(n):
            if group[i] == g:
                ranks += pool.rank[i]
                for b in range(m):
                    total += pool.score[i, members[b]]
                members[m] = i
                m += 1
        value = 2.0 * total / (m * (m - 1))
        mean += m * value
        placed += m
        weakest = min(weakest, value)
        if pool.rules.any:
            hard, soft = violations(pool.rules, members, m, pool.scratch)
            if hard > 0:
                return
            dear += soft
    value = ((1.0 - pool.emphasis) * mean - dear) / placed + pool.emphasis * weakest
    found = best.ranks_and_value
    if ranks > found[0] or (ranks == found[0] and value > found[1] + 1e-9):
        found[0], found[1] = ranks, value
        best.group[:] = group
