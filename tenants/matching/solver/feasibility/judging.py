"""Whether some demands can be kept: by arithmetic, else by the model."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from tenants.matching.solver.compiling import merged
from tenants.matching.solver.feasibility.arithmetic import find, group_range
from tenants.matching.solver.feasibility.counting import Counting, Effort, Unknown
from tenants.matching.solver.feasibility.demands import Block, Case, Common, Count, Demand
from tenants.matching.solver.model import Group

QUESTION, TOTAL = 3.0, 10.0
"""Deterministic seconds for one question and for all of them at an effort of 1."""


class Judge(Protocol):
    """Answers whether demands can be kept."""

    def placing(self, case: Case, leave: int = 0) -> list[Group] | None:
        """Groups that keep them with at most ``leave`` people in none, None if there are none; raises Unknown."""


class Exact:
    """By the model, as long as the effort lasts. ``sure`` is False once a question was left open."""

    def __init__(self, effort: float) -> None:
        self.effort = Effort(TOTAL * effort, QUESTION * effort)
        self.sure = True

    def placing(self, case: Case, leave: int = 0) -> list[Group] | None:
        """Groups that keep all demands; raises Unknown."""
        if not leave and find(case):
            return None
        finest = _finest(case)
        if finest is not None:
            return finest
        if self.effort.left <= 0:
            raise Unknown
        least, most = group_range(case)
        if not leave and most - least > 0:
            # One likely number of groups is much easier, and nearly always enough if anything is.
            middle = (least + most) // 2
            try:
                found = Counting(case, middle, middle, quick=True).solve(self.effort)
            except Unknown:
                found = None
            if found:
                return found
        return Counting(case, 0 if leave else least, most, leave).solve(self.effort)

    def fewest_left(self, case: Case) -> tuple[list[Group], bool]:
        """Groups that keep all demands with few people in none, and whether it is certain that none have fewer; no
        groups if all were in none, or none were found."""
        most = group_range(case)[1]
        if not most:
            return [], True
        leave = case.people - (case.size.min if case.size else 1)
        try:
            counting = Counting(case, 0, most, leave, sparing=True)
            found = counting.solve(replace(self.effort, question=self.effort.left))
        except Unknown:
            return [], False
        return found or [], found is None or counting.proven

    def refutes(self, case: Case) -> bool:
        """Whether it is certain that the demands cannot be kept."""
        try:
            return self.placing(case) is None
        except Unknown:
            self.sure = False
            return False


class Arithmetic:
    """By arithmetic alone: for demands that arithmetic found to clash, once they are loosened.

    ``people`` are those who are left out, or taken out of a list, in their order.
    """

    def __init__(self, people: Group) -> None:
        self.people = people

    def placing(self, case: Case, leave: int = 0) -> list[Group] | None:
        """No groups, but an empty list if arithmetic has nothing against them, else None."""
        case = case.of(self._shortened(demand) for demand in case.demands)
        # The others may be a few too many for their number to be divided into groups.
        fewest = max(0, leave - case.size.max) if case.size else leave
        for number in range(leave, fewest - 1, -1):
            out = self.people[:number]
            if len(out) < case.people and not find(case.without(set(out))):
                return []
        return None

    def _shortened(self, demand: Demand) -> Demand:
        """A list without those who are taken out of it."""
        match demand:
            case Count(holders=people, spare=spare) if spare:
                out = self._first(people, spare)
                return replace(demand, spare=0, holders=tuple(p for p in people if p not in out))
            case Block(members=people, spare=spare) if spare:
                out = self._first(people, spare)
                return replace(demand, spare=0, members=tuple(p for p in people if p not in out))
        return demand

    def _first(self, people: Group, number: int) -> set[int]:
        members = set(people)
        return set([person for person in self.people if person in members][:number])


def _finest(case: Case) -> list[Group] | None:
    """Everybody alone or in their block, if no demand is for company: if anything keeps them, this does."""
    for demand in case.demands:
        match demand:
            case Count(least=0, lone=False) | Block() | Common():
                continue
        return None
    blocks = merged([block.members for block in case.blocks()])
    if any(block.spare for block in case.blocks()):
        return None
    joined = {person for members in blocks for person in members}
    groups = [*blocks, *((person,) for person in range(case.people) if person not in joined)]
    return groups if _kept(case, groups) else None


def _kept(case: Case, groups: list[Group]) -> bool:
    group_of = {person: number for number, members in enumerate(groups) for person in members}
    for own in case.own_blocks():
        if len({group_of[block.members[0]] for block in own}) < len(own):
            return False
    for count in case.counts():
        held: dict[int, int] = {}
        for person in count.holders:
            held[group_of[person]] = held.get(group_of[person], 0) + 1
        if count.most is not None and max(held.values(), default=0) > count.most:
            return False
    return all(
        common.fits({common.token[person] for person in members})
        for common in case.commons()
        for members in groups
    )
