"""The tables of what leaves of an invented program, in the shapes that reports count, of people put down by chance.

Most breakdowns are uneven and sparse, as real ones are: that is where protection has most to do.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
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
SHAPES = {"people": OF_PEOPLE, "groups": OF_GROUPS, "products": OF_PRODUCTS}
GROUP, PRODUCTS_EACH = 6, 4
_Thing = tuple[int, bool, tuple[int, ...]]
"""A person, group or product: its cohort, whether a funder is told of it, and the people behind it."""


class Program:
    """People in groups, these spread over cohorts; six in ten agreed to each funder. With institutions, each person is
    of one of them by chance, which are of uneven size.
    """

    def __init__(
        self, *, people: int, cohorts: int, funders: int, institutions: int = 0, seed: int = 1
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._size = people
        uneven = np.random.default_rng(seed).dirichlet(np.full(max(1, institutions), 2.0))
        whose = np.random.default_rng(seed).choice(len(uneven), size=people, p=uneven)
        self._whose = whose.tolist() if institutions else None
        self.agreed = {f"Funder {i}": self._rng.random(people) < 0.6 for i in range(funders)}
        self._cohorts = axis(COHORT, "Cohort", [f"cohort{i}" for i in range(cohorts)])
        with_whom = self._rng.integers(0, 60, PRODUCTS_EACH * people)
        self._things = {
            "people": [(each,) for each in range(people)],
            "groups": [tuple(range(first, first + GROUP)) for first in range(0, people - GROUP + 1, GROUP)],
            "products": [
                tuple({i // PRODUCTS_EACH, max(0, i // PRODUCTS_EACH - int(back))})
                for i, back in enumerate(with_whom)
            ],
        }
        self._codes = {
            name: [self._by_chance(each, len(self._things[unit])) for each in sizes]
            for unit, shapes in SHAPES.items()
            for name, sizes in shapes.items()
        }

    def tables(self, people: int) -> list[CountTable]:
        """One of each breakdown for each funder, of so many of the people: those who came first."""
        found: list[CountTable] = []
        for unit, shapes in SHAPES.items():
            things = [who for who in self._things[unit] if max(who) < people]
            for name, sizes in shapes.items():
                axes = [
                    axis(f"{name}_{i}", name, [f"{name}{code}" for code in range(n)])
                    for i, n in enumerate(sizes)
                ]
                found += [
                    self._table((name, unit), axes, list(self._told(things, funder, unit)), funder)
                    for funder in self.agreed
                ]
        return found

    def _are_few(self, people: set[int]) -> bool:
        """Whether they are few, or without those of one institution."""
        own = Counter(self._whose[each] for each in people) if self._whose else Counter[int]()
        rests = (len(people) - number for number in own.values())
        return len(people) <= LEAST_THRESHOLD or any(1 <= rest <= LEAST_THRESHOLD for rest in rests)

    def _by_chance(self, codes: int, number: int) -> NDArray[np.int64]:
        return self._rng.choice(codes, size=number, p=self._rng.dirichlet(np.full(codes, 0.6)))

    def _told(self, things: Iterable[tuple[int, ...]], funder: str, unit: str) -> Iterator[_Thing]:
        agreed = self.agreed[funder]
        for who in things:
            told = [bool(agreed[each]) for each in who]
            cohort = min(who) // GROUP % len(self._cohorts.codes)
            yield cohort, any(told) if unit == "products" else all(told), who

    def _table(
        self,
        what: tuple[str, str],
        axes: list[Axis],
        things: list[_Thing],
        funder: str,
    ) -> CountTable:
        name, unit = what
        within = {REPORTED: YES} | ({} if unit == "people" else {"unit": unit})
        counts: Counter[Key] = Counter()
        parts: dict[str, Counter[Key]] = defaultdict(Counter)
        behind: dict[Key, set[int]] = defaultdict(set)
        for place, (cohort, told, who) in enumerate(things):
            codes = zip(axes, self._codes[name], strict=True)
            said = [(each.name, each.codes[by[place]].code) for each, by in codes]
            said += [(COHORT, f"cohort{cohort}"), (shares(funder), YES if told else NO)]
            counts[key_of({**within, **dict(said)})] += 1
            for whose in {self._whose[each] for each in who} if self._whose else ():
                parts[f"Institution {whose}"][key_of({**within, **dict(said)})] += 1
            for depth in range(len(said) + 1) if unit != "people" else ():
                for some in combinations(said, depth):
                    behind[key_of({**within, **dict(some)})].update(who)
        few = frozenset(key for key, people in behind.items() if self._are_few(people))
        spread = (self._cohorts, axis(shares(funder), funder, (YES, NO)))
        whole = CountTable(name, name, unit, tuple(axes), key_of(within), dict(counts), few, spread)
        return replace(whole, parts={whose: dict(part) for whose, part in parts.items()})
