"""The best partition of a handful of people, by trying all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tenants.matching.solver.affinity import Affinity, partition_value
from tenants.matching.solver.construction import Preference, preference
from tenants.matching.solver.model import Size
from tenants.matching.solver.rules import CapRule

EXACT_LIMIT = 8
"""Pools of up to this many people are solved exactly: at most 21,147 partitions."""

Groups = tuple[tuple[int, ...], ...]


def best_partition(affinity: Affinity, size: Size, rules: list[CapRule]) -> Groups:
    """The best first by :func:`preference`, then by value; of equals the first. Empty when there is none."""
    permitted = _permitted(affinity.people, size, rules)
    values = {group: affinity.group_value(affinity.contributions(group)) for group in permitted}
    best: Groups = ()
    best_key: tuple[Preference, float] = (preference((), size), 0.0)
    for groups in _partitions(tuple(range(affinity.people)), values):
        sizes = [len(group) for group in groups]
        rank = preference(sizes, size)
        if rank >= best_key[0] and groups:
            key = (rank, partition_value(sizes, [values[group] for group in groups]))
            if key > best_key:
                best, best_key = groups, key
    return best


def _permitted(people: int, size: Size, rules: list[CapRule]) -> Iterator[tuple[int, ...]]:
    for mask in range(1 << people):
        if size.min <= mask.bit_count() <= size.max:
            group = tuple(person for person in range(people) if mask >> person & 1)
            if all(_within(rule, group) for rule in rules):
                yield group


def _within(rule: CapRule, group: tuple[int, ...]) -> bool:
    codes = rule.codes[list(group)]
    return int(np.bincount(codes[codes >= 0], minlength=1).max()) <= rule.limit


def _partitions(people: tuple[int, ...], permitted: dict[tuple[int, ...], float]) -> Iterator[Groups]:
    """All ways to put people into permitted groups or into none."""
    if not people:
        yield ()
        return
    first, rest = people[0], people[1:]
    yield from _partitions(rest, permitted)
    for group in permitted:
        if group[0] == first and set(group) <= set(people):
            taken = set(group)
            for others in _partitions(tuple(p for p in rest if p not in taken), permitted):
                yield (group, *others)
