"""Who may not be in a group with whom: people all apart from each other, and people apart from too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tenants.matching.solver.feasibility.demands import (
    Case,
    Common,
    Count,
    Demand,
    Sizes,
    counted,
    listed,
)
from tenants.matching.solver.feasibility.finding import Finding
from tenants.matching.solver.model import Size
from tenants.matching.solver.similarity import Bools, Ints

PAIRS = 2_000_000
"""Pairs that are written out; larger lists count as lists alone."""

ROWS = 1_000
"""Different people, as a rule on what they have in common sees them, of whom all pairs are looked at."""

STARTS = 200
"""People from whom a set of people all apart is grown."""


class Apartness:
    """The pairs that lists, pairs and caps of one keep apart.

    ``apart``  by person who is apart from them.
    ``lists``  by person the demands that keep somebody from them.
    """

    def __init__(self, case: Case) -> None:
        self.apart: dict[int, set[int]] = {}
        self.lists: dict[int, list[Count]] = {}
        room = PAIRS
        for demand in case.counts():
            if demand.most != 1 or demand.spare or len(demand.holders) < 2:
                continue
            room -= len(demand.holders) ** 2
            if room < 0:
                return
            for person in demand.holders:
                self.apart.setdefault(person, set()).update(demand.holders)
                self.lists.setdefault(person, []).append(demand)
        for person, others in self.apart.items():
            others.discard(person)

    def between(self, people: Sequence[int]) -> list[Demand]:
        """Demands that keep all these apart, none of them needless; people who are all apart."""
        members = set(people)
        lists = dict.fromkeys(each for person in people for each in self.lists[person])
        pairs: dict[Demand, frozenset[tuple[int, int]]] = {
            each: frozenset(combinations(sorted(members.intersection(each.holders)), 2)) for each in lists
        }
        return covering(pairs, len(people) * (len(people) - 1) // 2)


def covering(sets: Mapping[Demand, frozenset[Any]], enough: int) -> list[Demand]:
    """Demands whose sets have ``enough`` things in all, the largest first, none of them needless."""
    chosen: list[Demand] = []
    covered: set[Any] = set()
    for demand in sorted(sets, key=lambda each: -len(sets[each])):
        if len(covered) >= enough:
            break
        if not sets[demand] <= covered:
            chosen.append(demand)
            covered |= sets[demand]
    for demand in list(reversed(chosen)):
        rest = [other for other in chosen if other is not demand]
        if len(set().union(*(sets[other] for other in rest))) >= enough:
            chosen = rest
    return chosen


def clique(apart: Apartness, groups: int) -> list[int]:
    """More people than groups of whom all are apart from each other, one more, grown greedily; else none."""
    degree = {person: len(others) for person, others in apart.apart.items()}
    many = sorted((p for p in degree if degree[p] >= groups), key=lambda p: (-degree[p], p))
    for start in many[:STARTS]:
        chosen = [start]
        left = {person for person in apart.apart[start] if degree[person] >= groups}
        while left and len(chosen) <= groups:
            if len(chosen) + len(left) <= groups:
                break
            # Who is apart from most of those left keeps most of them.
            best = max(
                sorted(left), key=lambda person: len(apart.apart[person] & left) if len(left) < 300 else 0
            )
            chosen.append(best)
            left &= apart.apart[best]
        if len(chosen) > groups:
            return sorted(chosen)
    return []


def alone(case: Case, apart: Apartness) -> Finding | None:
    """Somebody apart from so many that the others do not fill a group for them."""
    size = case.size
    if size is None:
        return None
    least = _least_size(case.people, size)
    enough = case.people - least + 1
    strangers = _strangers(case)
    at_most = np.zeros(case.people, dtype=np.int64)
    for person, others in apart.apart.items():
        at_most[person] = len(others)
    for _, token, fitting in strangers:
        at_most += (~fitting @ np.bincount(token, minlength=len(fitting)))[token]
    for person in np.flatnonzero(at_most >= enough).tolist():
        barred: dict[Demand, frozenset[int]] = {
            each: frozenset(each.holders) - {person} for each in apart.lists.get(person, [])
        }
        for demand, token, fitting in strangers:
            barred[demand] = frozenset(np.flatnonzero(~fitting[token[person], token]).tolist()) - {person}
        company = case.people - 1 - len(frozenset().union(*barred.values()))
        if company + 1 >= least:
            continue
        causes = covering(barred, enough)
        said = (
            f"{case.ids[person]} can be with {counted(company, 'other')}, but a group for them has at least "
            f"{least} people: {listed([cause.part.said for cause in causes])}."
        )
        sizes = tuple(demand for demand in case.demands if isinstance(demand, Sizes))
        return Finding((*causes, *sizes), said, (person,))
    return None


def _least_size(people: int, size: Size) -> int:
    """The smallest group such that groups can be made of the others."""
    return next(
        least
        for least in range(size.min, size.max + 1)
        if -(-(people - least) // size.max) <= (people - least) // size.min
    )


def _strangers(case: Case) -> list[tuple[Common, Ints, Bools]]:
    """Rules on something in common that keep people apart, with each person's row and which rows fit."""
    found = []
    for demand in case.commons():
        if len(demand.bits) <= ROWS:
            fitting = demand.pairs()
            if not fitting.all():
                found.append((demand, np.array(demand.token), fitting))
    return found
