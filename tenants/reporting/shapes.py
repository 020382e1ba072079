"""Rolling up: fewer, larger cells where most would be hidden. Pure.

A table that is broken down too far is hidden for the greater part, and its hidden cells take others with them: it is
told without the axis of cohorts, or, if it is a breakdown by an attribute, not at all. That is decided once, with the
first release of a program that could have it, and stays: rows that came and went with the numbers would tell of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tenants.reporting.suppression.model import Key
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import COHORT, CountTable

MOST_HIDDEN = 0.5
"""Share that may be too small to be shown."""


def rolled_up(
    tables: Iterable[CountTable], *, told: Collection[str], before: Collection[str], threshold: int
) -> tuple[list[CountTable], set[str]]:
    """The tables that leave, and the names of what does not: those of `before`, and what is mostly hidden now.

    A name is that of a table, or of its being told by cohort (`by_cohort`). told: names of what left already, and goes
    on to. A table is told by cohort if at most half of its inner cells that are not empty are too small, in all parts
    of it together; a breakdown is told if at most half of all inner cells are, in no part of it.
    """
    together: dict[str, list[CountTable]] = {}
    for table in tables:
        together.setdefault(table.name, []).append(table)
    gone, left = set(before), list[CountTable]()
    for name, parts in together.items():
        finer = by_cohort(name)
        crossed = any(_has_cohorts(each) for each in parts) and finer not in told
        if crossed and _share_of_counted(parts, threshold) > MOST_HIDDEN:
            gone.add(finer)
        if parts[0].breakdown and name not in told and _share_of_all(parts[0], threshold) > MOST_HIDDEN:
            gone.add(name)
        if name not in gone:
            left += [_without_cohorts(each) if finer in gone else each for each in parts]
    return left, gone


def names_of(tables: Sequence[Mapping[str, Any]]) -> set[str]:
    """The names of what exact tables tell, as `rolled_up` has them. tables: as `said_of_table` says them."""
    found = {table["name"] for table in tables}
    crossed = (table for table in tables if any(axis["name"] == COHORT for axis in table["spread"]))
    return found | {by_cohort(table["name"]) for table in crossed}


def by_cohort(name: str) -> str:
    """What a table is called that is told by cohort."""
    return f"{name} by {COHORT}"


def _has_cohorts(table: CountTable) -> bool:
    return any(each.name == COHORT for each in table.spread)


def _without_cohorts(table: CountTable) -> CountTable:
    few = frozenset(key for key in table.few if key == _bare(key, {COHORT}))
    spread = tuple(each for each in table.spread if each.name != COHORT)
    parts = {holder: _summed(part, {COHORT}) for holder, part in table.parts.items()}
    return replace(table, counts=_summed(table.counts, {COHORT}), few=few, spread=spread, parts=parts)


def _share_of_counted(parts: Sequence[CountTable], threshold: int) -> float:
    cells = [(key, number, each.few) for each in parts for key, number in each.counts.items()]
    small = sum(number for key, number, few in cells if number <= threshold or key in few)
    return small / max(1, sum(number for _, number, _ in cells))


def _share_of_all(table: CountTable, threshold: int) -> float:
    counts = _summed(table.counts, {each.name for each in table.spread})
    system = system_of((replace(table, spread=()).shape,))
    values, few = system.values(counts), [key in table.few for key in system.keys]
    sensitive = any(each.sensitive for each in table.axes)
    hidden = (values >= (0 if sensitive else 1)) & (values <= threshold) | np.array(few)
    return float(hidden[~system.is_sum].mean())


def _summed(counts: Mapping[Key, int], names: Collection[str]) -> dict[Key, int]:
    """The counts without these dimensions."""
    found = Counter[Key]()
    for key, number in counts.items():
        found[_bare(key, names)] += number
    return dict(found)


def _bare(key: Key, names: Collection[str]) -> Key:
    return tuple(pair for pair in key if pair[0] not in names)
