"""What the ledger tells: how far each number of an earlier release can be narrowed down."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np

from tenants.reporting.suppression.linear import UnsolvedProgram, bounds, costs, solved, solver_of
from tenants.reporting.suppression.model import Ledger, Release, Table
from tenants.reporting.suppression.needs import Known
from tenants.reporting.suppression.system import Bools, Floats, Ints, System, system_of

EXACT = 300
"""Up to so many numbers not shown in a snapshot the range of each is found to its ends."""


def tables_of(releases: Sequence[Release]) -> tuple[Table, ...]:
    """The tables of all the releases, each once."""
    return tuple(dict.fromkeys(table for release in releases for table in release.tables))


def known_before(system: System, ledger: Ledger, snapshot: str, threshold: int) -> list[Known]:
    """What is known of this system's cells from each earlier snapshot but this one, in their order.

    Raises UnsolvedProgram for a ledger that contradicts itself.
    """
    snapshots = dict.fromkeys(release.snapshot for release in ledger if release.snapshot != snapshot)
    found = []
    for each in snapshots:
        releases = [release for release in ledger if release.snapshot == each]
        before = system_of(tables_of(releases))
        known = _known(before, releases, threshold)
        places = np.array([before.index.get(key, -1) for key in system.keys])
        there = places >= 0
        found.append(
            Known(
                least=np.where(there, known.least[places], np.nan),
                most=np.where(there, known.most[places], np.nan),
                exact=known.exact,
            )
        )
    return found


def _known(system: System, releases: Sequence[Release], threshold: int) -> Known:
    size = len(system.keys)
    value = np.full(size, np.nan)
    for release in releases:
        for i, key in enumerate(system.keys):
            shown = release.shown(key)
            if shown is not None:
                value[i] = shown
    hidden = np.isnan(value)
    whole = 0.0 if hidden.all() else float(np.nanmax(value))
    lower = np.where(hidden, np.where(system.published & ~system.sensitive, 1.0, 0.0), value)
    upper = np.where(hidden, 2 * whole + 100 * threshold, value)
    ranges = _Ranges(system, lower, upper)
    open_cells = np.flatnonzero(hidden)
    exact = len(open_cells) <= EXACT
    if exact:
        ranges.to_their_ends(open_cells)
    else:
        ranges.far_enough(open_cells, threshold)
    return Known(least=np.round(ranges.least, 6), most=np.round(ranges.most, 6), exact=exact)


class _Ranges:
    """The least and the most found so far of each number, over all that is possible."""

    def __init__(self, system: System, lower: Floats, upper: Floats) -> None:
        self._solver: highspy.Highs = solver_of(system, 1)
        self._all = np.arange(len(lower))
        bounds(self._solver, self._all, lower, upper)
        self.least, self.most = np.full(len(lower), np.inf), np.full(len(lower), -np.inf)
        self._look(self._all[:0], 1)

    def to_their_ends(self, cells: Ints) -> None:
        """The whole range of each."""
        for cell in cells:
            self._look(np.array([cell]), 1)
            self._look(np.array([cell]), -1)

    def far_enough(self, cells: Ints, threshold: int) -> None:
        """All together, as long as it helps, until they reach from 1 to three times the threshold."""
        for sign in (1, -1):
            open_cells = cells
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
