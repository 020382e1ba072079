"""Invented histories of groups that check in, and an attacker who knows all that anybody could."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tenants.kernel.ids import new_id

LEAST, MOST = 1, 7
VALUES = range(LEAST, MOST + 1)
ENOUGH = 3
"""So many values must remain for every answer."""
BOUNDS = {"low": (1, 3), "middle": (3, 5), "high": (5, 8)}
"""From which mean, to below which."""


@dataclass
class History:
    """Who answered in each window of one group. Nobody ever changes her answer, which the attacker knows."""

    group: UUID
    answers: dict[UUID, int]
    answered: list[list[UUID]]
    published: dict[int, str] = field(default_factory=dict)
    """The band by window, where there is one."""


def history(chance: random.Random, windows: int) -> History:
    """4 to 8 people at a time: some are away, some leave, others come, some pause for a window or two."""
    present = [new_id() for _ in range(chance.randint(4, 8))]
    everybody, answered = list(present), []
    away = chance.choice([0.0, 0.05, 0.15, 0.3])
    moves = chance.choice([0.0, 0.2, 0.5])
    pauses: dict[UUID, int] = {}
    for _ in range(windows):
        for _ in range(chance.choice([1, 1, 2, 3])):
            if chance.random() < moves and len(present) > 4:
                present.remove(chance.choice(present))
            if chance.random() < moves and len(present) < 8:
                present.append(new_id())
                everybody.append(present[-1])
        for who in present:
            pauses[who] = pauses.get(who, 0) - 1
            if chance.random() < moves / 10:
                pauses[who] = 2
        here = [who for who in present if pauses[who] <= 0 and chance.random() >= away]
        answered.append(here)
    lean = chance.choice([1, 4, 7, None])
    values = {
        who: chance.choice(VALUES) if lean is None or chance.random() < 0.3 else lean for who in everybody
    }
    return History(new_id(), values, answered)


Pattern = tuple[bool, ...]


@cache
def _left(
    ranges: tuple[tuple[int, int], ...],
    who: Pattern,
    insider: Pattern,
    own: int,
    sizes: tuple[tuple[Pattern, int], ...],
    enough: int,
) -> int:
    matrix = np.array([[pattern[row] for pattern, _ in sizes] for row in range(len(ranges))], dtype=float)
    bounds = Bounds([size * LEAST for _, size in sizes], [size * MOST for _, size in sizes])
    found = 0
    for value in VALUES:
        taken = np.array([value * who[row] + own * insider[row] for row in range(len(ranges))])
        low, high = (np.array([each[end] for each in ranges]) - taken for end in (0, 1))
        if sizes:
            asked = milp(
                np.zeros(len(sizes)),
                constraints=LinearConstraint(matrix, low, high),
                bounds=bounds,
                integrality=np.ones(len(sizes)),
            )
            found += asked.status == 0
        else:
            found += bool(np.all((low <= 0) & (high >= 0)))
        if found >= enough:
            break
    return found


@dataclass
class Sums:
    """What the attacker knows: of each set of people the sum lies in a range, as is told by a band or exactly."""

    known: list[tuple[frozenset[UUID], int, int]]

    def patterns(self) -> dict[UUID, Pattern]:
        """In which of the sets everybody is. Those who are in the same ones are alike to the attacker."""
        people = frozenset().union(*(group for group, _, _ in self.known))
        return {who: tuple(who in group for group, _, _ in self.known) for who in people}

    def left(
        self, who: Pattern, insider: Pattern, own: int, sizes: dict[Pattern, int], *, enough: int = ENOUGH
    ) -> int:
        """How many values remain for somebody's answer to an insider who knows her own, counted up to what is enough.

        `sizes`: how many others there are of each pattern. By integer programs over their sums.
        """
        ranges = tuple((low, high) for _, low, high in self.known)
        return _left(ranges, who, insider, own, tuple(sorted(sizes.items())), enough)

    def each_left(self, answers: dict[UUID, int], *, enough: int = ENOUGH) -> Iterator[int]:
        """The above for everybody to every insider, those who are alike once."""
        patterns = self.patterns()
        asked = {
            (patterns[who], patterns[insider], answers[insider])
            for who in patterns
            for insider in patterns
            if who != insider
        }
        for who, insider, own in sorted(asked):
            sizes: dict[Pattern, int] = {}
            for pattern in patterns.values():
                sizes[pattern] = sizes.get(pattern, 0) + 1
            for known in (who, insider):
                sizes[known] -= 1
            yield self.left(
                who, insider, own, {pattern: size for pattern, size in sizes.items() if size}, enough=enough
            )


def by_bands(told: History) -> Sums:
    """What bands tell."""
    known = []
    for window, band in told.published.items():
        people = told.answered[window]
        low, below = BOUNDS[band]
        known.append((frozenset(people), low * len(people), below * len(people) - 1))
    return Sums(known)


def by_means(told: History, *, least: int = 5) -> Sums:
    """What exact means would tell, from so many people on."""
    known = []
    for people in told.answered:
        if len(people) >= least:
            total = sum(told.answers[who] for who in people)
            known.append((frozenset(people), total, total))
    return Sums(known)


def by_running_means(told: History, *, least: int = 5) -> Sums:
    """What the exact mean over all who have answered so far would tell."""
    known, so_far = [], frozenset[UUID]()
    for people in told.answered:
        so_far |= frozenset(people)
        if len(so_far) >= least:
            total = sum(told.answers[who] for who in so_far)
            known.append((so_far, total, total))
    return Sums(known)
