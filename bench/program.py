"""The tables of what leaves of an invented program, in the shapes that reports count, of people put down by chance.

Most breakdowns are uneven and sparse, as real ones are: that is where protection has most to do.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tenants.reporting.counting import shares
from tenants.reporting.suppression.model import LEAST_THRESHOLD, Key, key_of
from tenants.reporting.tables import COHORT, NO, REPORTED, YES, Axis, CountTable, axis

OF_PEOPLE = {
    "states": (10,),
    "first_answers": (8,),
    "second_answers": (12,),
    "third_answers": (6,),
    "reach": (6, 8),
    "contributors": (4,),
    "exits": (25, 5),
    "entries": (26,),
    "follow_up": (8,),
    "retention": (3,),
    "promotion": (2,),
}
OF_GROUPS = {"group_states": (6,), "group_sizes": (4,), "spread": (3,), "activity": (5,), "years": (4, 2)}
OF_PRODUCTS = {"products": (16, 2)}
GROUP, PRODUCTS_EACH = 6, 4
_Thing = tuple[int, bool, tuple[int, ...]]
"""A person, group or product: its cohort, whether a funder is told of it, and the people behind it."""


class Program:
    """``people`` spread over cohorts, six in ten of whom agreed to each funder."""

    def __init__(self, *, people: int, cohorts: int, funders: int, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        self.cohort = np.sort(self._rng.integers(0, cohorts, people))
        self.agreed = {f"Funder {i}": self._rng.random(people) < 0.6 for i in range(funders)}
        self._cohorts = axis(COHORT, "Cohort", [f"cohort{i}" for i in range(cohorts)])

    def tables(self) -> list[CountTable]:
        """One of each breakdown for each funder."""
        size = len(self.cohort)
        people = [(each,) for each in range(size)]
        groups = [tuple(range(first, first + GROUP)) for first in range(0, size - GROUP, GROUP)]
        made = [
            tuple(self._rng.choice(size, 1 + i % 2, replace=False).tolist())
            for i in range(PRODUCTS_EACH * size)
        ]
        found: list[CountTable] = []
        for unit, shapes, things in (
            ("people", OF_PEOPLE, people),
            ("groups", OF_GROUPS, groups),
            ("products", OF_PRODUCTS, made),
        ):
            for name, sizes in shapes.items():
                axes = [
                    axis(f"{name}_{i}", name, [f"{name}{code}" for code in range(n)])
                    for i, n in enumerate(sizes)
                ]
                codes = [self._by_chance(each, len(things)) for each in sizes]
                found += [
                    self._table((name, unit), axes, codes, list(self._told(things, funder, unit)), funder)
                    for funder in self.agreed
                ]
        return found

    def _by_chance(self, codes: int, number: int) -> NDArray[np.int64]:
        return self._rng.choice(codes, size=number, p=self._rng.dirichlet(np.full(codes, 0.6)))

    def _told(self, things: Iterable[tuple[int, ...]], funder: str, unit: str) -> Iterator[_Thing]:
        agreed = self.agreed[funder]
        for who in things:
            told = [bool(agreed[each]) for each in who]
            yield int(self.cohort[min(who)]), any(told) if unit == "products" else all(told), who

    def _table(
        self,
        what: tuple[str, str],
        axes: list[Axis],
        codes: list[NDArray[np.int64]],
        things: list[_Thing],
        funder: str,
    ) -> CountTable:
        name, unit = what
        within = {REPORTED: YES} | ({} if unit == "people" else {"unit": unit})
        counts: Counter[Key] = Counter()
        behind: dict[Key, set[int]] = defaultdict(set)
        for place, (cohort, told, who) in enumerate(things):
            said = [(each.name, each.codes[by[place]].code) for each, by in zip(axes, codes, strict=True)]
            said += [(COHORT, f"cohort{cohort}"), (shares(funder), YES if told else NO)]
            counts[key_of({**within, **dict(said)})] += 1
            for depth in range(len(said) + 1) if unit != "people" else ():
                for some in combinations(said, depth):
                    behind[key_of({**within, **dict(some)})].update(who)
        few = frozenset(key for key, people in behind.items() if len(people) <= LEAST_THRESHOLD)
        spread = (self._cohorts, axis(shares(funder), funder, (YES, NO)))
        return CountTable(name, name, unit, tuple(axes), key_of(within), dict(counts), few, spread)
