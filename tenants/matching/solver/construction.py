"""A first partition: how many groups, and people dealt to them so that all rules hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tenants.matching.solver.affinity import Bools, Ints
from tenants.matching.solver.model import Size
from tenants.matching.solver.rules import (
    CapRule,
    admits,
    admits_instead,
    holders,
    permitted_group,
)

EXCHANGES = 20
"""People whose place is tried, at most, to seat somebody whom no group with room admits."""

ATTEMPTS = 8
"""Numbers of groups that are tried when caps that interact keep people out."""

Preference = tuple[int, float, int, int]


def preference(sizes: Sequence[int], size: Size) -> Preference:
    """What is decided before any value, larger is better: most people placed; mean size nearest to the middle
    of [min, max]; then more groups; then sizes as equal as possible."""
    if not sizes:
        return (0, 0.0, 0, 0)
    middle = (size.min + size.max) / 2
    return (sum(sizes), -abs(sum(sizes) / len(sizes) - middle), len(sizes), min(sizes) - max(sizes))


class Seating:
    """Seats of groups in the making: ``seats`` (k, max) holds people, or n where empty."""

    def __init__(self, people: int, groups: int, size: Size, rules: Sequence[CapRule]) -> None:
        self.empty = people
        self.size = size
        self.rules = rules
        self.seats: Ints = np.full((groups, size.max), people, dtype=np.int64)
        self.left: list[int] = []

    def sizes(self) -> Ints:
        """Members of each group."""
        members: Ints = (self.seats != self.empty).sum(1)
        return members

    def take(self, groups: Sequence[Sequence[int]]) -> None:
        """Seat these groups and nobody else."""
        self.seats = np.full((len(groups), self.size.max), self.empty, dtype=np.int64)
        for row, group in zip(self.seats, groups, strict=True):
            row[: len(group)] = group
        self.left = [person for person in range(self.empty) if not (self.seats == person).any()]

    def deal(self, order: Sequence[int], places: int) -> None:
        """Deal people round the groups in the given order, about as many to each, ``places`` in all."""
        capacity = -(-places // len(self.seats))
        self.left = [person for person in order if not self.place(person, self.sizes() < capacity)]
        self.place_left(capacity)
        self.finish()

    def place_left(self, capacity: int) -> None:
        """Seat who is left over, if need be by an exchange, until nobody more can be."""
        refused: set[bytes] = set()
        placed = True
        while placed and self.left:
            placed, waiting, self.left = False, self.left, []
            for person in waiting:
                # People with the same capped values are refused alike while the seats stay as they are.
                kind = b"".join(rule.codes[person].tobytes() for rule in self.rules)
                if kind in refused:
                    self.left.append(person)
                elif self.place(person, self.sizes() < capacity) or self.place_by_exchange(person, capacity):
                    placed = True
                    refused.clear()
                else:
                    refused.add(kind)
                    self.left.append(person)

    def place(self, person: int, room: Bools) -> bool:
        """Seat a person in the smallest group with room that admits them."""
        fitting = np.flatnonzero(room)
        fitting = fitting[admits(self.rules, person, self.seats[fitting])]
        if not len(fitting):
            return False
        alike = np.zeros(len(fitting), dtype=np.int64)
        for rule in self.rules:
            alike += holders(rule, person, self.seats[fitting])
        group = fitting[np.lexsort((alike, self.sizes()[fitting]))[0]]
        self.seats[group, np.flatnonzero(self.seats[group] == self.empty)[0]] = person
        return True

    def place_by_exchange(self, person: int, capacity: int) -> bool:
        """Seat a person in the place of somebody whom another group with room admits."""
        free = self.sizes() < capacity
        if not free.any():
            return False
        newcomer = np.full((len(self.seats), 1), person)
        replaceable = admits_instead(self.rules, newcomer, self.seats)[:, :, 0] & (self.seats != self.empty)
        choices = np.argwhere(replaceable)
        for group, seat in choices[:: len(choices) // EXCHANGES + 1].tolist():
            room = free.copy()
            room[group] = False
            if self.place(int(self.seats[group, seat]), room):
                self.seats[group, seat] = person
                return True
        return False

    def fill(self, group: int) -> None:
        """Bring a group up to the smallest size with people who are left or whom larger groups can spare."""
        while 0 < self.sizes()[group] < self.size.min:
            sizes = self.sizes()
            spare = self.seats[sizes > self.size.min]
            candidates = np.concatenate([np.asarray(self.left, dtype=np.int64), spare[spare != self.empty]])
            row = np.append(self.seats[group], self.empty)[None]
            fitting = candidates[admits_instead(self.rules, candidates[None], row)[0, -1]]
            if not len(fitting):
                self.dissolve(group)
                return
            person = int(fitting[0])
            if person in self.left:
                self.left.remove(person)
            self.seats[self.seats == person] = self.empty
            self.seats[group, np.flatnonzero(self.seats[group] == self.empty)[0]] = person

    def dissolve(self, group: int) -> None:
        """Empty a group; its members are left over."""
        self.left += self.seats[group][self.seats[group] != self.empty].tolist()
        self.seats[group] = self.empty

    def finish(self) -> None:
        """Repair or dissolve groups that are too small, then seat whoever still fits."""
        for group in range(len(self.seats)):
            self.fill(group)
        self.seats = self.seats[self.sizes() > 0]
        self.place_left(self.size.max)


def construct(people: int, size: Size, rules: Sequence[CapRule], rng: np.random.Generator) -> Seating:
    """A partition that keeps sizes and caps, by :func:`preference` the best of a few numbers of groups.

    Without groups when not even one was found.
    """
    groups = np.arange(1, people // size.min + 1)
    bound = np.minimum(people, groups * size.max)
    for rule in rules:
        bound = np.minimum(bound, rule.placeable(groups))
    groups, bound = groups[bound >= groups * size.min], bound[bound >= groups * size.min]
    distance = np.abs(bound / groups - (size.min + size.max) / 2)
    best: Seating | None = None
    for choice in np.lexsort((-groups, distance, -bound))[:ATTEMPTS]:
        seating = Seating(people, int(groups[choice]), size, rules)
        seating.deal(_dealing_order(people, rules, rng), int(bound[choice]))
        if best is None or _rank(seating) > _rank(best):
            best = seating
        if _rank(best)[0] == bound[choice]:
            break
    if best is None or not len(best.seats):
        best = Seating(people, 1, size, rules)
        members = permitted_group(rules, size.min)[0] if rules and people >= size.min else None
        best.take([members] if members else [])
        best.finish()
    return best


def _rank(seating: Seating) -> Preference:
    return preference(seating.sizes().tolist(), seating.size)


def _dealing_order(people: int, rules: Sequence[CapRule], rng: np.random.Generator) -> list[int]:
    """At random, but those who share the most frequent capped values first and together."""
    order = rng.permutation(people)
    frequency = np.zeros(people, dtype=np.int64)
    value = np.full(people, -1, dtype=np.int64)
    for position, rule in enumerate(rules):
        counts = np.append(rule.counts, 0)[rule.codes[:-1]]
        column = counts.argmax(1)
        highest = counts[np.arange(people), column]
        code = rule.codes[np.arange(people), column] * len(rules) + position
        value = np.where(highest > frequency, code, value)
        frequency = np.maximum(frequency, highest)
    return [int(person) for person in order[np.lexsort((value[order], -frequency[order]))]]
