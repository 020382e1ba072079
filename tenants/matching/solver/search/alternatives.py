"""For each person the best other place: what would the partition be worth if they were there?"""

from __future__ import annotations

import numpy as np

from tenants.matching.solver.compiled import compiled
from tenants.matching.solver.search.board import Aim, Board, Land, Wish, new_board, recount
from tenants.matching.solver.search.moves import homing
from tenants.matching.solver.search.rules import F64, I64, violations


def best_alternatives(land: Land, group: I64, aim: Aim) -> tuple[F64, I64, I64]:
    """Gain (at most 0 where nothing is better), group and counterpart of each person's best other place.

    A place is another group that has room, counterpart -1, or the place of somebody of another group, in
    exchange. Only what keeps all hard rules and sizes counts; where there is nothing the gain is -inf and the
    group -1. Gains are in units of the value times the people placed. Who moves as one with others, or is in
    no group, has no alternative.
    """
    board = new_board(land, group)
    recount(land, board, Wish(aim.share, 0.0, 0.0, 1.0, aim.strict))
    n = len(land.unit_of)
    gain, to, other = np.full(n, -np.inf), np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    _alternatives(land, board, aim, gain, to, other)
    return gain, to, other


@compiled
def three_lowest(values: F64) -> I64:
    """Where the lowest are, up to three, the lowest first."""
    found = np.full(min(3, len(values)), -1, dtype=np.int64)
    for at in range(len(values)):
        candidate = at
        for place in range(len(found)):
            if found[place] < 0 or values[candidate] < values[found[place]]:
                found[place], candidate = candidate, found[place]
                if candidate < 0:
                    break
    return found


@compiled
def _alternatives(land: Land, board: Board, aim: Aim, gain: F64, to: I64, other: I64) -> None:
    k, n = len(land.least), len(land.unit_of)
    means = np.empty(k)
    for g in range(k):
        means[g] = board.total[g] * land.mean[board.size[g]]
    order = three_lowest(means)
    for i in range(n):
        if land.unit_of[i] >= 0 or board.group[i] == k:
            continue
        gi = board.group[i]
        for j in range(n):
            gj = board.group[j]
            if gj in (k, gi) or land.unit_of[j] >= 0:
                continue
            both = land.score[i, j]
            one = board.total[gi] + board.pull[gi, j] - board.pull[gi, i] - both
            two = board.total[gj] + board.pull[gj, i] - board.pull[gj, j] - both
            change = _change(land, board, aim, means, order, gi, gj, one, two, 0)
            leaving = homing(land, i, gi, gj) + homing(land, j, gj, gi)
            change -= land.loyalty * leaving
            if change > gain[i] and (leaving <= 0 or board.away[0] + leaving <= land.leave):
                change -= _owed(land, board, i, j, gi, gj)
                if change > gain[i]:
                    gain[i], to[i], other[i] = change, gj, j
        if board.size[gi] > land.least[gi]:
            for gj in range(k):
                if gj != gi and board.size[gj] < land.most[gj]:
                    one = board.total[gi] - board.pull[gi, i]
                    two = board.total[gj] + board.pull[gj, i]
                    change = _change(land, board, aim, means, order, gi, gj, one, two, 1)
                    leaving = homing(land, i, gi, gj)
                    change -= land.loyalty * leaving
                    if change > gain[i] and (leaving <= 0 or board.away[0] + leaving <= land.leave):
                        change -= _owed(land, board, i, -1, gi, gj)
                        if change > gain[i]:
                            gain[i], to[i], other[i] = change, gj, -1


@compiled
def _change(
    land: Land,
    board: Board,
    aim: Aim,
    means: F64,
    order: I64,
    gi: int,
    gj: int,
    one: float,
    two: float,
    moved: int,
) -> float:
    """What the value gains, rules aside, if two groups had these sums of pairs and ``moved`` people changed over."""
    si, sj = board.size[gi] - moved, board.size[gj] + moved
    change = land.affinity[si] * one + land.affinity[sj] * two
    change -= land.affinity[board.size[gi]] * board.total[gi]
    change -= land.affinity[board.size[gj]] * board.total[gj]
    weakest = min(land.mean[si] * one, land.mean[sj] * two)
    for g in order:
        if g not in (gi, gj):
            weakest = min(weakest, means[g])
    return float(aim.share * change + aim.emphasis * (weakest - means[order[0]]))


@compiled
def _owed(land: Land, board: Board, i: int, j: int, gi: int, gj: int) -> float:
    """What the two groups would owe more if i went over for j, inf if a hard rule broke; j is -1 for nobody."""
    if not land.rules.any:
        return 0.0
    m, s = 0, 0
    for a in range(board.first[gi], board.first[gi] + board.size[gi]):
        if board.seat[a] != i:
            board.one[m] = board.seat[a]
            m += 1
    for a in range(board.first[gj], board.first[gj] + board.size[gj]):
        if board.seat[a] != j:
            board.other[s] = board.seat[a]
            s += 1
    if j >= 0:
        board.one[m] = j
        m += 1
    board.other[s] = i
    s += 1
    hard, soft = violations(land.rules, board.one, m, board.scratch)
    harder, softer = violations(land.rules, board.other, s, board.scratch)
    if hard + harder > 0:
        return np.inf
    return float(soft + softer - board.dear[gi] - board.dear[gj])
