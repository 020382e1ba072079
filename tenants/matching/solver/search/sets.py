"""Exchanges of sets of people: those who move as one, and pairs, where one alone would break a rule."""

from __future__ import annotations

import numpy as np

from tenants.matching.solver.compiled import compiled
from tenants.matching.solver.search.board import F32, Board, Land, Wish, tilt, worth
from tenants.matching.solver.search.moves import assess, enter, homing, judged, leave
from tenants.matching.solver.search.rules import I64


@compiled
def without_into(board: Board, g: int, come: I64, into: I64) -> int:
    """Write the members of a group less those marked plus others; how many they are."""
    m = 0
    for a in range(board.first[g], board.first[g] + board.size[g]):
        if board.scratch.mark[board.seat[a]] != 2:
            into[m] = board.seat[a]
            m += 1
    for i in come:
        into[m] = i
        m += 1
    return m


@compiled
def sum_of_pairs(score: F32, members: I64, m: int) -> float:
    """Sum of the scores of all pairs among the first m."""
    total = 0.0
    for a in range(m):
        for b in range(a):
            total += score[members[a], members[b]]
    return total


@compiled
def transfer(
    land: Land, board: Board, wish: Wish, gi: int, gj: int, go: I64, come: I64, least_gain: float
) -> float:
    """Move ``go`` from gi to gj and ``come`` from gj to gi if that keeps both sizes and gains more than
    ``least_gain``; the gain, else NaN. Nobody may be moved to or from the bench alone."""
    k = len(land.least)
    shift = len(come) - len(go)
    size_i, size_j = board.size[gi] + shift, board.size[gj] - shift
    if gi < k and not land.least[gi] <= size_i <= land.most[gi]:
        return np.nan
    if gj < k and not land.least[gj] <= size_j <= land.most[gj]:
        return np.nan
    leaving = 0
    for i in go:
        leaving += homing(land, i, gi, gj)
        board.scratch.mark[i] = 2
    for j in come:
        leaving += homing(land, j, gj, gi)
        board.scratch.mark[j] = 2
    m = without_into(board, gi, come, board.one)
    l = without_into(board, gj, go, board.other)  # noqa: E741
    board.scratch.mark[go] = -1
    board.scratch.mark[come] = -1
    if leaving > 0 and board.away[0] + leaving > land.leave:
        return np.nan
    total_i = 0.0 if gi == k else sum_of_pairs(land.score, board.one, m)
    total_j = 0.0 if gj == k else sum_of_pairs(land.score, board.other, l)
    gain = worth(land, wish, gi, total_i, size_i) + worth(land, wish, gj, total_j, size_j)
    gain -= worth(land, wish, gi, board.total[gi], board.size[gi])
    gain -= worth(land, wish, gj, board.total[gj], board.size[gj])
    gain -= land.loyalty * leaving
    if land.rules.any:
        gain += judged(land, board, wish, gi, gj, m, l)
    if gain <= least_gain:
        return np.nan
    board.away[0] += leaving
    # All leave before anybody enters: a full group has no seat to spare.
    for i in go:
        leave(land, board, i)
    for j in come:
        leave(land, board, j)
    for i in go:
        enter(land, board, i, gj)
    for j in come:
        enter(land, board, j, gi)
    board.total[gi], board.total[gj] = total_i, total_j
    for g in (gi, gj):
        assess(land, board, g)
        tilt(land, board, wish, g)
    return gain


@compiled
def some_of(land: Land, board: Board, g: int, wanted: int, rng: np.random.Generator) -> I64:
    """Members of a group, drawn at random, who move alone: ``wanted`` of them, or all that there are."""
    found = np.empty(board.size[g], dtype=np.int64)
    m = 0
    for a in range(board.first[g], board.first[g] + board.size[g]):
        if land.unit_of[board.seat[a]] < 0:
            found[m] = board.seat[a]
            m += 1
    taken = min(wanted, m)
    for a in range(taken):
        b = rng.integers(a, m)
        found[a], found[b] = found[b], found[a]
    return found[:taken]


@compiled
def move_unit(
    land: Land, board: Board, wish: Wish, u: int, least_gain: float, rng: np.random.Generator
) -> float:
    """Exchange people who move as one with a unit of their number, or with others, of a group drawn at random."""
    k = len(land.least)
    go = land.unit[land.unit_start[u] : land.unit_start[u + 1]]
    gi = board.group[go[0]]
    gj = int(rng.integers(0, k + (board.size[k] > 0)))
    if gj == gi:
        return np.nan
    number = len(go)
    if rng.integers(0, 2):
        for a in range(board.first[gj], board.first[gj] + board.size[gj]):
            v = land.unit_of[board.seat[a]]
            if v >= 0 and land.unit_start[v + 1] - land.unit_start[v] == number:
                come = land.unit[land.unit_start[v] : land.unit_start[v + 1]]
                return transfer(land, board, wish, gi, gj, go, come, least_gain)
    if gi < k and gj < k:
        number += int(rng.integers(-1, 2))
    come = some_of(land, board, gj, number, rng)
    if k in (gi, gj) and len(come) != len(go):
        return np.nan
    return transfer(land, board, wish, gi, gj, go, come, least_gain)


@compiled
def exchange_pair(
    land: Land, board: Board, wish: Wish, i: int, least_gain: float, rng: np.random.Generator
) -> float:
    """Exchange a person and another of the group with two of a group drawn at random."""
    k = len(land.least)
    gi, gj = board.group[i], int(rng.integers(0, k))
    if gi in (k, gj):
        return np.nan
    go = some_of(land, board, gi, 2, rng)
    come = some_of(land, board, gj, 2, rng)
    if len(go) < 2 or len(come) < 2:
        return np.nan
    if go[1] == i:
        go[1] = go[0]
    go[0] = i
    return transfer(land, board, wish, gi, gj, go, come, least_gain)
