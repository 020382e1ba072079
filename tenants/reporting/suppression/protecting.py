"""Protecting a release: from exact counts and the ledger to what may be printed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tenants.reporting.suppression.earlier import Holder, Seen, known_to, rows_of, seen_before, tables_of
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
    silent: Collection[Key] = (),
    contributions: Mapping[str, Counts] | None = None,
    contributions_before: Mapping[str, Mapping[str, Counts]] | None = None,
    counts_before: Mapping[str, Counts] | None = None,
    recurring: bool = False,
    dear: Collection[tuple[str, str]] = (),
    standing: Collection[str] = (),
) -> Release:
    """The release of these tables that may be made after those of the ledger.

    few: cells of things with at most that many people behind them, which are hidden whatever they count. silent: those
    that are so and could be as many less as are never told. contributions: of numbers that several institutions hold,
    each one's own part. contributions_before: the same by institution and earlier snapshot; only for these are changes
    of the rest looked at. counts_before: by earlier snapshot all of the counts, which spares much work. recurring:
    whether later numbers are to follow; it leaves room for falls between two numbers that are not shown, at some cells.
    dear: dimensions with a code whose cells are hidden last. standing: names of tables of which nothing new is told.
    The same input gives the same release. What is not shown but was stays at its last shown value, with its day.
    Of a table with a count that nothing can protect nothing new is told: it is none of the release's.
    Raises ValueError for too low a threshold, ImpossibleTables where what is given contradicts itself, UnsolvedProgram.
    """
    order = _Order(
        ledger=ledger,
        now=(as_of, snapshot, threshold),
        marked=(frozenset(few), frozenset(silent)),
        contributions=contributions or {},
        before=contributions_before or {},
        counts_before=counts_before or {},
        spare=int(recurring or bool(ledger)),
        dear=frozenset(dear),
    )
    left = tuple(each for each in tables if each.name not in standing)
    while True:
        try:
            cells = _printed(order, tables, _shown(order, left, counts))
            return Release(as_of, snapshot, threshold, left, cells)
        except _Untold as one:
            told = tuple(each for each in left if one.key not in system_of((each,)).index)
            left = told if len(told) < len(left) else ()


@dataclass(frozen=True)
class _Order:
    """What `protect` was asked, but for the tables; ``now``: the day, the snapshot and the threshold; ``marked``: the
    cells that are few, and the silent ones.
    """

    ledger: Ledger
    now: tuple[str, str, int]
    marked: tuple[frozenset[Key], frozenset[Key]]
    contributions: Mapping[str, Counts]
    before: Mapping[str, Mapping[str, Counts]]
    counts_before: Mapping[str, Counts]
    spare: int
    dear: frozenset[tuple[str, str]]

    def __post_init__(self) -> None:
        if self.now[2] < LEAST_THRESHOLD:
            raise ValueError(f"The threshold cannot be below {LEAST_THRESHOLD}.")

    @property
    def same(self) -> list[Release]:
        """What was released of the same snapshot."""
        return [release for release in self.ledger if release.snapshot == self.now[1]]


class _Untold(Exception):
    """Whatever else is hidden, this count can be told: what was released of the snapshot leaves no room."""

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.key = key


def _shown(order: _Order, tables: tuple[Table, ...], counts: Counts) -> dict[Key, int]:
    """The numbers of these tables that may be shown. Raises _Untold."""
    if not tables:
        return {}
    _, snapshot, threshold = order.now
    every = (*tables_of(order.same), *tables)
    system = system_of(every)
    values = system.values(counts)
    shown_before, hidden_before = _settled(system, values, order.same)
    few, silent = (system.marked(key for key in each if key in system.index) for each in order.marked)
    own = OwnNeeds(values, threshold, spare=order.spare, few=few, silent=silent)
    seen = seen_before(system, order.ledger, snapshot, threshold)
    public = public_view(system, own, [each.told for each in seen])
    holders = [
        _holder_view(system, values, (name, part), (every, seen), order)
        for name, part in sorted(order.contributions.items())
    ]
    views = tuple(_unless(shown_before, view, values) for view in (public, *holders))
    must = hidden_before | ~(system.published | shown_before)
    for view in views:
        must |= primary(view, values)
    available = (must | (values > 0) | system.sensitive) & ~shown_before
    dear = np.array([len(order.dear.intersection(key)) for key in system.keys], dtype=np.int64)
    problem = Problem.of(system, values, threshold, must=must, available=available, views=views, dear=dear)
    try:
        hidden = hidden_cells(problem)
    except NoCover as none:
        raise _Untold(system.keys[none.cell]) from none
    told = np.flatnonzero(system.published & ~hidden)
    return {system.keys[cell]: int(values[cell]) for cell in told}


def _settled(system: System, values: Ints, same: list[Release]) -> tuple[Bools, Bools]:
    """The cells that were shown of this snapshot, which cannot be hidden any more, and those that were not."""
    shown, hidden = np.zeros(len(values), dtype=bool), np.zeros(len(values), dtype=bool)
    for release in same:
        for key in release.cells:
            cell, value = system.index.get(key), release.shown(key)
            if cell is None:  # of a table of which nothing new was told
                continue
            shown[cell] |= value is not None
            hidden[cell] |= value is None
            if value is not None and value != values[cell]:
                raise ImpossibleTables(f"{key}: {value} was released of this snapshot, not {values[cell]}.")
    return shown, hidden & ~shown


def _holder_view(
    system: System,
    values: Ints,
    holder: tuple[str, Counts],
    told: tuple[tuple[Table, ...], Sequence[Seen]],
    order: _Order,
) -> View:
    (name, part), (tables, seen), threshold = holder, told, order.now[2]
    own = system.values(part)
    if (own > values).any():
        raise ImpossibleTables(f"{name} contributes more than there is.")
    knows = Holder(name, order.before.get(name, {}), order.counts_before)
    earlier = list(known_to(knows, seen, values, own, threshold))
    return holder_view(system, values, (own, rows_of(system, name, tables)), earlier, threshold)


def _unless(settled: Bools, view: View, values: Ints) -> View:
    """Nothing can be asked any more of what was shown."""
    return replace(view.asking_of(~settled, values), fixed=view.fixed | settled)


def _printed(order: _Order, tables: tuple[Table, ...], shown: Mapping[Key, int]) -> dict[Key, Printed]:
    """Every cell that the tables print: as it is now if that may be shown, else as it was shown last."""
    before: dict[Key, Printed] = {}
    for release in order.ledger:
        for key, printed in release.cells.items():
            if printed.value is not None:
                before[key] = replace(printed, frozen=True)
    system = system_of(tables)
    keys = (key for key, published in zip(system.keys, system.published, strict=True) if published)
    as_of = order.now[0]
    return {key: Printed(shown[key], as_of) if key in shown else before.get(key, NOT_SHOWN) for key in keys}
