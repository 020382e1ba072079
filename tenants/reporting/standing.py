"""Curves that stand as they were told: of some numbers of today and some of a year ago none can be drawn. Pure.

A number that cannot move without telling of single people stands at its last value, and hardly ever can all that a
curve is drawn of move together. Where those that can would leave less than half of its steps, nothing new is told of
any of them, and the last curve stands, with its day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from tenants.reporting.suppression.model import NOT_SHOWN, Key, Printed, Release, key_of
from tenants.reporting.tables import YES, CountTable
from tenants.reporting.years import START

Cells = Mapping[Key, Printed]


def last_shown(ledger: Iterable[Release]) -> dict[Key, Printed]:
    """Every number as it was shown last."""
    found: dict[Key, Printed] = {}
    for release in ledger:
        found.update({key: each for key, each in release.cells.items() if each.value is not None})
    return found


def standing(tables: Sequence[CountTable], release: Release, before: Cells) -> set[str]:
    """The names of the tables of curves that would lose most of their steps.

    release: what would leave; before: what was shown last of each cell.
    """
    now = {key: each for key, each in release.cells.items() if not each.frozen}
    gone = {
        table.curve
        for table in tables
        for part in _parts(table)
        if table.curve and len(table.axes) > 1
        # All of a release is of one day; what was shown last may be of several.
        if 2 * _steps(tables, table, part, now, release.threshold)
        < _steps(tables, table, part, before, release.threshold)
    }
    return {each.name for each in tables if each.curve in gone}


def _parts(table: CountTable) -> Iterator[Key]:
    """Of whom curves are drawn: of all, and of those who agreed to a funder."""
    yield ()
    yield from (((each.name, YES),) for each in table.spread)


def _steps(tables: Sequence[CountTable], table: CountTable, part: Key, cells: Cells, threshold: int) -> int:
    """Up to how many years all is of the day of those at the beginning, with enough people left after it."""
    years, *others = table.axes
    start = cells.get(_key(table, part, _beginning(tables, table)), NOT_SHOWN)
    whole = {each.name: each.dear or each.dimension.leaves for each in others}
    ends = [dict(zip(whole, codes, strict=True)) for codes in product(*whole.values())]
    found = 0
    for code in years.dear if start.value is not None else ():
        printed = (cells.get(_key(table, part, {years.name: code, **end}), NOT_SHOWN) for end in ends)
        found += {each.as_of for each in printed} == {start.as_of} and _left(table, part, code) > threshold
    return found


def _beginning(tables: Sequence[CountTable], table: CountTable) -> dict[str, str]:
    """The cell of those at the beginning; of all, where nobody comes later."""
    for each in tables:
        if (each.curve, each.within, len(each.axes)) == (table.curve, table.within, 1):
            return {each.axes[0].name: START}
    return {}


def _key(table: CountTable, part: Key, at: Mapping[str, str]) -> Key:
    return key_of({**dict(table.within), **dict(part), **at})


def _left(table: CountTable, part: Key, code: str) -> int:
    """How many are followed beyond these years."""
    years = table.axes[0]
    above = {each.code: each.above for each in years.codes}

    def within(leaf: str | None) -> bool:
        while leaf is not None and leaf != code:
            leaf = above[leaf]
        return leaf == code

    counted = (each for each in table.counts.items() if set(part) <= set(each[0]))
    return sum(number for key, number in counted if not within(dict(key)[years.name]))
