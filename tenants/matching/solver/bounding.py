"""Which bound for which pool: columns for the few, stars for the many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver import bounds
from tenants.matching.solver.model import Bound, Group
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.task import Task

COLUMNS_LIMIT = 300
"""People up to whom groups are generated as columns of a linear program."""


def upper_bound(
    task: Task, shape: Shape, groups: Sequence[Group], value: float, *, stop: Callable[[], bool] | None = None
) -> Bound:
    """The lowest bound at hand of all partitions of the shape that keep the rules on pairs.

    ``groups`` and their ``value`` are where the linear program starts. Soft rules are left out, since they only
    take value away, and so are rules on more than two people. ``stop`` is asked now and then, True ends the work;
    without it the work is bounded.
    """
    budget = bounds.BUDGET if stop is None else float("inf")
    stop = stop or (lambda: False)
    of = bound_shape(shape)
    apart = Apartness(task)
    everybody = np.arange(task.people)

    def rows(first: int, last: int) -> NDArray[np.float32]:
        people = everybody[first:last]
        block = (
            task.matrix[first:last].copy()
            if task.matrix is not None
            else task.affinity.block(people, everybody)
        )
        apart.strike(block, people)
        return block

    mean = 1.0 if task.matrix is None else bounds.priced_mean(rows, task.people, of, stop)
    best = bounds.star_bound(rows, task.people, of, task.emphasis, mean=mean)
    if task.people <= COLUMNS_LIMIT and best.value > value and not stop():
        assert task.matrix is not None  # noqa: S101  # pools of this size have one
        forbidden = ~np.isfinite(rows(0, task.people))
        score = task.matrix.astype(np.float64)
        owed = sum(task.breaches(group)[1] for group in groups) / shape.placed
        columns = bounds.column_bound(
            score,
            forbidden,
            of,
            task.emphasis,
            groups=groups,
            value=value + owed,
            mean=mean,
            budget=budget,
            stop=stop,
        )
        best = min(best, columns, key=lambda bound: bound.value)
    return best


def bound_shape(shape: Shape) -> bounds.Shape:
    """The shape as the bounds know it."""
    return bounds.Shape(shape.placed, shape.groups, shape.lowest, shape.highest, shape.sizes)


class Apartness:
    """Pairs of people who can never be in one group: hard conflicts, and holders of what one only may have."""

    def __init__(self, task: Task) -> None:
        rules = task.compiled.arrays
        self.start, self.conflict = rules.conflict_start, rules.conflict
        self.hard = rules.conflict_price < 0
        single = (rules.most == 1) & (rules.feature_price < 0)
        holders: list[list[int]] = [[] for _ in rules.least]
        for person in range(task.people):
            for f in rules.feature[rules.feature_start[person] : rules.feature_start[person + 1]]:
                holders[f].append(person)
        self.holders = [np.array(each if single[f] else [], dtype=np.int64) for f, each in enumerate(holders)]
        self.feature_start, self.feature = rules.feature_start, rules.feature

    def strike(self, block: NDArray[np.float32], people: I64) -> None:
        """Put -inf for pairs that are never together into the rows of some people."""
        for row, person in enumerate(people):
            places = slice(self.start[person], self.start[person + 1])
            block[row, self.conflict[places][self.hard[places]]] = -np.inf
            for f in self.feature[self.feature_start[person] : self.feature_start[person + 1]]:
                block[row, self.holders[f]] = -np.inf
            block[row, person] = 0.0
