"""Linear programs over moves away from the true counts: what an attacker cannot tell from them.

A move d adds d_j to each cell j and keeps every sum: A d = 0 with A the joint system. The true counts plus a
move that leaves all shown cells alone and no hidden one under its least value are just as possible for who
sees the release. Every variable is capped and every status checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from tenants.reporting.suppression.solving import (
    UnsolvedProgram,
    bounds,
    costs,
    solved,
    solver_of,
    whole_numbers,
)
from tenants.reporting.suppression.system import Bools, Floats, Ints

TOLERANCE = 1e-6
"""Smaller moves are none: HiGHS keeps its rows to 1e-7."""


@dataclass(frozen=True)
class View:
    """What somebody who attacks knows besides the release, and what must stay possible for him.

    ``floor``     the least each hidden cell can be for him.
    ``fixed``     cells that he knows anyway.
    ``low, high`` what each count must, as far as he can tell, reach down and up to; its own value if there is no need.
    """

    floor: Floats
    fixed: Bools
    low: Floats
    high: Floats

    def part(self, cells: Ints) -> View:
        """What is known and asked of these cells."""
        return View(self.floor[cells], self.fixed[cells], self.low[cells], self.high[cells])

    def asking_of(self, cells: Bools, values: Ints) -> View:
        """The same, but nothing is asked of other cells than these."""
        low, high = np.where(cells, self.low, values), np.where(cells, self.high, values)
        return View(self.floor, self.fixed, low, high)


def cap_of(values: Ints, threshold: int) -> float:
    """How far a move goes at most: more than any need, and a number that the solver can well handle."""
    return float(2 * values.max(initial=0) + 100 * threshold)


class Attack:
    """Looks for moves among the hidden cells alone, for one view."""

    def __init__(self, matrix: csr_array, values: Ints, view: View, hidden: Bools, cap: float) -> None:
        """matrix: that of a System, or of some of its columns. The others: one entry a column."""
        self.view = view
        self.whole = False  # whether only moves of whole people count
        self._size = len(values)
        self._down = np.where(view.fixed, 0.0, np.minimum(view.floor - values, 0.0))
        self._up = np.where(view.fixed, 0.0, cap)
        self.rise = view.high - values
        self.fall = values - view.low
        self._matrix = matrix
        self._started: highspy.Highs | None = None
        self.moves: list[Floats] = []
        self._highest = self._lowest = still = np.zeros(self._size)
        self.learn(still)
        self._hidden = hidden.copy()

    def allow(self, cells: Ints, *, hidden: bool) -> None:
        """Hide or show these cells from now on. Moves that need them while they are shown are forgotten."""
        self._hidden[cells] = hidden
        if not hidden:
            self.keep([each for each in self.moves if (np.abs(each[cells]) < TOLERANCE).all()])
        self._bound(cells, np.full(len(cells), hidden))

    def learn(self, move: Floats) -> None:
        """Keep a move that is possible for this view."""
        if self.whole and np.abs(move - np.round(move)).max() > TOLERANCE:
            return
        self.moves = [*self.moves, move]
        self._highest, self._lowest = np.maximum(self._highest, move), np.minimum(self._lowest, move)

    def borrow(self, moves: list[Floats]) -> None:
        """Of moves among the hidden cells that are possible for other views learn, as far as they are for this one,
        those that help it.
        """
        up, down = self.open_needs()
        if not moves or not (up.any() or down.any()):
            return
        found = np.array(moves)
        room = np.full(found.shape, np.inf)
        for limit, those in ((self._low(self._all), found < 0), (self._high(self._all), found > 0)):
            np.divide(limit, found, out=room, where=those)
        share = np.minimum(1.0, room.min(axis=1))
        if self.whole:
            share = np.floor(share + TOLERANCE)
        found *= share[:, None]
        helpful = {*found[:, up].argmax(axis=0).tolist(), *found[:, down].argmin(axis=0).tolist()}
        for each in sorted(helpful):
            self.learn(found[each])

    def keep(self, moves: list[Floats]) -> None:
        """Know these moves and no others. There is always that of nothing at all."""
        self.moves = moves
        self._highest, self._lowest = np.max(moves, axis=0), np.min(moves, axis=0)

    def open_needs(self) -> tuple[Bools, Bools]:
        """Which counts no known move brings as high, and which none as low, as they must reach."""
        return self._highest < self.rise - TOLERANCE, -self._lowest < self.fall - TOLERANCE

    def together(self) -> tuple[Bools, Bools]:
        """What stays open after moving all that is open at once, up and down, as long as it helps."""
        up, down = self.open_needs()
        while up.any() or down.any():
            before = up.sum() + down.sum()
            for sign, wanted in ((1, up), (-1, down)):
                if wanted.any():
                    self.learn(self._most(np.flatnonzero(wanted), sign))
            up, down = self.open_needs()
            if up.sum() + down.sum() > 0.9 * before:
                break
        return up, down

    def alone(self, cell: int, sign: int) -> bool:
        """Whether some move brings this one count as high (sign 1) or as low (-1) as it must reach."""
        self.learn(self._most(np.array([cell]), sign))
        if self.whole and self.is_open(cell, sign):
            with whole_numbers(self._solver):
                self.learn(np.round(self._most(np.array([cell]), sign)))
        return not self.is_open(cell, sign)

    def is_open(self, cell: int, sign: int) -> bool:
        """Whether no known move brings this one count as high (sign 1) or as low (-1) as it must reach."""
        if sign > 0:
            return bool(self._highest[cell] < self.rise[cell] - TOLERANCE)
        return bool(-self._lowest[cell] < self.fall[cell] - TOLERANCE)

    def step(self, cell: int, sign: int) -> float:
        """How far this count must move up (sign 1) or down (-1)."""
        return float(self.rise[cell] if sign > 0 else -self.fall[cell])

    def holds(self) -> bool:
        """Whether every need is met."""
        up, down = self.together()
        for sign, wanted in ((1, up), (-1, down)):
            for cell in np.flatnonzero(wanted):
                if self.is_open(int(cell), sign) and not self.alone(int(cell), sign):
                    return False
        return True

    def _most(self, cells: Ints, sign: int) -> Floats:
        """The move with the greatest sum over the cells, none of which goes further than it must."""
        movable = self._hidden[cells]
        if sign > 0:
            bounds(self._solver, cells, self._low(cells), np.where(movable, self.rise[cells], 0.0))
        else:
            bounds(self._solver, cells, np.where(movable, -self.fall[cells], 0.0), self._high(cells))
        costs(self._solver, cells, np.full(len(cells), -float(sign)))
        move = solved(self._solver)
        costs(self._solver, cells, np.zeros(len(cells)))
        self._bound(cells, movable)
        if move is None:
            raise UnsolvedProgram("To move nothing is always possible.")
        return move

    @property
    def _all(self) -> Ints:
        return np.arange(self._size)

    @property
    def _solver(self) -> highspy.Highs:
        """Made when it is first needed: most views learn all that they need from others."""
        if self._started is None:
            self._started = solver_of(self._matrix)
            self._bound(self._all, self._hidden)
        return self._started

    def _low(self, cells: Ints) -> Floats:
        return np.asarray(np.where(self._hidden[cells], self._down[cells], 0.0))

    def _high(self, cells: Ints) -> Floats:
        return np.asarray(np.where(self._hidden[cells], self._up[cells], 0.0))

    def _bound(self, cells: Ints, hidden: Bools) -> None:
        if self._started is not None:
            lower, upper = np.where(hidden, self._down[cells], 0.0), np.where(hidden, self._up[cells], 0.0)
            bounds(self._started, cells, lower, upper)


class Cover:
    """Looks for the cheapest move when all cells may be hidden: min sum of w_j |d_j|, with w = 0 where they are.

    After Fischetti and Salazar (2001) and the flow heuristics before them: the move's cells, hidden, protect.
    """

    def __init__(self, matrix: csr_array, values: Ints, cap: float) -> None:
        """matrix: the columns of the cells that are hidden or may be. Each has a column up and one down here."""
        self._values, self._cap = values, cap
        self._size = len(values)
        self._solver = solver_of(hstack([matrix, -matrix], format="csr"))

    def cheapest_whole(self, view: View, cell: int, step: float, weights: Floats) -> Floats | None:
        """The cheapest move of whole people with d = step at the cell, None if there is none."""
        with whole_numbers(self._solver):
            found = self.cheapest(view, cell, step, weights)
        return None if found is None else np.round(found)

    def cheapest(self, view: View, cell: int, step: float, weights: Floats) -> Floats | None:
        """The cheapest move with d = step at the cell, None if there is none."""
        size = self._size
        up = np.where(view.fixed, 0.0, self._cap)
        down = np.where(view.fixed, 0.0, np.maximum(self._values - view.floor, 0.0))
        lower = np.zeros(2 * size)
        upper = np.concatenate([up, down])
        forward, backward = (cell, cell + size) if step > 0 else (cell + size, cell)
        if upper[forward] < abs(step) - TOLERANCE:
            return None
        lower[forward] = upper[forward] = abs(step)
        upper[backward] = 0.0
        columns = np.arange(2 * size)
        bounds(self._solver, columns, lower, upper)
        costs(self._solver, columns, np.concatenate([weights, weights]))
        self._solver.setBasis()  # of no move at all: dual feasible, as no weight is negative
        found = solved(self._solver)
        return None if found is None else found[:size] - found[size:]


def blocks(matrix: csr_array, free: Bools) -> Iterator[Ints]:
    """These cells in blocks no two of which have a sum in common."""
    cells = np.flatnonzero(free)
    part = matrix[:, cells].tocoo()
    rows, size = part.shape[0], sum(part.shape)
    links = coo_array((np.ones(part.nnz), (part.row, part.col + rows)), shape=(size, size))
    label = connected_components(links, directed=False)[1][rows:]
    for each in dict.fromkeys(label.tolist()):
        yield cells[label == each]
