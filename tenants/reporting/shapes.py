"""Which breakdowns leave: those of which enough could be shown when they were to leave first. Pure.

A table by an attribute with many answers would be hidden for the greater part, and its hidden cells would take others
with them. Whether it leaves is decided once, with the first release of a program that could have it, and stays: rows
that came and went with the numbers would tell of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import CountTable

MOST_HIDDEN = 0.5
"""Share of a breakdown's inner cells that may be too small to be shown."""


def left_out(
    tables: Iterable[CountTable], *, told: Collection[str], before: Collection[str], threshold: int
) -> set[str]:
    """The names of the breakdowns that do not leave: those of `before`, and those that are mostly hidden now.

    told: names of tables that left already, and go on to; a table that is told in several parts is judged as a whole.
    """
    found = set(before)
    for table in tables:
        if table.breakdown and table.name not in {*told, *found} and _mostly_hidden(table, threshold):
            found.add(table.name)
    return found


def _mostly_hidden(table: CountTable, threshold: int) -> bool:
    spread = {each.name for each in table.spread}
    counts: Counter[tuple[tuple[str, str], ...]] = Counter()
    for key, number in table.counts.items():
        counts[tuple(pair for pair in key if pair[0] not in spread)] += number
    system = system_of((replace(table, spread=()).shape,))
    values, few = system.values(counts), [key in table.few for key in system.keys]
    sensitive = any(each.sensitive for each in table.axes)
    hidden = (values >= (0 if sensitive else 1)) & (values <= threshold) | np.array(few)
    return bool(hidden[~system.is_sum].mean() > MOST_HIDDEN)
