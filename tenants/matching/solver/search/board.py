"""The arrays that the compiled search works on: what stays, what moves, and how both are kept in step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.compiled import compiled
from tenants.matching.solver.search.rules import F64, I64, Rules, Scratch, scratch_for, violations

LANES = 32
"""People whose exchange is weighed at once; rows of scores are padded to a multiple of it."""

NEVER = np.float32(-1e30)

SHARPENING = 0.03
SHARPEST = 2000.0
"""What was best of 0.01 to 0.2 on rosters of 400 to 4,500 people; mean pairs that are 0.001 apart are told apart."""

LOWEST = 40.0
"""Exponent of e above which a weakness grows no longer but in proportion: single precision ends at 88."""

F32 = NDArray[np.float32]


class Land(NamedTuple):
    """What stays as it is. Groups are 0..k-1; k is the bench of people in no group; k+1 pads the rows.

    ``score``     (n, n padded) pair scores.
    ``affinity``  by size: what a group's sum of pairs is worth to the mean part of the value.
    ``mean``      by size: what makes the mean pair of the sum of pairs.
    ``least``, ``most``  sizes of each group.
    ``unit_start``, ``unit``, ``unit_of``  people who move as one; ``unit_of`` is -1 for who moves alone.
    ``rank``      who leaves the bench first: an exchange never benches the higher rank.
    ``home``      the group to come back to, or -1; ``loyalty`` what one person away from home costs;
                  ``leave`` how many may be away.
    ``paired``    whether exchanges of two for two are worth trying.
    """

    score: F32
    affinity: F64
    mean: F64
    least: I64
    most: I64
    unit_start: I64
    unit: I64
    unit_of: I64
    rank: I64
    home: I64
    loyalty: float
    leave: int
    paired: bool
    rules: Rules


class Board(NamedTuple):
    """Where everybody is, and sums that follow from it.

    ``group`` (n padded,); ``seat[first[g] : first[g] + size[g]]`` are the members of g, ``place`` the seat of each.
    ``pull[g, i]`` sum of scores of i with the members of g; ``total[g]`` sum over the pairs of g.
    ``slope[g]``  gain for each unit of ``total[g]``; ``lean`` the slope of each person's group;
    ``base``      what leaving the own group costs each person at that slope, NEVER for who may not move alone.
    ``broken``, ``dear``  violations of hard rules and price of soft ones, by group.
    ``away``      [people not at home]. What follows is scratch.
    """

    group: I64
    first: I64
    seat: I64
    place: I64
    size: I64
    total: F64
    pull: F32
    slope: F32
    lean: F32
    base: F32
    broken: F64
    dear: F64
    away: I64
    scratch: Scratch
    one: I64
    other: I64


class Aim(NamedTuple):
    """What a search climbs.

    ``share``     of the mean part, the sum of members' affinity.
    ``emphasis``  what the weakest group's mean pair weighs beside it; :func:`soft_weakest` stands for it on the way.
    ``steep``     without emphasis, what the soft weakest of these and of other groups weighs, which is near ``floor``
                  at a sharpness of ``sharp``.
    ``strict``    what a violation of a hard rule weighs.
    """

    share: float
    emphasis: float = 0.0
    steep: float = 0.0
    floor: float = 0.0
    sharp: float = 1.0
    strict: float = 1.0


class Wish(NamedTuple):
    """What one sweep climbs: ``share`` of the mean part; ``steep`` times the soft weakest, ``floor`` at ``sharp``, in
    its linear part: -exp(sharp * (floor - v)) / sharp for a group's mean pair v; ``strict`` for each violation of a
    hard rule."""

    share: float
    steep: float = 0.0
    floor: float = 0.0
    sharp: float = 1.0
    strict: float = 1.0


def padded(score: NDArray[np.floating]) -> F32:
    """Pair scores as the search wants them: single precision, rows padded to a multiple of LANES."""
    n = len(score)
    rows = np.zeros((n, -(-n // LANES) * LANES), dtype=np.float32)
    rows[:, :n] = score
    return rows


def new_board(land: Land, group: I64) -> Board:
    """A board with everybody in ``group`` (n,), which has the bench as number k; call :func:`recount` next."""
    n, padded = land.score.shape
    k = len(land.least)
    everywhere = np.full(padded, k + 1, dtype=np.int64)
    everywhere[:n] = group
    room = np.append(land.most, n)
    return Board(
        group=everywhere,
        first=np.concatenate([[0], np.cumsum(room)]).astype(np.int64),
        seat=np.zeros(int(room.sum()), dtype=np.int64),
        place=np.zeros(n, dtype=np.int64),
        size=np.zeros(k + 1, dtype=np.int64),
        total=np.zeros(k + 1),
        pull=np.zeros((k + 2, padded), dtype=np.float32),
        slope=np.zeros(k + 2, dtype=np.float32),
        lean=np.zeros(padded, dtype=np.float32),
        base=np.full(padded, NEVER, dtype=np.float32),
        broken=np.zeros(k + 2),
        dear=np.zeros(k + 2),
        away=np.zeros(1, dtype=np.int64),
        scratch=scratch_for(land.rules),
        one=np.zeros(n, dtype=np.int64),
        other=np.zeros(n, dtype=np.int64),
    )


@compiled
def tilt(land: Land, board: Board, wish: Wish, g: int) -> None:
    """Set the slope of a group, and of its members, from its present size and sum."""
    k = len(land.least)
    slope = 0.0
    if g < k:
        size = board.size[g]
        slope = wish.share * land.affinity[size]
        if wish.steep > 0:
            low = wish.sharp * (wish.floor - board.total[g] * land.mean[size])
            slope += wish.steep * land.mean[size] * np.exp(min(low, LOWEST))
    board.slope[g] = slope
    for a in range(board.first[g], board.first[g] + board.size[g]):
        i = board.seat[a]
        board.lean[i] = slope
        board.base[i] = NEVER
        if land.unit_of[i] < 0:
            board.base[i] = -slope * board.pull[g, i]
            if land.home[i] >= 0 and land.home[i] != g:
                board.base[i] += land.loyalty


@compiled
def recount(land: Land, board: Board, wish: Wish) -> None:
    """Work out everything that follows from ``board.group``, so that no error of rounding adds up."""
    n, padded = land.score.shape
    k = len(land.least)
    board.size[:] = 0
    board.pull[:] = 0
    board.away[0] = 0
    for i in range(n):
        g = board.group[i]
        board.place[i] = board.first[g] + board.size[g]
        board.seat[board.place[i]] = i
        board.size[g] += 1
        if land.home[i] >= 0 and land.home[i] != g:
            board.away[0] += 1
        if g < k:
            for j in range(padded):
                board.pull[g, j] += land.score[i, j]
    for g in range(k + 1):
        members = board.seat[board.first[g] : board.first[g] + board.size[g]]
        board.total[g] = 0.0
        for i in members:
            board.total[g] += 0.5 * board.pull[g, i]
        board.broken[g], board.dear[g] = 0.0, 0.0
        if g < k and land.rules.any:
            board.broken[g], board.dear[g] = violations(land.rules, members, len(members), board.scratch)
        tilt(land, board, wish, g)


@compiled
def worth(land: Land, wish: Wish, g: int, total: float, size: int) -> float:
    """What a group with this sum of pairs and size is worth, rules aside."""
    if g >= len(land.least):
        return 0.0
    value = float(wish.share * land.affinity[size] * total)
    if wish.steep > 0:
        low = wish.sharp * (wish.floor - total * land.mean[size])
        lack = np.exp(min(low, LOWEST)) * (1.0 + max(0.0, low - LOWEST))
        value -= wish.steep / wish.sharp * lack
    return float(value)


@compiled
def sharpness(emphasis: float, groups: int, heat: float) -> float:
    """How sharp the soft weakest of so many groups is at a temperature: the warmer, the more groups count as weak.

    A group that is short by d outweighs all others once sharp * d exceeds log(groups); when all count alike it is
    worth emphasis * d / groups, which chance lets pass at about that heat.
    """
    if heat <= 0:
        return SHARPEST
    return float(min(SHARPEST, SHARPENING * np.log(groups) * emphasis / (groups * heat)))


@compiled
def soft_weakest(means: F64, sharp: float) -> float:
    """-log(sum of exp(-sharp * v)) / sharp over the groups' mean pairs v: below the lowest, and the nearer to it the
    sharper. Its slopes, which add up to 1, are each group's share of the weakness."""
    lowest = means.min()
    return float(lowest - np.log(np.exp(sharp * (lowest - means)).sum()) / sharp)
