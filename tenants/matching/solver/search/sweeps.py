"""Sweeps of the search over everybody, at a temperature that falls."""

from __future__ import annotations

import numpy as np

from tenants.matching.solver.compiled import compiled
from tenants.matching.solver.search.board import (
    F32,
    LANES,
    NEVER,
    Aim,
    Board,
    Land,
    Wish,
    recount,
    sharpness,
    soft_weakest,
    tilt,
    worth,
)
from tenants.matching.solver.search.moves import TINY, exchange, relocate
from tenants.matching.solver.search.rules import F64, I64
from tenants.matching.solver.search.sets import exchange_pair, move_unit


@compiled
def scan(
    land: Land, board: Board, wish: Wish, i: int, heat: float, noise: F32, at: int, chunk: int, row: F32
) -> float:
    """Exchange person i with the first other, from a place drawn at random on, whom chance lets pass."""
    gi = board.group[i]
    k = len(land.least)
    slack = np.float32(wish.strict * board.broken[gi] + board.dear[gi]) + board.base[i]
    for g in range(k):
        row[g] = board.slope[g] * board.pull[g, i] + slack
        row[g] += np.float32(wish.strict * board.broken[g] + board.dear[g])
    row[k], row[gi], row[k + 1] = slack, NEVER, NEVER
    slope, hot = board.slope[gi], np.float32(heat)
    group, base, lean, pull, score = board.group, board.base, board.lean, board.pull[gi], land.score[i]
    chunks, drawn = land.score.shape[1] // LANES, len(noise) - LANES
    for _ in range(chunks):
        start = chunk * LANES
        best = NEVER
        for q in range(LANES):
            j = start + q
            gain = slope * pull[j] + base[j] + row[group[j]] - (slope + lean[j]) * score[j]
            best = max(best, gain + hot * noise[at + q])
        if best > 0:
            for q in range(LANES):
                j = start + q
                gain = slope * pull[j] + base[j] + row[group[j]] - (slope + lean[j]) * score[j]
                if gain + hot * noise[at + q] > 0:
                    gained = exchange(land, board, wish, i, j, TINY - heat * noise[at + q])
                    if not np.isnan(gained):
                        return gained
        at = (at + LANES) % drawn
        chunk = (chunk + 1) % chunks
    return np.nan


@compiled
def sweep(
    land: Land, board: Board, wish: Wish, heat: float, noise: F32, rng: np.random.Generator, row: F32
) -> int:
    """Give everybody a chance to change places; how many changes made things worse."""
    n, k = len(land.unit_of), len(land.least)
    drawn = len(noise) - LANES
    worse = 0
    for i in range(n):
        at = int(rng.integers(0, drawn))
        bar = TINY - heat * noise[at]
        gained = np.nan
        unit = land.unit_of[i]
        if unit >= 0:
            if land.unit[land.unit_start[unit]] == i:
                gained = move_unit(land, board, wish, unit, bar, rng)
        else:
            g = board.group[i]
            to = int(rng.integers(0, k))
            if g < k and to != g and board.size[g] > land.least[g] and board.size[to] < land.most[to]:
                gained = relocate(land, board, wish, i, to, bar)
            if np.isnan(gained) and land.paired:
                gained = exchange_pair(land, board, wish, i, bar, rng)
            if np.isnan(gained):
                chunk = int(rng.integers(0, land.score.shape[1] // LANES))
                gained = scan(land, board, wish, i, heat, noise, at, chunk, row)
        worse += gained < -TINY
    return worse


@compiled
def value_of(land: Land, board: Board, wish: Wish, emphasis: float) -> float:
    """What is to be as large as possible, -inf while a hard rule is broken: the weakest group counts with
    ``emphasis``; without emphasis, the groups' part of the soft weakest."""
    value, weakest = -land.loyalty * board.away[0], np.inf
    for g in range(len(land.least)):
        if board.broken[g] > 0:
            return -np.inf
        value -= board.dear[g]
        if emphasis > 0:
            value += wish.share * land.affinity[board.size[g]] * board.total[g]
            weakest = min(weakest, land.mean[board.size[g]] * board.total[g])
        else:
            value += worth(land, wish, g, board.total[g], board.size[g])
    return float(value + emphasis * weakest) if emphasis > 0 else float(value)


@compiled
def cool(
    land: Land,
    board: Board,
    aim: Aim,
    heats: F64,
    noise: F32,
    rng: np.random.Generator,
    best: I64,
    best_value: F64,
) -> int:
    """One sweep at each of ``heats``; how many changes made things worse.

    Keeps the best that breaks no hard rule in ``best`` and ``best_value``.
    """
    k = len(land.least)
    row = np.empty(k + 2, dtype=np.float32)
    worse = 0
    for s in range(len(heats)):
        if s == 0:
            recount(land, board, Wish(aim.share, 0.0, 0.0, 1.0, aim.strict))
        steep, floor, sharp = aim.steep, aim.floor, aim.sharp
        if aim.emphasis > 0 and k > 1:
            steep, sharp = aim.emphasis, sharpness(aim.emphasis, k, heats[s])
            floor = soft_weakest(land.mean[board.size[:k]] * board.total[:k], sharp)
        wish = Wish(aim.share, steep, floor, sharp, aim.strict)
        for g in range(k + 1):
            tilt(land, board, wish, g)
        worse += sweep(land, board, wish, heats[s], noise, rng, row)
        value = value_of(land, board, wish, aim.emphasis)
        if value > best_value[0] + TINY:
            best_value[0] = value
            best[:] = board.group[: len(best)]
    return worse
