"""The fewest complementary cells, exactly: Benders' cuts over binary choices (Fischetti and Salazar 2001).

A master program chooses the cells to hide; for each count and direction a linear program looks how far it can move
with them. Where that is not enough its dual prices say what any choice must have, and the master gets that as a cut.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import lil_array


class Optimum:
    """One table with its exact values (one a cell), primary cells, and how low and high each must reach."""

    def __init__(self, system, values, low, high):
        self.values = np.asarray(values, dtype=float)
        self.low, self.high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        self.primary = (self.low < self.values) | (self.high > self.values)
        size = len(self.values)
        matrix = lil_array((len(system.sums), size))
        for row, (cell, parts) in enumerate(system.sums):
            matrix[row, cell] = 1.0
            for part in parts:
                matrix[row, part] = -1.0
        self.matrix = matrix.tocsr()
        self.free = (self.values > 0) & ~self.primary
        self.up = np.full(size, 10 * max(1.0, float((self.high - self.values).max())))
        self.down = np.maximum(self.values - 1, 0.0)
        self.rows, self.least = [], []

    def number(self, most_rounds=2000):
        """The optimal number of cells beside the primary ones."""
        for whole in (0, 1):  # cuts of the relaxed master are good cuts already
            for _ in range(most_rounds):
                chosen = self._master(whole)
                if not self._cut(chosen):
                    break
            else:
                raise AssertionError("no end of cuts")
        return round(chosen[self.free].sum())

    def _master(self, whole):
        size = len(self.values)
        upper = np.where(self.free | self.primary, 1.0, 0.0)
        lower = np.where(self.primary, 1.0, 0.0)
        constraints = [LinearConstraint(np.array(self.rows), self.least, np.inf)] if self.rows else []
        found = milp(
            self.free.astype(float),
            constraints=constraints,
            bounds=Bounds(lower, upper),
            integrality=np.full(size, whole),
        )
        assert found.status == 0, found.message
        return np.round(found.x) if whole else found.x

    def _cut(self, chosen):
        """Add what the choice lacks; whether it lacked anything."""
        before = len(self.rows)
        for cell in np.flatnonzero(self.primary):
            for sign, need in (
                (1, self.high[cell] - self.values[cell]),
                (-1, self.values[cell] - self.low[cell]),
            ):
                if need > 0:
                    self._cut_one(int(cell), sign, need, chosen)
        return len(self.rows) > before

    def _cut_one(self, cell, sign, need, chosen):
        costs = np.zeros(len(self.values))
        costs[cell] = -sign
        box = np.column_stack([-self.down * chosen, self.up * chosen])
        found = linprog(
            costs, A_eq=self.matrix, b_eq=np.zeros(self.matrix.shape[0]), bounds=box, method="highs"
        )
        assert found.status == 0, found.message
        if -found.fun >= need - 1e-6:
            return
        prices = self.up * np.maximum(-found.upper.marginals, 0) + self.down * np.maximum(
            found.lower.marginals, 0
        )
        rest = need - prices[self.primary].sum()
        if rest > 1e-6:
            self.rows.append(np.where(self.free, np.minimum(prices, rest) / rest, 0.0))
            self.least.append(1.0)
