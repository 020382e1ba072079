"""One step of the search: exchange two people, move one, or exchange two sets of people, if chance allows.

A change that gains d in what is being climbed (:class:`~tenants.matching.solver.search.board.Wish`) is made with
probability min(1, exp(d / T)) at temperature T (Metropolis et al. 1953), drawn as d > -T x, x exponential.
The x come from a table, and whole rows of exchanges are compared with it before anything else is
looked at. That filter takes each group's worth as linear in its sum of pairs and its violations as gone;
worth is concave and violations are never negative, so it refuses nothing that the exact test would let pass.
"""

from __future__ import annotations

import numpy as np

from tenants.matching.solver.compiled import compiled
from tenants.matching.solver.search.board import (
    Board,
    Land,
    Wish,
    tilt,
    worth,
)
from tenants.matching.solver.search.rules import violations

TINY = 1e-7
"""Gains within this of zero are rounding."""


@compiled
def seat(board: Board, i: int, g: int) -> None:
    """Give a person the next seat of a group."""
    board.group[i] = g
    board.place[i] = board.first[g] + board.size[g]
    board.seat[board.place[i]] = i
    board.size[g] += 1


@compiled
def unseat(board: Board, i: int) -> None:
    """Take a person's seat away; the last of the group takes it."""
    g = board.group[i]
    board.size[g] -= 1
    last = board.seat[board.first[g] + board.size[g]]
    board.seat[board.place[i]] = last
    board.place[last] = board.place[i]


@compiled
def homing(land: Land, i: int, before: int, after: int) -> int:
    """1 if the person leaves home, -1 if they return, else 0."""
    if land.home[i] < 0:
        return 0
    return int(land.home[i] == before) - int(land.home[i] == after)


@compiled
def judged(land: Land, board: Board, wish: Wish, one: int, other: int, m: int, l: int) -> float:  # noqa: E741
    """Gain by the rules if two groups had the members now in the scratch lists of lengths m and l."""
    k = len(land.least)
    hard, soft = 0.0, 0.0
    if one < k:
        hard, soft = violations(land.rules, board.one, m, board.scratch)
    if other < k:
        more, dearer = violations(land.rules, board.other, l, board.scratch)
        hard, soft = hard + more, soft + dearer
    hard -= board.broken[one] + board.broken[other]
    return float(-wish.strict * hard - (soft - board.dear[one] - board.dear[other]))


@compiled
def assess(land: Land, board: Board, g: int) -> None:
    """Note what a group breaks, after a change."""
    if g < len(land.least) and land.rules.any:
        members = board.seat[board.first[g] : board.first[g] + board.size[g]]
        board.broken[g], board.dear[g] = violations(land.rules, members, len(members), board.scratch)


@compiled
def may_leave_bench(land: Land, i: int, j: int, gi: int, gj: int) -> bool:
    """Whether an exchange benches nobody of higher rank than who leaves the bench."""
    k = len(land.least)
    if gi == k:
        return bool(land.rank[i] >= land.rank[j])
    if gj == k:
        return bool(land.rank[j] >= land.rank[i])
    return True


@compiled
def exchange(land: Land, board: Board, wish: Wish, i: int, j: int, least_gain: float) -> float:
    """Exchange two people of different groups if that gains more than ``least_gain``; the gain, else NaN."""
    k = len(land.least)
    gi, gj = board.group[i], board.group[j]
    both = land.score[i, j]
    one = 0.0 if gi == k else float(board.pull[gi, j] - board.pull[gi, i] - both)
    other = 0.0 if gj == k else float(board.pull[gj, i] - board.pull[gj, j] - both)
    gain = worth(land, wish, gi, board.total[gi] + one, board.size[gi])
    gain += worth(land, wish, gj, board.total[gj] + other, board.size[gj])
    gain -= worth(land, wish, gi, board.total[gi], board.size[gi])
    gain -= worth(land, wish, gj, board.total[gj], board.size[gj])
    leaving = homing(land, i, gi, gj) + homing(land, j, gj, gi)
    gain -= land.loyalty * leaving
    if not may_leave_bench(land, i, j, gi, gj) or (leaving > 0 and board.away[0] + leaving > land.leave):
        return np.nan
    slack = wish.strict * (board.broken[gi] + board.broken[gj]) + board.dear[gi] + board.dear[gj]
    if gain + slack <= least_gain:
        return np.nan
    if land.rules.any:
        for a in range(board.size[gi]):
            member = board.seat[board.first[gi] + a]
            board.one[a] = j if member == i else member
        for a in range(board.size[gj]):
            member = board.seat[board.first[gj] + a]
            board.other[a] = i if member == j else member
        gain += judged(land, board, wish, gi, gj, board.size[gi], board.size[gj])
        if gain <= least_gain:
            return np.nan
    pi, pj = board.place[i], board.place[j]
    board.seat[pi], board.seat[pj], board.place[i], board.place[j] = j, i, pj, pi
    board.group[i], board.group[j] = gj, gi
    board.total[gi] += one
    board.total[gj] += other
    board.away[0] += leaving
    pull_i, pull_j = board.pull[gi], board.pull[gj]
    score_i, score_j = land.score[i], land.score[j]
    if gi < k:
        for x in range(len(pull_i)):
            pull_i[x] += score_j[x] - score_i[x]
    if gj < k:
        for x in range(len(pull_j)):
            pull_j[x] += score_i[x] - score_j[x]
    for g in (gi, gj):
        assess(land, board, g)
        tilt(land, board, wish, g)
    return gain


@compiled
def leave(land: Land, board: Board, i: int) -> None:
    """Take a person out of the group, and of its pulls."""
    g = board.group[i]
    unseat(board, i)
    if g < len(land.least):
        for x in range(land.score.shape[1]):
            board.pull[g, x] -= land.score[i, x]


@compiled
def enter(land: Land, board: Board, i: int, to: int) -> None:
    """Seat a person who has left in another group, and add to its pulls."""
    seat(board, i, to)
    if to < len(land.least):
        for x in range(land.score.shape[1]):
            board.pull[to, x] += land.score[i, x]


@compiled
def relocate(land: Land, board: Board, wish: Wish, i: int, to: int, least_gain: float) -> float:
    """Move a person to another group, which has room, if that gains more than ``least_gain``; the gain, else NaN."""
    g = board.group[i]
    less, more = board.total[g] - board.pull[g, i], board.total[to] + board.pull[to, i]
    gain = worth(land, wish, g, less, board.size[g] - 1)
    gain += worth(land, wish, to, more, board.size[to] + 1)
    gain -= worth(land, wish, g, board.total[g], board.size[g])
    gain -= worth(land, wish, to, board.total[to], board.size[to])
    leaving = homing(land, i, g, to)
    gain -= land.loyalty * leaving
    if leaving > 0 and board.away[0] + leaving > land.leave:
        return np.nan
    slack = wish.strict * (board.broken[g] + board.broken[to]) + board.dear[g] + board.dear[to]
    if gain + slack <= least_gain:
        return np.nan
    if land.rules.any:
        m = 0
        for a in range(board.first[g], board.first[g] + board.size[g]):
            if board.seat[a] != i:
                board.one[m] = board.seat[a]
                m += 1
        for a in range(board.size[to]):
            board.other[a] = board.seat[board.first[to] + a]
        board.other[board.size[to]] = i
        gain += judged(land, board, wish, g, to, m, board.size[to] + 1)
        if gain <= least_gain:
            return np.nan
    board.away[0] += leaving
    leave(land, board, i)
    enter(land, board, i, to)
    board.total[g], board.total[to] = less, more
    for each in (g, to):
        assess(land, board, each)
        tilt(land, board, wish, each)
    return gain
