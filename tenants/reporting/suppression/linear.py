"""Linear programs over moves away from the true counts: what an attacker cannot tell from them.

A move d adds d_j to each cell j and keeps every sum: A d = 0 with A the joint system. The true counts plus a
move that leaves all shown cells alone and no hidden one under its least value are just as possible for who
sees the release. Every variable is capped and every status checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from tenants.reporting.suppression.system import Bools, Floats, Ints

TOLERANCE = 1e-6
"""Smaller moves are none: HiGHS keeps its rows to 1e-7."""


class UnsolvedProgram(RuntimeError):
    """The solver did not say either optimal or infeasible."""


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
        self._solver = solver_of(matrix)
        self.moves: list[Floats] = []
        self._highest = self._lowest = still = np.zeros(self._size)
        self.learn(still)
        self._hidden = hidden.copy()
        self._bound(np.arange(self._size), hidden)

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

    def _low(self, cells: Ints) -> Floats:
        return np.asarray(np.where(self._hidden[cells], self._down[cells], 0.0))

    def _high(self, cells: Ints) -> Floats:
        return np.asarray(np.where(self._hidden[cells], self._up[cells], 0.0))

    def _bound(self, cells: Ints, hidden: Bools) -> None:
        lower, upper = np.where(hidden, self._down[cells], 0.0), np.where(hidden, self._up[cells], 0.0)
        bounds(self._solver, cells, lower, upper)


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


def solver_of(matrix: csr_array, sums: Floats | None = None) -> highspy.Highs:
    """A program in which each row of the matrix is to be its sum, or 0; all columns are 0 before they have bounds."""
    rows, size = matrix.shape
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = size, rows
    program.col_cost_ = program.col_lower_ = program.col_upper_ = np.zeros(size)
    program.row_lower_ = program.row_upper_ = np.zeros(rows) if sums is None else sums
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = matrix.indptr
    program.a_matrix_.index_ = matrix.indices
    program.a_matrix_.value_ = matrix.data
    solver = _Quiet()
    for option, value in (
        ("threads", 1),
        ("solver", "simplex"),
        ("presolve", "off"),
        ("mip_rel_gap", 0.0),
    ):
        solver.setOptionValue(option, value)
    if solver.passModel(program) == highspy.HighsStatus.kError:
        raise UnsolvedProgram("The solver refused the system.")
    return solver


class _Quiet(highspy.Highs):
    """A solver that prints nothing, not even its name when it is made: what we print is read by programs."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def enableCallbacks(self) -> None:  # noqa: N802 - the solver's word, and the first thing that prints
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


@contextmanager
def whole_numbers(solver: highspy.Highs) -> Iterator[None]:
    """Have the solver look for whole numbers only."""
    size = solver.getNumCol()
    columns = np.arange(size, dtype=np.int32)
    kinds = highspy.HighsVarType
    solver.changeColsIntegrality(size, columns, np.full(size, int(kinds.kInteger), dtype=np.uint8))
    try:
        yield
    finally:
        solver.changeColsIntegrality(size, columns, np.full(size, int(kinds.kContinuous), dtype=np.uint8))


def bounds(solver: highspy.Highs, columns: Ints, lower: Floats, upper: Floats) -> None:
    """Set the bounds of these columns."""
    solver.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)


def costs(solver: highspy.Highs, columns: Ints, costs: Floats) -> None:
    """Set what these columns cost."""
    solver.changeColsCost(len(columns), columns.astype(np.int32), costs)


def solved(solver: highspy.Highs) -> Floats | None:
    """The optimum, None if nothing is feasible. Raises UnsolvedProgram for any other end."""
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        raise UnsolvedProgram(f"The solver ended with {status}.")
    return np.array(solver.getSolution().col_value)
