"""The linear program over the groups known so far, and the prices at its optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

from tenants.matching.solver.bounds.shape import Floats, Shape
from tenants.matching.solver.model import Group

MISSED = 20.0
"""What everybody without a place costs, in units of one member's affinity."""


class Unsolved(ArithmeticError):
    """The linear program has no solution, or rounding hides it."""


@dataclass(frozen=True)
class Prices:
    """Dual values: ``person`` (n,) what a place in a group costs, ``floor`` what a group of each of
    ``Shape.allowed`` costs."""

    person: Floats
    floor: Floats

    def nearer(self, other: Prices, share: float) -> Prices:
        """The prices on the way from these to others, after a share of it."""
        return Prices(
            self.person + share * (other.person - self.person),
            self.floor + share * (other.floor - self.floor),
        )


class Master:
    """Choose shares x of groups of the greatest mean value.

    Everybody is in one group in all (at most one if not all are placed), and the numbers of groups are those of
    the shape, or fewer at a price: the groups known need not suffice for a partition.
    """

    def __init__(self, people: int, shape: Shape) -> None:
        self._people, self._shape = people, shape
        self._columns: list[tuple[Group, float]] = []
        self._build()

    def add(self, group: Group, value: float) -> None:
        """Add a group worth ``value``."""
        self._columns.append((group, value))
        self._enter(group, value)

    def solve(self) -> tuple[float, Prices]:
        """The optimum and its prices. Raises :class:`Unsolved`."""
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            # It is where the run before ended that rounding makes difficult, seldom the program.
            self._build()
            if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
                raise Unsolved
        person = np.array([row.dual_value() for row in self._person])
        if self._shape.placed < self._people:
            person = np.maximum(person, 0.0)
        counts = np.array([row.dual_value() for row in self._counts])
        place = 0.0 if self._placed is None else self._placed.dual_value()
        floor = counts + np.array(self._shape.allowed) * place
        return float(self._solver.Objective().Value()), Prices(person, floor)

    def _build(self) -> None:
        shape, people = self._shape, self._people
        self._solver = solver = pywraplp.Solver.CreateSolver("GLOP")
        # Without presolve each run starts from the optimum of the run before.
        solver.SetSolverSpecificParametersAsString("use_preprocessing: false")
        solver.Objective().SetMaximization()
        everybody = shape.placed == people
        self._person = [solver.Constraint(1.0 if everybody else 0.0, 1.0) for _ in range(people)]
        # Where everybody is placed, or the sizes are known, the other rows say how many are.
        told = everybody or shape.sizes is not None
        self._placed = None if told else solver.Constraint(float(shape.placed), float(shape.placed))
        counts = [shape.groups] if shape.sizes is None else [shape.sizes[size] for size in shape.allowed]
        self._counts = [solver.Constraint(float(count), float(count)) for count in counts]
        for row in self._person if everybody else []:
            self._miss(row, 1)
        for row in self._counts:
            self._miss(row, shape.most)
        if self._placed is not None:
            self._miss(self._placed, 1)
        for group, value in self._columns:
            self._enter(group, value)

    def _miss(self, row: pywraplp.Constraint, people: int) -> None:
        missing = self._solver.NumVar(0.0, self._solver.infinity(), "")
        row.SetCoefficient(missing, 1.0)
        self._solver.Objective().SetCoefficient(missing, -MISSED * people / self._shape.placed)

    def _enter(self, group: Group, value: float) -> None:
        size = len(group)
        share = self._solver.NumVar(0.0, self._solver.infinity(), "")
        self._solver.Objective().SetCoefficient(share, size * value / self._shape.placed)
        for i in group:
            self._person[i].SetCoefficient(share, 1.0)
        if self._placed is not None:
            self._placed.SetCoefficient(share, float(size))
        at = 0 if self._shape.sizes is None else self._shape.allowed.index(size)
        self._counts[at].SetCoefficient(share, 1.0)
