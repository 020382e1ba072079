"""Which bound for which pool: columns for the few, stars for the many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tenants.matching.solver import bounds
from tenants.matching.solver.block import as_groups
from tenants.matching.solver.model import Bound, Group
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.similarity import Bools
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.task import Task

COLUMNS_LIMIT = 300
"""People up to whom groups are generated as columns of a linear program."""

GROUPS_LIMIT = 1500
"""People up to whom the best group of whoever is hard to place is looked for."""

MOST_WORDS = 2e8
"""Pairs of people, times words of 64 bits, up to which everybody is compared by what they have in common."""

FEW_KINDS, A_KIND = 64, 64
"""A large pool is told apart into so many kinds, or one for so many people if those are more: each takes time, and
the more there are the fewer pairs are looked at."""


def upper_bound(
    task: Task, shape: Shape, groups: Sequence[Group], value: float, *, stop: Callable[[], bool] | None = None
) -> Bound:
    """The lowest bound at hand of all partitions of the shape that keep the rules on pairs.

    ``groups`` and their ``value`` are where the linear program starts. Soft rules are left out, since they only
    take value away, and so are rules on more than two people. ``stop`` is asked now and then, and the sooner it says
    True the higher is the bound; without it the work is bounded.
    """
    budget = bounds.BUDGET if stop is None else float("inf")
    stop = stop or bounds.never
    of, rows, mean, weakest = bound_shape(shape), _rows(task), 1.0, 1.0
    if task.matrix is not None:
        mean = bounds.priced_mean(rows, task.people, of, stop)
    if task.emphasis and COLUMNS_LIMIT < task.people <= GROUPS_LIMIT:
        weakest = bounds.weakest_bound(
            rows(np.arange(task.people)), of, float(task.means(groups).min()), stop
        )
    best = stars(task, shape, mean=mean, weakest=weakest, stop=stop)
    if task.people <= COLUMNS_LIMIT and best.value > value and not stop():
        assert task.matrix is not None  # noqa: S101  # pools of this size have one
        forbidden = ~np.isfinite(rows(np.arange(task.people)))
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


def stars(
    task: Task,
    shape: Shape,
    *,
    mean: float = 1.0,
    weakest: float = 1.0,
    stop: Callable[[], bool] = bounds.never,
) -> Bound:
    """The bound from everybody's best partners, where the mean value is known not to exceed ``mean``, and the weakest
    group's not ``weakest``; only large pools take long enough to be told to ``stop``."""
    rows, of = _rows(task), bound_shape(shape)
    if task.matrix is not None:
        return bounds.star_bound(rows, task.people, of, task.emphasis, mean=mean, weakest=weakest)
    most = max(FEW_KINDS, task.people // A_KIND)
    best = partners(task, of.most - 1, kinds=most, stop=stop)
    return bounds.star_bound(rows, task.people, of, task.emphasis, best=best, stop=stop)


def _rows(task: Task) -> bounds.Rows:
    apart, everybody = Apartness(task), np.arange(task.people)

    def rows(people: I64) -> NDArray[np.float32]:
        block = task.affinity.block(people, everybody) if task.matrix is None else task.matrix[people]
        apart.strike(block, people, everybody)
        block[np.arange(len(people)), people] = 0.0
        return block

    return rows


def bound_shape(shape: Shape) -> bounds.Shape:
    """The shape as the bounds know it."""
    return bounds.Shape(shape.placed, shape.groups, shape.lowest, shape.highest, shape.sizes)


def partners(
    task: Task, count: int, *, kinds: int, stop: Callable[[], bool] = bounds.never
) -> NDArray[np.float64]:
    """The scores of everybody's best partners, (n, count), with people told apart into at most so many ``kinds``.

    Stopped early, or within rounding, they are more than that and never less.
    """
    affinity, apart = task.affinity, Apartness(task)
    terms, kind = affinity.kinds(kinds)
    members = as_groups(kind, int(kind.max()) + 1)
    first = np.array([each[0] for each in members])
    others = [t for t in range(len(affinity.shares)) if t not in terms]

    def known(of: int) -> NDArray[np.float64]:
        return np.array(affinity.part(terms, first[of : of + 1], first)[0], dtype=np.float64)

    def rest(left: I64, right: I64) -> NDArray[np.float32]:
        block = affinity.part(others, left, right)
        apart.strike(block, left, right)
        block[left[:, None] == right] = -np.inf
        return block

    everything = affinity.highest(range(len(affinity.shares)))
    told = bounds.Kinds(members, known, rest, affinity.highest(others), everything)
    return bounds.partners_by_kind(told, count, stop=stop)


class Apartness:
    """Pairs of people who can never be in one group: hard conflicts, holders of what one only may have, and those who
    have too little in common, unless it would take long to compare everybody."""

    def __init__(self, task: Task) -> None:
        rules = task.compiled.arrays
        single = ((rules.most == 1) & (rules.feature_price < 0))[rules.feature]
        holder, other = _owners(rules.feature_start), _owners(rules.conflict_start)
        hard = (rules.conflict_price < 0) & (other < rules.conflict)
        # A conflict is what both of the pair hold.
        pair = len(rules.least) + np.arange(np.count_nonzero(hard))
        held_by = np.concatenate([holder[single], other[hard], rules.conflict[hard]])
        held = np.concatenate([rules.feature[single], pair, pair])
        self.strangers = _strangers(task)
        self.held = sparse.csr_array(
            (np.ones(len(held), dtype=np.bool_), (held_by, held)),
            shape=(task.people, len(rules.least) + len(pair)),
        )

    def strike(self, block: NDArray[np.float32], left: I64, right: I64) -> None:
        """Put -inf for pairs that are never together into the scores of people with others.

        Whoever holds anything is struck with themselves, too.
        """
        block[(self.held[left] @ self.held[right].T).nonzero()] = -np.inf
        if self.strangers is not None:
            block[self.strangers[np.ix_(left, right)]] = -np.inf


def _strangers(task: Task) -> Bools | None:
    bits, needs = task.compiled.arrays.bits, task.needs()
    words = sum(span.stop - span.start for span, _ in needs)
    if not needs or task.people**2 * words > MOST_WORDS:
        return None
    found: Bools = np.zeros((task.people, task.people), dtype=np.bool_)
    for person in range(task.people):
        for span, need in needs:
            shared = np.bitwise_count(bits[person, span] & bits[:, span])
            found[person] |= shared.sum(axis=1, dtype=np.int64) < need
    return found


def _owners(starts: I64) -> I64:
    """Of ragged rows the row of each element."""
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))
