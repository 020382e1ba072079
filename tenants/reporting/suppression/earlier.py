"""What the ledger tells: how far each number of an earlier release can be narrowed down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csr_array

from tenants.reporting.suppression.linear import UnsolvedProgram, blocks, bounds, costs, solved, solver_of
from tenants.reporting.suppression.model import Key, Ledger, Release, Table
from tenants.reporting.suppression.needs import Known
from tenants.reporting.suppression.system import Bools, Floats, Ints, System, system_of

EXACT = 300
"""Of up to so many numbers that are tied together the range of each is found to its ends."""


def tables_of(releases: Sequence[Release]) -> tuple[Table, ...]:
    """The tables of all the releases, each once."""
    return tuple(dict.fromkeys(table for release in releases for table in release.tables))


@dataclass(frozen=True)
class Holder:
    """An institution and what it knows: its own part of the counts of each earlier snapshot, as far as it is told."""

    name: str
    parts: Mapping[str, Mapping[Key, int]]


def known_before(
    system: System, ledger: Ledger, snapshot: str, threshold: int, holder: Holder | None = None
) -> list[Known]:
    """What is known of this system's cells from each earlier snapshot but this one, in their order.

    For a holder: what it knows of the rest without its own part, from the snapshots of which its part is told.
    Raises UnsolvedProgram for a ledger that contradicts itself or what the holder knows.
    """
    snapshots = dict.fromkeys(release.snapshot for release in ledger if release.snapshot != snapshot)
    found = []
    for each in snapshots:
        if holder is not None and each not in holder.parts:
            continue
        releases = [release for release in ledger if release.snapshot == each]
        tables = tables_of(releases)
        if not tables:  # nothing new was told
            continue
        before = system_of(tables)
        size = len(before.keys)
        own, fixed = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
        if holder is not None:
            own, fixed = before.values(holder.parts[each]), rows_of(before, holder.name, tables)
        known = _known(before, _shown(before, releases), (own, fixed), threshold)
        places = np.array([before.index.get(key, -1) for key in system.keys])
        there = places >= 0
        found.append(
            Known(
                least=np.where(there, (known.least - own)[places], np.nan),
                most=np.where(there, (known.most - own)[places], np.nan),
                shown=known.shown[places],
                exact=known.exact[places],
            )
        )
    return found


def rows_of(system: System, holder: str, tables: Sequence[Table]) -> Bools:
    """The cells that are rows of this institution alone."""
    names = {each.name for table in tables for each in table.dimensions if each.holders}
    own = [any(name in names and code == holder for name, code in key) for key in system.keys]
    return np.array(own, dtype=bool)


def _shown(system: System, releases: Sequence[Release]) -> Floats:
    """The numbers shown in any of the releases, NaN for the others."""
    value = np.full(len(system.keys), np.nan)
    for release in releases:
        for key in release.cells:
            shown = release.shown(key)
            if shown is not None and key in system.index:  # else of a table of another release
                value[system.index[key]] = shown
    return value


def _known(system: System, value: Floats, holder: tuple[Ints, Bools], threshold: int) -> Known:
    """The ranges of all numbers, for who knows also his own part and some cells that are all his."""
    own, fixed = holder
    value = np.where(fixed & np.isnan(value), own, value)
    hidden = np.isnan(value)
    whole = 0.0 if hidden.all() else float(np.nanmax(value))
    cap = 2 * (whole + own.max(initial=0)) + 100 * threshold
    floor = np.maximum(np.where(system.published & ~system.sensitive, 1.0, 0.0), own)
    least, most, exact = value.copy(), value.copy(), np.ones(len(value), dtype=bool)
    sums = system.matrix @ np.where(hidden, 0.0, value)
    for cells in blocks(system.matrix, hidden):
        part = system.matrix[:, cells]
        rows = np.flatnonzero(np.diff(part.indptr))
        ranges = _Ranges(part[rows], -sums[rows], floor[cells], cap)
        exact[cells] = len(cells) <= EXACT
        if len(cells) <= EXACT:
            ranges.to_their_ends()
        else:
            ranges.far_enough(threshold)
        least[cells], most[cells] = ranges.least, ranges.most
    return Known(np.round(least, 6), np.round(most, 6), shown=~hidden, exact=exact)


class _Ranges:
    """The least and the most found so far of numbers that some sums tie together, over all that is possible."""

    def __init__(self, matrix: csr_array, sums: Floats, floor: Floats, cap: float) -> None:
        size = len(floor)
        self._solver: highspy.Highs = solver_of(matrix, sums)
        self._all = np.arange(size)
        bounds(self._solver, self._all, floor, np.full(size, cap))
        self.least, self.most = np.full(size, np.inf), np.full(size, -np.inf)
        self._look(self._all[:0], 1)

    def to_their_ends(self) -> None:
        """The whole range of each."""
        for cell in self._all:
            self._look(np.array([cell]), 1)
            self._look(np.array([cell]), -1)

    def far_enough(self, threshold: int) -> None:
        """All together, as long as it helps, until they reach from 1 to three times the threshold."""
        for sign in (1, -1):
            open_cells = self._all
            while len(open_cells):
                self._look(open_cells, sign)
                reached: Bools = self.most >= 3 * threshold if sign > 0 else self.least <= 1
                still = open_cells[~reached[open_cells]]
                if len(still) > 0.9 * len(open_cells):
                    break
                open_cells = still

    def _look(self, cells: Ints, sign: int) -> None:
        costs(self._solver, cells, np.full(len(cells), -float(sign)))
        point = solved(self._solver)
        costs(self._solver, cells, np.zeros(len(cells)))
        if point is None:
            raise UnsolvedProgram("The ledger contradicts itself.")
        self.least, self.most = np.minimum(self.least, point), np.maximum(self.most, point)
