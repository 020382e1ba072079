"""The joint linear system of all tables on one population: cells that are equal are one variable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tenants.reporting.suppression.model import Dimension, ImpossibleTables, Key, Table, key_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

WHOLE = 100


@dataclass(frozen=True)
class System:
    """``keys``       all cells of the tables with every margin.
    ``sums``       for each sum its cell and those that it is the sum of, the sums of inner cells first.
    ``published``  the cells that some table prints; the others are known through the sums alone.
    ``sensitive``  the cells that say something about a sensitive dimension.
    ``tables``     of how many tables each cell is.
    ``small``      the cells of tables of over two dimensions and at most WHOLE cells: there whole numbers can be
                   narrower than fractions, and are looked at too.
    ``delicate``   the names of the sensitive dimensions.
    """

    keys: tuple[Key, ...]
    sums: tuple[tuple[int, tuple[int, ...]], ...]
    published: Bools
    sensitive: Bools
    tables: Ints
    small: Bools
    delicate: frozenset[str] = frozenset()

    @cached_property
    def index(self) -> dict[Key, int]:
        """Where each cell stands."""
        return {key: i for i, key in enumerate(self.keys)}

    @cached_property
    def matrix(self) -> csr_array:
        """A row for each sum: its cell less those that it is the sum of. Columns are cells."""
        starts, places, factors = [0], list[int](), list[float]()
        for cell, parts in self.sums:
            places += [cell, *parts]
            factors += [1.0, *([-1.0] * len(parts))]
            starts.append(len(places))
        return csr_array((factors, places, starts), shape=(len(self.sums), len(self.keys)))

    @cached_property
    def _cells(self) -> Ints:
        """The cell of each sum."""
        return np.array([cell for cell, _ in self.sums], dtype=np.int64)

    @cached_property
    def _parts(self) -> csr_array:
        """A row for each sum: the cells that it is the sum of."""
        whole = csr_array(
            (np.ones(len(self.sums)), (np.arange(len(self.sums)), self._cells)), shape=self.matrix.shape
        )
        return csr_array(whole - self.matrix)

    @cached_property
    def is_sum(self) -> Bools:
        """The cells that are the sum of others in some table; the rest are inner cells."""
        found = np.zeros(len(self.keys), dtype=bool)
        found[[cell for cell, _ in self.sums]] = True
        return found

    def values(self, counts: Mapping[Key, int]) -> Ints:
        """Each cell's exact count, from those of the inner cells; a count that is missing is 0.

        Raises ImpossibleTables, naming the cell, for a negative count and where tables contradict each other.
        """
        found = [counts.get(key, 0) for key in self.keys]
        known = [not each for each in self.is_sum]
        for cell, parts in self.sums:
            total = sum(found[part] for part in parts)
            if found[cell] != total and (known[cell] or self.keys[cell] in counts):
                raise ImpossibleTables(
                    f"{self.keys[cell]}: {found[cell]} is not the sum {total} of its parts."
                )
            found[cell], known[cell] = total, True
        values = np.array(found, dtype=np.int64)
        if (values < 0).any():
            raise ImpossibleTables(f"{self.keys[int(values.argmin())]}: a count cannot be negative.")
        return values

    def marked(self, keys: Iterable[Key]) -> Bools:
        """Which cells these are. Raises KeyError for one that is none."""
        found = np.zeros(len(self.keys), dtype=bool)
        found[[self.index[key] for key in keys]] = True
        return found

    def least(self, own: Floats) -> Floats:
        """The least that the sums leave of each cell when each by itself is at least ``own``.

        A sum of which all parts but one are printed zeros is that part: what is least of either is of both.
        """
        least, some = own.copy(), ~(self.published & (own == 0) & ~self.sensitive)
        cells, parts = self._cells, self._parts
        alone = parts @ some == 1
        part = (parts @ (some * np.arange(len(own))))[alone].astype(np.int64)
        rising = True
        while rising:
            before = least.copy()
            np.maximum.at(least, cells, parts @ least)
            np.maximum.at(least, part, least[cells[alone]])
            rising = bool((least > before).any())
        return least


def system_of(tables: Sequence[Table]) -> System:
    """The joint system of the tables, in a fixed order of cells and sums.

    Raises ImpossibleTables where tables have different dimensions of the same name.
    """
    dimensions: dict[str, Dimension] = {}
    published: dict[Key, bool] = {}
    within: Counter[Key] = Counter()
    small: set[Key] = set()
    sums: dict[tuple[Key, tuple[Key, ...]], None] = {}
    for table in tables:
        for each in table.dimensions:
            if dimensions.setdefault(each.name, each) != each:
                raise ImpossibleTables(f"{each.name}: two tables have different dimensions of this name.")
        cells = dict(_cells(table))
        for key, printed in cells.items():
            published[key] = published.get(key, False) or printed
        within.update(cells)
        if len(table.dimensions) > 2 and len(cells) <= WHOLE:
            small.update(cells)
        sums.update(dict.fromkeys(_sums(table)))
    keys = tuple(published)
    index = {key: i for i, key in enumerate(keys)}
    delicate = frozenset(name for name, each in dimensions.items() if each.sensitive)
    return System(
        keys=keys,
        sums=_inner_first([(index[cell], tuple(index[part] for part in parts)) for cell, parts in sums]),
        published=np.array(list(published.values()), dtype=bool),
        sensitive=np.array([any(name in delicate for name, _ in key) for key in keys], dtype=bool),
        tables=np.array([within[key] for key in keys], dtype=np.int64),
        small=np.array([key in small for key in keys], dtype=bool),
        delicate=delicate,
    )


def _choices(dimension: Dimension) -> list[str | None]:
    return [None, *(code for code, _ in dimension.codes)]


def _key(table: Table, codes: Sequence[str | None]) -> Key:
    pairs = zip(table.dimensions, codes, strict=True)
    return key_of({**dict(table.within), **{each.name: code for each, code in pairs if code is not None}})


def _cells(table: Table) -> Iterator[tuple[Key, bool]]:
    for codes in product(*map(_choices, table.dimensions)):
        printed = all(
            code is not None or each.total for each, code in zip(table.dimensions, codes, strict=True)
        )
        yield _key(table, codes), printed


def _sums(table: Table) -> Iterator[tuple[Key, tuple[Key, ...]]]:
    for place, dimension in enumerate(table.dimensions):
        before = [_choices(each) for each in table.dimensions[:place]]
        after = [_choices(each) for each in table.dimensions[place + 1 :]]
        for left in product(*before):
            for right in product(*after):
                for above, codes in dimension.children.items():
                    parts = tuple(_key(table, (*left, code, *right)) for code in codes)
                    yield _key(table, (*left, above, *right)), parts


def _inner_first(sums: list[tuple[int, tuple[int, ...]]]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """The sums in an order in which every part's own sums come before it."""
    height: dict[int, int] = {}
    rising = True
    while rising:
        rising = False
        for cell, parts in sums:
            least = 1 + max(height.get(part, 0) for part in parts)
            if height.get(cell, 0) < least:
                height[cell] = least
                rising = True
    return tuple(sorted(sums, key=lambda each: (height[each[0]], each)))
