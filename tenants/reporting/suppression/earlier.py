"""What the ledger tells: how far each number of an earlier release can be narrowed down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csr_array

from tenants.reporting.suppression.linear import blocks
from tenants.reporting.suppression.model import Key, Ledger, Release, Table
from tenants.reporting.suppression.needs import Known
from tenants.reporting.suppression.solving import UnsolvedProgram, bounds, costs, solved, solver_of
from tenants.reporting.suppression.system import Bools, Floats, Ints, System, system_of

EXACT = 300
"""Of up to so many numbers that are tied together the range of each is found to its ends."""


def tables_of(releases: Sequence[Release]) -> tuple[Table, ...]:
    """The tables of all the releases, each once."""
    return tuple(dict.fromkeys(table for release in releases for table in release.tables))


@dataclass(frozen=True)
class Holder:
    """An institution and what it knows: its own part of the counts of each earlier snapshot, as far as it is told.

    ``counts``  all of the counts of these, as far as they are told; it does not know them, but we do.
    """

    name: str
    parts: Mapping[str, Mapping[Key, int]]
    counts: Mapping[str, Mapping[Key, int]]


@dataclass(frozen=True)
class Seen:
    """An earlier snapshot as anybody sees it.

    ``value``   the numbers shown, NaN for the others. ``known``: how far these can be narrowed down.
    ``points``  for each block of them the cells, and numbers that could all be true together: one row each.
    ``places``  where the cells of the system that is protected stand in this one, -1 where they do not.
    """

    snapshot: str
    tables: tuple[Table, ...]
    system: System
    value: Floats
    known: Known
    points: Sequence[tuple[Ints, Floats]]
    places: Ints

    @property
    def told(self) -> Known:
        """What is known of the cells of the system that is protected."""
        return self.of(self.known, np.zeros(len(self.value), dtype=np.int64))

    def of(self, known: Known, own: Ints) -> Known:
        """The same of what is left without one's own part."""
        least, most, number = (
            np.where(self.places >= 0, (each - own)[self.places], np.nan)
            for each in (known.least, known.most, known.number)
        )
        return Known(least, most, number, known.exact[self.places])


def seen_before(system: System, ledger: Ledger, snapshot: str, threshold: int) -> list[Seen]:
    """What anybody knows of this system's cells from each earlier snapshot but this one, in their order.

    Raises UnsolvedProgram for a ledger that contradicts itself.
    """
    snapshots = dict.fromkeys(release.snapshot for release in ledger if release.snapshot != snapshot)
    found = []
    for each in snapshots:
        releases = [release for release in ledger if release.snapshot == each]
        tables = tables_of(releases)
        if not tables:  # nothing new was told
            continue
        before = system_of(tables)
        size, value = len(before.keys), _shown(before, releases)
        nothing = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
        places = np.array([before.index.get(key, -1) for key in system.keys])
        known, points = _known(before, value, nothing, threshold)
        found.append(Seen(each, tables, before, value, known, points, places))
    return found


def known_to(
    holder: Holder, seen: Sequence[Seen], values: Ints, own: Ints, threshold: int
) -> Iterator[Known]:
    """What a holder knows of the rest without its own part, from the snapshots of which its part is told.

    values, own: all of the new numbers, and its part.
    Raises UnsolvedProgram where the ledger contradicts what it knows.
    """
    for each in seen:
        if each.snapshot not in holder.parts:
            continue
        part = each.system.values(holder.parts[each.snapshot])
        fixed = rows_of(each.system, holder.name, each.tables)
        if each.snapshot in holder.counts:
            counts = each.system.values(holder.counts[each.snapshot])
            change = np.zeros(len(counts))
            there = each.places >= 0
            change[each.places[there]] = (values - own)[there] - (counts - part)[each.places[there]]
            asked = (np.abs(change) >= 1) & (np.abs(change) <= threshold)
            known = _room_around(each, counts, (part, fixed), asked)
        else:
            known, _ = _known(each.system, each.value, (part, fixed), threshold)
        yield each.of(known, part)


def _room_around(seen: Seen, counts: Ints, holder: tuple[Ints, Bools], asked: Bools) -> Known:
    """How far the numbers asked of have been seen to be possible for a holder: as far from the counts towards what is
    possible for anybody as its own part leaves room. At least so wide are the ranges.
    """
    own, fixed = holder
    floor = np.maximum(_floors(seen.system), own)
    least, most = counts.astype(float), counts.astype(float)
    for cells, points in seen.points:
        places = np.flatnonzero(asked[cells])
        if not len(places):
            continue
        towards = (points if len(points) < 2 * len(cells) else points[_ends_of(places)]) - counts[cells]
        room = np.where(fixed[cells], 0.0, np.maximum(0.0, counts[cells] - floor[cells]))
        share = np.full(towards.shape, np.inf)
        np.divide(room, -towards, out=share, where=towards < 0)
        share[:, fixed[cells]] = np.where(towards[:, fixed[cells]] == 0, np.inf, 0.0)
        towards *= np.minimum(1.0, share.min(axis=1))[:, None]
        least[cells] += np.minimum(0.0, towards.min(axis=0))
        most[cells] += np.maximum(0.0, towards.max(axis=0))
    least, most = np.ceil(np.round(least, 6)), np.floor(np.round(most, 6))  # people are whole
    return Known(least, most, counts.astype(float), exact=~np.isnan(seen.value))


def _ends_of(places: Ints) -> Ints:
    """Where the points stand that `_Ranges.to_their_ends` found for these cells."""
    return np.sort(np.concatenate([2 * places + 1, 2 * places + 2]))


def rows_of(system: System, holder: str, tables: Sequence[Table]) -> Bools:
    """The cells that are rows of this institution alone."""
    names = {each.name for table in tables for each in table.dimensions if each.holders}
    if not names:
        return np.zeros(len(system.keys), dtype=bool)
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


def _floors(system: System) -> Floats:
    """The least that each number is that is not shown."""
    return np.where(system.published & ~system.sensitive, 1.0, 0.0)


def _known(
    system: System, value: Floats, holder: tuple[Ints, Bools], threshold: int
) -> tuple[Known, list[tuple[Ints, Floats]]]:
    """The ranges of all numbers, for who knows also his own part and some cells that are all his; and by block points
    that reach them.
    """
    own, fixed = holder
    value = np.where(fixed & np.isnan(value), own, value)
    hidden = np.isnan(value)
    whole = 0.0 if hidden.all() else float(np.nanmax(value))
    cap = 2 * (whole + own.max(initial=0)) + 100 * threshold
    floor = np.maximum(_floors(system), own)
    least, most, exact = value.copy(), value.copy(), np.ones(len(value), dtype=bool)
    sums, points = system.matrix @ np.where(hidden, 0.0, value), list[tuple[Ints, Floats]]()
    for cells in blocks(system.matrix, hidden):
        part = system.matrix[:, cells]
        rows = np.flatnonzero(np.diff(part.indptr))
        # A sum that is not shown is at least what is shown under it, which may be more than any number shown.
        ranges = _Ranges(part[rows], -sums[rows], floor[cells], cap + float(np.abs(sums[rows]).sum()))
        exact[cells] = len(cells) <= EXACT
        if len(cells) <= EXACT:
            ranges.to_their_ends()
        else:
            ranges.far_enough(threshold)
        found = np.array(ranges.points)
        least[cells], most[cells] = found.min(axis=0), found.max(axis=0)
        points.append((cells, found))
    return Known(np.round(least, 6), np.round(most, 6), number=value, exact=exact), points


class _Ranges:
    """Numbers that some sums tie together: ``points`` is what has been found that they could be."""

    def __init__(self, matrix: csr_array, sums: Floats, floor: Floats, cap: float) -> None:
        size = len(floor)
        self._solver: highspy.Highs = solver_of(matrix, sums)
        self._all = np.arange(size)
        bounds(self._solver, self._all, floor, np.full(size, cap))
        self.points: list[Floats] = []
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
                found = np.array(self.points)
                reached: Bools = np.any(found >= 3 * threshold if sign > 0 else found <= 1, axis=0)
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
        self.points.append(point)
