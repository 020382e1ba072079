"""Rules as arrays, and what a group of people breaks of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.compiled import compiled

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
Bools = NDArray[np.bool_]


class Rules(NamedTuple):
    """All rules in three forms. A violation of rule r costs ``price``, or is broken where that is negative.

    **Counts**: how many members have a feature. Person i has ``feature[feature_start[i]:feature_start[i + 1]]``;
    of feature f a group may hold from ``least[f]`` to ``most[f]``, and not exactly one where ``lone[f]``.
    ``always`` lists the features whose absence can be a violation.

    **Conflicts**: ``conflict[conflict_start[i]:conflict_start[i + 1]]`` may not be with person i, at
    ``conflict_price`` each.

    **Commons**: bits that all members must have. Each row of ``span`` is (rule, first word, last word + 1);
    in every span of rule r at least ``need[r]`` bits must be common; ``unit[r]`` missing bits are one violation.
    """

    feature_start: I64
    feature: I64
    least: I64
    most: I64
    lone: Bools
    feature_price: F64
    always: I64
    conflict_start: I64
    conflict: I64
    conflict_price: F64
    bits: U64
    span: I64
    need: F64
    unit: F64
    common_price: F64
    any: bool


class Scratch(NamedTuple):
    """Room to count in: by feature (all 0), by person (all -1), by word of bits, and [hard, soft]."""

    tally: I64
    mark: I64
    free: U64
    cost: F64


def scratch_for(rules: Rules) -> Scratch:
    """Room for these rules."""
    return Scratch(
        tally=np.zeros(len(rules.least), dtype=np.int64),
        mark=np.full(len(rules.feature_start) - 1, -1, dtype=np.int64),
        free=np.zeros(rules.bits.shape[1], dtype=np.uint64),
        cost=np.zeros(2),
    )


def no_rules(people: int) -> Rules:
    """Nothing to keep."""
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    starts = np.zeros(people + 1, dtype=np.int64)
    return Rules(
        feature_start=starts,
        feature=whole,
        least=whole,
        most=whole,
        lone=np.zeros(0, dtype=np.bool_),
        feature_price=real,
        always=whole,
        conflict_start=starts,
        conflict=whole,
        conflict_price=real,
        bits=np.zeros((people, 0), dtype=np.uint64),
        span=np.zeros((0, 3), dtype=np.int64),
        need=real,
        unit=real,
        common_price=real,
        any=False,
    )


def restricted(rules: Rules, people: I64) -> Rules:
    """The rules among some of the people, renumbered in their order."""
    new = np.full(len(rules.feature_start) - 1, -1, dtype=np.int64)
    new[people] = np.arange(len(people))
    feature_start, taken = _rows(rules.feature_start, people)
    feature = rules.feature[taken]
    start, taken = _rows(rules.conflict_start, people)
    inside = new[rules.conflict[taken]] >= 0
    return rules._replace(
        feature_start=feature_start,
        feature=feature,
        conflict_start=np.concatenate([[0], np.cumsum(inside)])[start],
        conflict=new[rules.conflict[taken[inside]]],
        conflict_price=rules.conflict_price[taken[inside]],
        bits=np.ascontiguousarray(rules.bits[people]),
    )


def _rows(starts: I64, people: I64) -> tuple[I64, I64]:
    """Of ragged rows those of some people: where each begins among them, and their places in all."""
    lengths = starts[people + 1] - starts[people]
    new = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    places = np.arange(new[-1]) - np.repeat(new[:-1] - starts[people], lengths)
    return new, places


@compiled
def popcount(word: np.uint64) -> int:
    """Bits set in a word."""
    bits = 0
    while word:
        word &= word - np.uint64(1)
        bits += 1
    return bits


@compiled
def counted(rules: Rules, members: I64, m: int, count: I64, cost: F64) -> None:
    """Add violations of counts to cost = [hard, soft]; ``count`` is all zero before and after."""
    for a in range(m):
        for p in range(rules.feature_start[members[a]], rules.feature_start[members[a] + 1]):
            count[rules.feature[p]] += 1
    for a in range(m + 1):
        # After the features that members have come those that a group must have.
        start = rules.feature_start[members[a]] if a < m else 0
        stop = rules.feature_start[members[a] + 1] if a < m else len(rules.always)
        for p in range(start, stop):
            f = rules.feature[p] if a < m else rules.always[p]
            held = count[f]
            if held < 0:
                continue
            count[f] = -1
            amount = max(0, rules.least[f] - held) + max(0, held - rules.most[f])
            if rules.lone[f] and held == 1:
                amount += 1
            if amount > 0:
                if rules.feature_price[f] < 0:
                    cost[0] += amount
                else:
                    cost[1] += amount * rules.feature_price[f]
    for a in range(m):
        for p in range(rules.feature_start[members[a]], rules.feature_start[members[a] + 1]):
            count[rules.feature[p]] = 0
    for f in rules.always:
        count[f] = 0


@compiled
def commoned(rules: Rules, members: I64, m: int, free: U64, cost: F64) -> None:
    """Add violations of commons to cost = [hard, soft]: for each rule the worst of its spans."""
    if m == 0:
        return
    for w in range(rules.bits.shape[1]):
        free[w] = rules.bits[members[0], w]
        for a in range(1, m):
            free[w] &= rules.bits[members[a], w]
    worst = 0.0
    for s in range(len(rules.span)):
        r = rules.span[s, 0]
        bits = 0
        for w in range(rules.span[s, 1], rules.span[s, 2]):
            bits += popcount(free[w])
        worst = max(worst, (rules.need[r] - bits) / rules.unit[r])
        if s + 1 == len(rules.span) or rules.span[s + 1, 0] != r:
            if worst > 0:
                if rules.common_price[r] < 0:
                    cost[0] += worst
                else:
                    cost[1] += worst * rules.common_price[r]
            worst = 0.0


@compiled
def violations(rules: Rules, members: I64, m: int, scratch: Scratch) -> tuple[float, float]:
    """What a group of these m members breaks: amount of hard rules, price of soft ones."""
    cost = scratch.cost
    cost[:] = 0.0
    counted(rules, members, m, scratch.tally, cost)
    commoned(rules, members, m, scratch.free, cost)
    if len(rules.conflict):
        for a in range(m):
            scratch.mark[members[a]] = 1
        for a in range(m):
            i = members[a]
            for p in range(rules.conflict_start[i], rules.conflict_start[i + 1]):
                if rules.conflict[p] > i and scratch.mark[rules.conflict[p]] == 1:
                    if rules.conflict_price[p] < 0:
                        cost[0] += 1
                    else:
                        cost[1] += rules.conflict_price[p]
        for a in range(m):
            scratch.mark[members[a]] = -1
    return cost[0], cost[1]
