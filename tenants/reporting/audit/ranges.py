"""How far the numbers of a reading can be narrowed down: linear programs, and integer ones for small tables.

Points of the polytope found for one cell serve as proofs for all: whatever a point reaches is possible. Where no
point reaches far enough the cell's own programs decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds as Box
from scipy.optimize import LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from tenants.reporting.audit.reading import Cell, Contradiction, Reading

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
NEAR = 1e-6
OPTIMAL, INFEASIBLE = 0, 2


class Unfinished(RuntimeError):
    """A solver ended neither with an optimum nor with a proof that nothing is feasible."""


class Polytope:
    """All that could be true for a reader: parts with no number not shown in common, each looked at by itself."""

    def __init__(self, reading: Reading, largest: int = 0) -> None:
        """largest: a number up to which all are looked for at least, such as the largest of the exact counts.

        Raises Contradiction when nothing could be true.
        """
        self._fixed = reading.shown
        self.cells = reading.hidden()
        self.place = {cell: i for i, cell in enumerate(self.cells)}
        least = np.array([reading.least[cell] for cell in self.cells], dtype=float)
        self.cap = float(2 * max(largest, *reading.shown.values(), 0) + 1000 + 2 * least.sum())
        matrix, sums = self._system(reading)
        solid = np.array([cell in reading.small for cell in self.cells], dtype=bool)
        self._parts = list[tuple[Part, Ints]]()
        for rows, columns in _apart(matrix):
            # What is shown under a number that is not may be more in all than any number shown.
            cap = np.full(len(columns), self.cap + np.abs(sums[rows]).sum())
            part = Part(matrix[rows][:, columns], sums[rows], least[columns], cap, solid[columns])
            part.begin()
            self._parts.append((part, columns))
        self._find()

    def without(
        self, reading: Reading, own: Mapping[Cell, int], rows: Set[Cell], counts: Mapping[Cell, int] | None
    ) -> Polytope:
        """The same for whoever knows an own part of every number, of what is left: `reading` is that, of the cells in
        rows nothing. counts: all of the exact counts, if they are known; then what was found possible before serves.

        Raises Contradiction when nothing could be true.
        """
        found = copy(self)
        found._fixed, found._parts = reading.shown, []
        part = np.array([own[cell] for cell in self.cells], dtype=float)
        none = np.array([cell in rows for cell in self.cells], dtype=bool)
        truth = None if counts is None else np.array([counts[cell] for cell in self.cells], dtype=float)
        for each, columns in self._parts:
            mine, empty = part[columns], none[columns]
            if mine.any() or empty.any():
                left = each.without(mine, empty, None if truth is None else truth[columns])
                found._parts.append((left, columns))
            else:
                found._parts.append((each, columns))
        found._find()
        return found

    def _find(self) -> None:
        self._where = {
            int(column): (part, i) for part, columns in self._parts for i, column in enumerate(columns)
        }

    def range(self, cell: Cell) -> tuple[float, float]:
        """From where to where the cell has been seen to be possible."""
        if cell in self._fixed:
            return float(self._fixed[cell]), float(self._fixed[cell])
        part, place = self._where[self.place[cell]]
        return float(part.low[place]), float(part.high[place])

    def shows(self, cell: Cell) -> bool:
        """Whether the cell is known exactly."""
        return cell in self._fixed

    def reach(self, low: Mapping[Cell, float], high: Mapping[Cell, float], *, alone: bool = True) -> None:
        """Look until every cell is seen as low and as high as asked, or it is proved that it cannot be.

        alone=False: only as long as many can be moved together; then nothing is proved.
        """
        for goals, sign in ((high, 1), (low, -1)):
            asked: dict[Part, list[tuple[int, float]]] = {}
            for cell, goal in goals.items():
                if cell in self.place:
                    part, place = self._where[self.place[cell]]
                    asked.setdefault(part, []).append((place, goal))
            for part, those in asked.items():
                part.reach(those, sign, alone=alone)

    def _system(self, reading: Reading) -> tuple[csr_array, Floats]:
        """One row for each margin: what is not shown of it less what is not shown below it."""
        rows, columns, factors, sums = list[int](), list[int](), list[float](), list[float]()
        for cell, ways in reading.inner.items():
            for parts in ways:
                free = [(part, -1.0) for part in parts if part not in self._fixed]
                rest = float(sum(self._fixed[part] for part in parts if part in self._fixed))
                if cell in self._fixed:
                    rest -= self._fixed[cell]
                else:
                    free.append((cell, 1.0))
                if not free and rest:
                    raise Contradiction(f"{sorted(cell)} is not the sum of its parts.")
                if free:
                    rows += [len(sums)] * len(free)
                    columns += [self.place[part] for part, _ in free]
                    factors += [factor for _, factor in free]
                    sums.append(rest)
        shape = (len(sums), len(self.cells))
        return coo_array((factors, (rows, columns)), shape=shape).tocsr(), np.array(sums)


class Part:
    """The numbers not shown that some sums tie together. Shapes: one entry a number; ``solid``: looked at in whole
    numbers too."""

    def __init__(self, matrix: csr_array, sums: Floats, least: Floats, cap: Floats, solid: Bools) -> None:
        self._matrix, self._sums, self._least, self._solid, self._cap = matrix, sums, least, solid, cap
        self.low, self.high = np.full(len(least), np.inf), np.full(len(least), -np.inf)
        self._own = np.zeros(len(least))
        self.points: list[Floats] = []  # of the whole, without taking away an own part

    def begin(self) -> None:
        """Find any point. Raises Contradiction if there is none."""
        self._look(np.zeros(len(self._least)))

    def without(self, own: Floats, none: Bools, truth: Floats | None) -> Part:
        """What is left of these numbers without an own part, of some nothing. truth: the numbers themselves."""
        least = np.where(none, 0.0, np.maximum(0.0, self._least - own))
        cap = np.where(none, 0.0, self._cap)
        left = Part(self._matrix, self._sums - self._matrix @ own, least, cap, self._solid)
        if truth is None:
            left.begin()
        else:
            left._own, left.points = own, self.points
            left._between(truth - own, np.array(self.points) - own)
        return left

    def _between(self, truth: Floats, points: Floats) -> None:
        """Note the truth, and of the ways from there to points that others found as much as is possible here."""
        towards = points - truth
        share = np.full(towards.shape, np.inf)
        for room, those in ((self._least - truth, towards < 0), (self._cap - truth, towards > 0)):
            np.divide(room, towards, out=share, where=those)
        share = np.clip(share.min(axis=1), 0.0, 1.0)[:, None]
        are_whole = (np.abs(points - np.round(points)).max(axis=1) <= NEAR)[:, None]
        for seen, those in (
            (truth + towards * share, ~self._solid),
            (truth + towards * ((share == 1.0) & are_whole), self._solid),
        ):
            self.low[those], self.high[those] = seen[:, those].min(axis=0), seen[:, those].max(axis=0)
        self._widen(truth)

    def reach(self, goals: list[tuple[int, float]], sign: int, *, alone: bool) -> None:
        """Look for one kind of goals, as `Polytope.reach`."""
        shuffled = np.random.default_rng(0).permutation(len(goals))  # neighbours take each other's room
        self._in_bunches([goals[i] for i in shuffled], sign, alone=alone)

    def _in_bunches(self, goals: list[tuple[int, float]], sign: int, *, alone: bool) -> None:
        """Bunch after bunch, smaller where few of one are reached, down to one goal; that decides it."""
        size = len(goals)
        while goals := self._open(goals, sign):
            bunch, rest = goals[:size], goals[size:]
            if len(bunch) == 1:
                if not alone:
                    return
                self._alone(*bunch[0], sign)
                goals, size = rest, 2
                continue
            self._together(bunch, sign)
            still = self._open(bunch, sign)
            share = 1 - len(still) / len(bunch)
            goals = rest + still
            if share < 0.5:
                if not alone and share < 0.1:
                    return
                size = max(1, min(size, len(bunch)) // 2)
            else:
                size *= 2

    def _open(self, goals: list[tuple[int, float]], sign: int) -> list[tuple[int, float]]:
        if sign > 0:
            return [(place, goal) for place, goal in goals if self.high[place] < goal - NEAR]
        return [(place, goal) for place, goal in goals if self.low[place] > goal + NEAR]

    def _together(self, goals: list[tuple[int, float]], sign: int) -> None:
        """Move all that is asked, none beyond its goal so that none takes the room of the others."""
        places = np.array([place for place, _ in goals])
        wanted = np.array([goal for _, goal in goals])
        now = self._last[places]
        lower, upper = self._least.copy(), self._cap.copy()
        if sign > 0:
            upper[places] = np.minimum(self._cap[places], np.maximum(wanted, now))
        else:
            lower[places] = np.maximum(self._least[places], np.minimum(wanted, now))
        costs = np.zeros(len(self._least))
        costs[places] = -sign
        self._look(costs, lower, upper)

    def _alone(self, place: int, goal: float, sign: int) -> None:
        costs = np.zeros(len(self._least))
        costs[place] = -sign
        self._look(costs)
        if self._solid[place] and self._open([(place, goal)], sign):
            self._look_whole(costs)

    def _look(self, costs: Floats, lower: Floats | None = None, upper: Floats | None = None) -> None:
        """Solve, and note what the point found shows to be possible."""
        box = np.column_stack(
            [
                self._least if lower is None else lower,
                self._cap if upper is None else upper,
            ]
        )
        equal: Any = {"A_eq": self._matrix, "b_eq": self._sums} if len(self._sums) else {}
        found: Any = linprog(costs, bounds=box, method="highs", **equal)  # type: ignore[call-overload]
        if found.status == INFEASIBLE:
            raise Contradiction("Nothing that is released could be true together.")
        if found.status != OPTIMAL:
            raise Unfinished(found.message)
        self._note(found.x)

    def _look_whole(self, costs: Floats) -> None:
        constraints = [LinearConstraint(self._matrix, self._sums, self._sums)] if len(self._sums) else []
        found = milp(
            costs,
            constraints=constraints,
            bounds=Box(self._least, self._cap),
            integrality=np.ones(len(costs), dtype=int),
        )
        if found.status != OPTIMAL or found.x is None:
            raise Unfinished(found.message)
        self._note(np.round(found.x))

    def _note(self, point: Floats) -> None:
        """Where whole numbers matter only a whole point shows anything."""
        self.points.append(point + self._own)
        self._widen(point)

    def _widen(self, point: Floats) -> None:
        self._last = point
        whole = np.abs(point - np.round(point)).max() <= NEAR
        shown = np.ones(len(point), dtype=bool) if whole else ~self._solid
        np.minimum(self.low, point, out=self.low, where=shown)
        np.maximum(self.high, point, out=self.high, where=shown)


def _apart(matrix: csr_array) -> list[tuple[Ints, Ints]]:
    """The rows and columns of each part of a system, so that no row has entries in two of them."""
    height, width = matrix.shape
    entries = matrix.tocoo()
    ties = coo_array(
        (np.ones(entries.nnz), (entries.row, entries.col + height)), shape=(height + width, height + width)
    )
    number, labels = connected_components(ties, directed=False)
    rows, columns = labels[:height], labels[height:]
    return [
        (np.flatnonzero(rows == each), np.flatnonzero(columns == each))
        for each in range(number if width else 0)
    ]
