"""The most people in groups, where so few groups keep all rules that each can be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from ortools.sat.python import cp_model

from tenants.matching.solver.model import Group, Size
from tenants.matching.solver.task import Task

MOST_GROUPS, MOST_LOOKS, FEWER_LOOKS = 20_000, 60_000, 6_000
"""Groups that are packed, at most, and beginnings of groups that are looked at, also at the least effort: a few
seconds."""

DETERMINISTIC_SECONDS = 10.0


class TooMany(Exception):
    """More groups keep the rules than can be looked at."""


def most_packed(task: Task, size: Size, *, effort: float = 1.0) -> tuple[list[Group], bool]:
    """Groups that keep all hard rules and leave over few people, none for nobody placed, and whether none leave fewer.

    ``effort`` scales what is looked at, and the deterministic time of CP-SAT. Raises TooMany.
    """
    groups = _Looking(task, size, round(max(FEWER_LOOKS, MOST_LOOKS * effort))).groups()
    if not groups:
        return [], True
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in groups]
    for with_person in _by_person(task.people, groups):
        model.add_at_most_one(chosen[number] for number in with_person)
    model.maximize(cp_model.LinearExpr.weighted_sum(chosen, [len(members) for members in groups]))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = DETERMINISTIC_SECONDS * effort
    status = solver.solve(model)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return [], False
    found = [members for members, each in zip(groups, chosen, strict=True) if solver.value(each)]
    return found, status == cp_model.OPTIMAL


def _by_person(people: int, groups: Sequence[Group]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(people)]
    for number, members in enumerate(groups):
        for person in members:
            found[person].append(number)
    return found


@dataclass
class _Looking:
    """Goes through the groups that keep all hard rules, one person or unit after another.

    What is broken by too many, by a conflict or by too little in common stays broken whoever joins: such beginnings
    are left at once.
    """

    task: Task
    size: Size
    looks: int
    units: list[Group] = field(init=False)

    def __post_init__(self) -> None:
        rules = self.task.compiled.arrays
        self.units, self.needs = self.task.units(range(self.task.people)), self.task.needs()
        self.most = np.where(rules.feature_price < 0, rules.most, self.task.people)

    def groups(self) -> list[Group]:
        """All of them. Raises TooMany."""
        found = list(islice(self._from((), 0), MOST_GROUPS + 1))
        if len(found) > MOST_GROUPS:
            raise TooMany
        return found

    def _from(self, members: Group, start: int) -> Iterator[Group]:
        for number in range(start, len(self.units)):
            more = (*members, *self.units[number])
            if len(more) > self.size.max:
                continue
            self.looks -= 1
            if self.looks < 0:
                raise TooMany
            if self._hopeless(more, len(members)):
                continue
            if len(more) >= self.size.min and not self.task.breaches(more)[0]:
                yield tuple(sorted(more))
            yield from self._from(more, number + 1)

    def _hopeless(self, members: Group, known: int) -> bool:
        rules = self.task.compiled.arrays
        for person in members[known:]:
            start, stop = rules.conflict_start[person], rules.conflict_start[person + 1]
            hard = rules.conflict[start:stop][rules.conflict_price[start:stop] < 0]
            if not set(hard.tolist()).isdisjoint(members):
                return True
        common = np.bitwise_and.reduce(rules.bits[list(members)])
        if any(np.bitwise_count(common[span]).sum() < need for span, need in self.needs):
            return True
        return bool((self.task.held(members) > self.most).any())
