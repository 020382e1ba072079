"""What is to be solved, as the parts of the solver share it: scores and rules of a pool, whole or in part."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.affinity import Affinity
from tenants.matching.solver.compiling import Compiled
from tenants.matching.solver.model import Group
from tenants.matching.solver.search.board import F32, Land, padded
from tenants.matching.solver.search.rules import F64, I64, Rules, Scratch, restricted, scratch_for, violations
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.standing import Standing

MATRIX_LIMIT = 5000
"""Pools of up to this many people keep the scores of all pairs: 100 MB at the limit."""

AT_A_TIME = 96
"""People whose scores are worked out together where groups are looked at one by one: each call has its cost."""


class OutOfTime(Exception):
    """The deadline of a task is over and there are no groups yet."""


@dataclass(frozen=True)
class Layout:
    """Groups to be filled: from ``least`` to ``most`` members each; who has which ``home`` (n,), what being
    elsewhere costs and how many may be, as :class:`~tenants.matching.solver.search.board.Land` says."""

    least: I64
    most: I64
    home: I64
    loyalty: float
    leave: int


class Part(NamedTuple):
    """People to be placed, as numbers: how their ``pairs`` score, or None where all score 0, their rules, who of them
    move as one, and their ranks. Nothing tells whose numbers they are."""

    pairs: F32 | Affinity | None
    rules: Rules
    units: Sequence[Group]
    rank: I64

    def land(self, layout: Layout) -> Land:
        """What the search needs to know to place them."""
        match self.pairs:
            case None:
                score = np.zeros((len(self.rank), len(self.rank)), dtype=np.float32)
            case Affinity():
                score = self.pairs.matrix()
            case _:
                score = self.pairs
        return land_of(padded(score), rules=self.rules, units=self.units, layout=layout, rank=self.rank)


@dataclass
class Task:
    """A pool under a recipe. ``matrix`` (n, n) are all pair scores, None above MATRIX_LIMIT; ``rank`` (n,) is
    who is left over last; ``start`` is in the week in which the year of availability begins; ``standing`` are
    the groups to go on from, if any; at the ``deadline``, by the monotonic clock, a search for groups that keep
    the rules is given up."""

    affinity: Affinity
    compiled: Compiled
    emphasis: float
    start: date
    rank: I64
    matrix: F32 | None
    standing: Standing | None = None
    deadline: float = float("inf")

    @property
    def late(self) -> bool:
        """Whether the deadline is over."""
        return time.monotonic() > self.deadline

    @cached_property
    def _scratch(self) -> Scratch:
        return scratch_for(self.compiled.arrays)

    @property
    def people(self) -> int:
        """Everybody in the pool."""
        return len(self.rank)

    def scores(self, people: I64) -> F32:
        """Pair scores of some people, (m, m)."""
        if self.matrix is None:
            return self.affinity.matrix(people)
        return self.matrix[np.ix_(people, people)]

    def part(self, people: I64, *, scored: bool = True) -> Part:
        """Some of the people; everybody they must be with is among them. If not ``scored`` all pairs score 0."""
        new = {int(person): place for place, person in enumerate(people)}
        units = [tuple(new[p] for p in unit) for unit in self.compiled.units if unit[0] in new]
        whole = bool(np.array_equal(people, np.arange(self.people)))
        rules = self.compiled.arrays if whole else restricted(self.compiled.arrays, people)
        pairs: F32 | Affinity | None = None
        if scored and self.matrix is not None:
            pairs = self.matrix if whole else self.matrix[np.ix_(people, people)]
        elif scored:
            pairs = self.affinity.among(people)
        return Part(pairs, rules, units, self.rank[people])

    def land(self, people: I64, layout: Layout) -> Land:
        """What the search needs to know to place some of the people."""
        return self.part(people).land(layout)

    def layout(self, shape: Shape, leave: int | None = None) -> Layout:
        """The layout of a shape for everybody; ``leave`` is how many may move, if fewer than the recipe allows."""
        least = np.full(shape.groups, shape.least, dtype=np.int64)
        most = np.full(shape.groups, shape.most, dtype=np.int64)
        if self.standing is None:
            return Layout(least, most, np.full(self.people, -1, dtype=np.int64), 0.0, self.people)
        least, most = self.standing.sizes(shape)
        price = self.standing.rule.price or 0.0
        return Layout(
            least, most, self.standing.home(shape), price, self.standing.limit if leave is None else leave
        )

    def moved(self, shape: Shape, group: I64) -> I64:
        """Who moves from a standing group if everybody is in ``group`` (n,)."""
        none = np.zeros(0, dtype=np.int64)
        return none if self.standing is None else self.standing.moved(shape, group)

    def means(self, groups: Sequence[Group | I64]) -> F64:
        """The mean pair of each group."""
        found = [mean_pair(block) for _, block in parts(groups, self.scores)]
        return np.array(found)

    def worth(self, shape: Shape, group: I64) -> float:
        """What a partition of a shape is worth if everybody is in ``group`` (n,)."""
        groups = [tuple(np.flatnonzero(group == g).tolist()) for g in range(shape.groups)]
        return self.value(groups, self.means(groups), len(self.moved(shape, group)))

    def units(self, people: Sequence[int]) -> list[Group]:
        """Some people, who are all who must be with any of them, as the units that they move in."""
        among = set(people)
        whole = [tuple(unit) for unit in self.compiled.units if unit[0] in among]
        joined = {person for unit in whole for person in unit}
        return [*whole, *((person,) for person in people if person not in joined)]

    def held(self, group: Group) -> I64:
        """How many of a group hold each feature."""
        rules = self.compiled.arrays
        features = [rules.feature[rules.feature_start[i] : rules.feature_start[i + 1]] for i in group]
        return np.bincount(np.concatenate(features), minlength=len(rules.least))

    def needs(self) -> list[tuple[slice, int]]:
        """Words of bits of which all of a group must have so many in common, whatever it costs."""
        rules = self.compiled.arrays
        return [
            (slice(first, last), int(rules.need[rule]))
            for rule, first, last in rules.span.tolist()
            if rules.common_price[rule] < 0
        ]

    def breaches(self, group: Group) -> tuple[float, float]:
        """How much a group breaks of hard rules, and what it owes for soft ones."""
        return violations(self.compiled.arrays, np.array(group, dtype=np.int64), len(group), self._scratch)

    def broken_rules(self, group: Group) -> set[int]:
        """The places in the recipe of the hard rules that a group breaks."""
        rules, broken = self.compiled.arrays, set()
        count = self.held(group)
        wrong = (count < rules.least) | (count > rules.most) | (rules.lone & (count == 1))
        broken |= {self.compiled.features[f][0] for f in np.flatnonzero(wrong & (rules.feature_price < 0))}
        members = set(group)
        for i in group:
            for p in range(rules.conflict_start[i], rules.conflict_start[i + 1]):
                j = int(rules.conflict[p])
                if i < j and j in members and rules.conflict_price[p] < 0:
                    broken.add(self.compiled.conflicts[i, j])
        common = np.bitwise_and.reduce(rules.bits[list(group)])
        for rule, first, last in rules.span:
            if rules.common_price[rule] < 0 and np.bitwise_count(common[first:last]).sum() < rules.need[rule]:
                broken.add(self.compiled.commons[rule])
        return broken

    def value(self, groups: Sequence[Group], means: F64, moved: int = 0) -> float:
        """What a partition is worth, for which so many people move."""
        sizes = np.array([len(group) for group in groups])
        owed = sum(self.breaches(group)[1] for group in groups) if self.compiled.arrays.any else 0.0
        if self.standing is not None:
            owed += moved * (self.standing.rule.price or 0.0)
        mean = (1 - self.emphasis) * float(sizes @ means) - owed
        return mean / int(sizes.sum()) + self.emphasis * float(means.min())


def parts(
    groups: Sequence[Group | I64], of_people: Callable[[I64], NDArray[Any]]
) -> Iterator[tuple[I64, NDArray[Any]]]:
    """Each group with its part of what is asked for many groups at a time: (..., n, n) of n people."""
    start = 0
    while start < len(groups):
        stop, people = start + 1, len(groups[start])
        while stop < len(groups) and people + len(groups[stop]) <= AT_A_TIME:
            people += len(groups[stop])
            stop += 1
        chosen = [np.array(group, dtype=np.int64) for group in groups[start:stop]]
        whole, at = of_people(np.concatenate(chosen)), 0
        for members in chosen:
            own = slice(at, at + len(members))
            yield members, whole[..., own, own]
            at += len(members)
        start = stop


def mean_pair(scores: NDArray[np.float32]) -> float:
    """The mean over the pairs of people, from the scores of all with all, 0 with themselves."""
    return float(scores.sum(dtype=np.float64)) / (len(scores) * (len(scores) - 1))


def land_of(score: F32, *, rules: Rules, units: Sequence[Group], layout: Layout, rank: I64) -> Land:
    """What the search needs to know of people (``score`` padded) who are to be placed."""
    n = len(rank)
    of = np.full(n, -1, dtype=np.int64)
    for number, unit in enumerate(units):
        of[list(unit)] = number
    size = np.arange(max(int(layout.most.max(initial=2)), 2) + 2, dtype=np.float64)
    partners = np.maximum(size - 1, 1)
    return Land(
        score=score,
        affinity=2.0 / partners,
        mean=2.0 / (np.maximum(size, 1) * partners),
        least=layout.least,
        most=layout.most,
        unit_start=np.cumsum([0, *map(len, units)]).astype(np.int64),
        unit=np.array([person for unit in units for person in unit], dtype=np.int64),
        unit_of=of,
        rank=rank,
        home=layout.home,
        loyalty=layout.loyalty,
        leave=layout.leave,
        paired=bool(rules.lone.any() or len(rules.span)),
        rules=rules,
    )
