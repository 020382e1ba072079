"""Groups as counts of kinds of people: one CP-SAT model for all demands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from tenants.matching.solver.feasibility.demands import Block, Case, Common, Count, Demand
from tenants.matching.solver.model import Group

VARIABLES = 60_000
"""Kinds of people times groups up to which a model is built."""

CELLS = 300_000
"""Cells of rows, times groups, up to which the model has what groups share; else it learns from its mistakes."""

ROUNDS = 300
"""Models solved, at most, until all of each group have enough in common."""


class Unknown(Exception):
    """The question is too large, or its effort is used up."""


@dataclass
class Effort:
    """What may still be spent, in CP-SAT's deterministic seconds: in all and for one question."""

    left: float
    question: float


Token = tuple[int, int]
"""A demand for something in common, by its place, and a row of its bits."""


@dataclass
class Counting:
    """The model for a case in ``fewest`` to ``groups`` groups; at most ``leave`` people may be in none.

    People alike in all that the demands look at are of one kind, and a group has a number of each kind.
    Members of blocks are each of their own. Groups are in order of their sizes, largest first, as nothing
    tells them apart. ``quick`` leaves out what helps proofs more than finding, this order among it. With
    ``sparing`` as few as possible are in none; whether no groups leave fewer is then in ``proven``.
    """

    case: Case
    fewest: int
    groups: int
    leave: int = 0
    quick: bool = False
    sparing: bool = False
    proven: bool = field(init=False, default=False)
    kinds: list[list[int]] = field(init=False)
    tokens: list[frozenset[Token]] = field(init=False)
    most: int = field(init=False)

    def __post_init__(self) -> None:
        self.commons = self.case.commons()
        signature: list[list[object]] = [[] for _ in self.case.ids]
        for number, demand in enumerate(self.case.demands):
            for person in _looked_at(demand):
                signature[person].append((number, person if isinstance(demand, Block) else -1))
        rows = [tuple(c.token[person] for c in self.commons) for person in range(self.case.people)]
        kinds: dict[object, list[int]] = {}
        for person, seen in enumerate(signature):
            kinds.setdefault((tuple(seen), rows[person]), []).append(person)
        self.kinds = list(kinds.values())
        self.kind_of = {person: kind for kind, people in enumerate(self.kinds) for person in people}
        self.tokens = [frozenset(enumerate(rows[people[0]])) for people in self.kinds]
        size = self.case.size
        self.least, self.most = (1, self.case.people) if size is None else (size.min, size.max)
        if self.groups * len(self.kinds) > VARIABLES:
            raise Unknown
        self._build()

    def _build(self) -> None:
        self.model = model = cp_model.CpModel()
        self.used = [model.new_bool_var("") for _ in range(self.groups)]
        for used in self.used[: self.fewest]:
            model.add(used == 1)
        self.number = [
            [model.new_int_var(0, min(len(people), self.most), "") for people in self.kinds]
            for _ in self.used
        ]
        left = [
            model.new_int_var(0, min(len(people), self.leave), "") if self.leave else 0
            for people in self.kinds
        ]
        model.add(cp_model.LinearExpr.sum([0, *left]) <= self.leave)
        if self.sparing:
            model.minimize(cp_model.LinearExpr.sum([0, *left]))
        for kind, people in enumerate(self.kinds):
            placed = [number[kind] for number in self.number]
            model.add(cp_model.LinearExpr.sum([0, *placed]) + left[kind] == len(people))
        sizes = [cp_model.LinearExpr.sum(number) for number in self.number]
        for used, size in zip(self.used, sizes, strict=True):
            model.add(size >= self.least * used)
            model.add(size <= self.most * used)
        for larger, smaller in () if self.quick else pairwise(sizes):
            model.add(larger >= smaller)
        for count in self.case.counts():
            self._add_count(count)
        self._add_blocks(self.case.blocks())
        for block in self.case.blocks() if self.leave else ():
            # Whoever is to be with others is in none with them.
            for one, other in pairwise(block.members if not block.spare else ()):
                model.add(left[self.kind_of[one]] == left[self.kind_of[other]])
        self._add_commons()

    def _add_count(self, count: Count) -> None:
        model = self.model
        kinds = sorted({self.kind_of[person] for person in count.holders})
        over = [model.new_int_var(0, count.spare, "") for _ in self.used]
        model.add(cp_model.LinearExpr.sum([0, *over]) <= count.spare)
        for used, number, more in zip(self.used, self.number, over, strict=True):
            held = cp_model.LinearExpr.sum([0, *(number[kind] for kind in kinds)])
            if count.least > 0:
                model.add(held >= count.least * used)
            if count.most is not None:
                model.add(held <= count.most + more)
            if count.lone:
                some = model.new_bool_var("")
                model.add(held >= 2 * some)
                model.add(held <= self.most * some)

    def _add_blocks(self, blocks: Sequence[Block]) -> None:
        model = self.model
        places_of = {}
        for block in blocks:
            places = places_of[block] = [model.new_bool_var("") for _ in self.used]
            model.add_at_most_one(places)
            out = {p: model.new_bool_var("") if block.spare else 0 for p in block.members}
            model.add(cp_model.LinearExpr.sum([0, *out.values()]) <= block.spare)
            for number, here in zip(self.number, places, strict=True):
                for person in block.members:
                    model.add(number[self.kind_of[person]] <= here + out[person])
        for own in self.case.own_blocks():
            for in_group in zip(*(places_of[block] for block in own), strict=True):
                model.add_at_most_one(in_group)

    def _add_commons(self) -> None:
        """Presence of each row in each group, and that no two rows are present with too little in common."""
        self.present: list[dict[Token, cp_model.IntVar]] = [{} for _ in self.used]
        for place, common in enumerate(self.commons):
            fitting = common.pairs()
            rows = sorted({row for kind in self.tokens for at, row in kind if at == place})
            kinds_of = {
                row: [k for k, kind in enumerate(self.tokens) if (place, row) in kind] for row in rows
            }
            for number, present in zip(self.number, self.present, strict=True):
                for row in rows:
                    here = present[place, row] = self.model.new_bool_var("")
                    for kind in kinds_of[row]:
                        self.model.add(number[kind] <= min(len(self.kinds[kind]), self.most) * here)
                    barred = [
                        number[kind] for other in rows if not fitting[row, other] for kind in kinds_of[other]
                    ]
                    if barred:
                        self.model.add(cp_model.LinearExpr.sum(barred) == 0).only_enforce_if(here)
            self._add_shared_cells(place, common, rows)

    def _add_shared_cells(self, place: int, common: Common, rows: Sequence[int]) -> None:
        """Exactly what is common: in each group cells that nobody there lacks, enough of them in every period."""
        periods = [common.cells(period, rows) for period in range(common.bits.shape[1])]
        if sum(cells.size for cells, _ in periods) * len(self.used) > CELLS:
            return
        for used, present in zip(self.used, self.present, strict=True):
            for cells, weights in periods:
                shared = [self.model.new_bool_var("") for _ in weights]
                for row, had in zip(rows, cells, strict=True):
                    for cell, has in zip(shared, had, strict=True):
                        if not has:
                            self.model.add_implication(present[place, row], ~cell)
                number = cp_model.LinearExpr.weighted_sum([*shared, used], [*weights, -common.need])
                self.model.add(number >= 0)

    def solve(self, effort: Effort) -> list[Group] | None:
        """Groups that keep the demands, None if there are none; raises Unknown if the effort is used up."""
        for _ in range(ROUNDS):
            if effort.left <= 0:
                raise Unknown
            solver = cp_model.CpSolver()
            solver.parameters.num_workers = 1
            solver.parameters.random_seed = 1
            solver.parameters.max_deterministic_time = min(effort.left, effort.question)
            if self.quick:
                solver.parameters.linearization_level = 0
                solver.parameters.cp_model_probing_level = 0
            status = solver.solve(self.model)
            effort.left -= solver.deterministic_time
            if status == cp_model.INFEASIBLE:
                return None
            if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
                raise Unknown
            numbers = [[solver.value(each) for each in number] for number in self.number]
            if not self._forbid(numbers):
                self.proven = status == cp_model.OPTIMAL
                return self._divided(numbers)
        raise Unknown

    def _forbid(self, numbers: Sequence[Sequence[int]]) -> bool:
        """Forbid the rows that do not fit in any of the groups, as few at a time as do not; whether there were."""
        found = False
        for number in numbers:
            here = {token for kind, count in enumerate(number) if count for token in self.tokens[kind]}
            for place, common in enumerate(self.commons):
                rows = sorted(row for at, row in here if at == place)
                if rows and not common.fits(rows):
                    self._forbid_rows(place, _misfits(common, rows))
                    found = True
        return found

    def _forbid_rows(self, place: int, rows: Sequence[int]) -> None:
        for present in self.present:
            self.model.add_bool_or([~present[place, row] for row in rows])

    def _divided(self, numbers: Sequence[Sequence[int]]) -> list[Group]:
        waiting = [iter(people) for people in self.kinds]
        groups = [
            [next(waiting[kind]) for kind, count in enumerate(number) for _ in range(count)]
            for number in numbers
        ]
        return [tuple(sorted(group)) for group in groups if group]


def _looked_at(demand: Demand) -> Group:
    match demand:
        case Count(holders=people) | Block(members=people):
            return people
    return ()


def _misfits(common: Common, rows: list[int]) -> list[int]:
    """Rows without any one of which the others fit."""
    kept = rows
    for row in rows:
        rest = [other for other in kept if other != row]
        if rest and not common.fits(rest):
            kept = rest
    return kept
