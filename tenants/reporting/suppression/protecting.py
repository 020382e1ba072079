"""Protecting a release: from exact counts and the ledger to what may be printed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from tenants.reporting.suppression.earlier import Holder, known_before, rows_of, tables_of
from tenants.reporting.suppression.hiding import NoCover, Problem, hidden_cells
from tenants.reporting.suppression.linear import View
from tenants.reporting.suppression.model import (
    LEAST_THRESHOLD,
    NOT_SHOWN,
    ImpossibleTables,
    Key,
    Ledger,
    Printed,
    Release,
    Table,
)
from tenants.reporting.suppression.needs import OwnNeeds, holder_view, primary, public_view
from tenants.reporting.suppression.system import Bools, Ints, System, system_of

Counts = Mapping[Key, int]
"""Exact counts of people by inner cell; one that is missing is 0. Those of sums may be given, and must agree."""


def protect(
    tables: tuple[Table, ...],
    counts: Counts,
    *,
    as_of: str,
    snapshot: str,
    ledger: Ledger = (),
    threshold: int = LEAST_THRESHOLD,
    few: Collection[Key] = (),
    contributions: Mapping[str, Counts] | None = None,
    contributions_before: Mapping[str, Mapping[str, Counts]] | None = None,
    recurring: bool = False,
) -> Release:
    """The release of these tables that may be made after those of the ledger.

    few: cells of things with at most that many people behind them, which are hidden whatever they count.
    contributions: in a pooled release, each institution's own part of the counts. contributions_before: the same by
    institution and earlier snapshot; only for these are changes of the rest looked at. recurring: whether a release
    of later numbers is to follow; it leaves room for falls between two numbers that are not shown, at some cells.
    The same input gives the same release. Where a number is not shown but was in an earlier release, it stays at its
    last shown value with that day.
    Raises ValueError for a threshold that is too low, ImpossibleTables where counts, contributions, tables and ledger
    contradict each other, and UnsolvedProgram when the solver fails.
    """
    if threshold < LEAST_THRESHOLD:
        raise ValueError(f"The threshold cannot be below {LEAST_THRESHOLD}.")
    same = [release for release in ledger if release.snapshot == snapshot]
    every = (*tables_of(same), *tables)
    system = system_of(every)
    values = system.values(counts)
    shown_before, hidden_before = _settled(system, values, same)
    context, before = (ledger, snapshot, threshold), contributions_before or {}
    own = OwnNeeds(values, threshold, spare=int(recurring or bool(ledger)), few=system.marked(few))
    public = public_view(system, own, known_before(system, *context))
    holders = [
        _holder_view(system, values, (Holder(name, before.get(name, {})), part), every, context)
        for name, part in sorted((contributions or {}).items())
    ]
    views = [_unless(shown_before, view, values) for view in (public, *holders)]
    must = hidden_before | ~(system.published | shown_before)
    for view in views:
        must |= primary(view, values)
    available = (must | (values > 0) | system.sensitive) & ~shown_before
    try:
        hidden = hidden_cells(Problem(system, values, must, available, tuple(views), threshold))
    except NoCover:  # what was released of this snapshot leaves no room: nothing new is told
        hidden = available
    return Release(
        as_of, snapshot, threshold, tables, _printed(system, values, hidden, tables, (as_of, ledger))
    )


def _settled(system: System, values: Ints, same: list[Release]) -> tuple[Bools, Bools]:
    """The cells that were shown of this snapshot, which cannot be hidden any more, and those that were not."""
    shown, hidden = np.zeros(len(values), dtype=bool), np.zeros(len(values), dtype=bool)
    for release in same:
        for key in release.cells:
            cell, value = system.index[key], release.shown(key)
            shown[cell] |= value is not None
            hidden[cell] |= value is None
            if value is not None and value != values[cell]:
                raise ImpossibleTables(f"{key}: {value} was released of this snapshot, not {values[cell]}.")
    return shown, hidden & ~shown


def _holder_view(
    system: System,
    values: Ints,
    holder: tuple[Holder, Counts],
    tables: tuple[Table, ...],
    context: tuple[Ledger, str, int],
) -> View:
    known, part = holder
    own = system.values(part)
    if (own > values).any():
        raise ImpossibleTables(f"{known.name} contributes more than there is.")
    ledger, snapshot, threshold = context
    earlier = known_before(system, ledger, snapshot, threshold, known)
    return holder_view(system, values, (own, rows_of(system, known.name, tables)), earlier, threshold)


def _unless(settled: Bools, view: View, values: Ints) -> View:
    """Nothing can be asked any more of what was shown."""
    return View(
        floor=view.floor,
        fixed=view.fixed | settled,
        low=np.where(settled, values, view.low),
        high=np.where(settled, values, view.high),
    )


def _printed(
    system: System, values: Ints, hidden: Bools, tables: tuple[Table, ...], now: tuple[str, Ledger]
) -> dict[Key, Printed]:
    as_of, ledger = now
    before: dict[Key, Printed] = {}
    for release in ledger:
        for key, printed in release.cells.items():
            if printed.value is not None:
                before[key] = replace(printed, frozen=True)
    here = system_of(tables)
    cells = {}
    for key, published in zip(here.keys, here.published, strict=True):
        if published:
            cell = system.index[key]
            cells[key] = before.get(key, NOT_SHOWN) if hidden[cell] else Printed(int(values[cell]), as_of)
    return cells
