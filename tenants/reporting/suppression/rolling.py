"""Rolling up: fewer, larger cells where more than half would be hidden.

It changes which rows a table has, so it belongs where a report is defined: from then on the shape stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tenants.reporting.suppression.model import LEAST_THRESHOLD, Dimension, Key, Table
from tenants.reporting.suppression.needs import OwnNeeds, primary, public_view
from tenants.reporting.suppression.system import System, system_of

MOST_HIDDEN = 0.5
"""Share of a table's inner cells that may be primary."""


def rolled_up(table: Table, counts: Mapping[Key, int], *, threshold: int = LEAST_THRESHOLD) -> Table:
    """The table with the deepest level of a hierarchy, or a whole dimension, left out one after the other until at
    most half of its inner cells are primary.

    Each time that goes which leaves the smallest share; of equal ones the last. Dimensions without a total stay.
    counts: exact, by inner cell. Raises ImpossibleTables for negative ones.
    """
    system = system_of((table,))
    values = dict(zip(system.keys, (int(each) for each in system.values(counts)), strict=True))
    while _share(table, values, threshold) > MOST_HIDDEN:
        coarser = list(_coarser(table))
        if not coarser:
            break
        table = min(reversed(coarser), key=lambda each: _share(each, values, threshold))
    return table


def _share(table: Table, values: Mapping[Key, int], threshold: int) -> float:
    system: System = system_of((table,))
    exact = system.values({key: values[key] for key in system.keys})
    own = OwnNeeds(exact, threshold, spare=0, few=system.marked(()))
    hidden = primary(public_view(system, own, ()), exact)
    return float(hidden[~system.is_sum].mean())


def _coarser(table: Table) -> Iterator[Table]:
    for place, dimension in enumerate(table.dimensions):
        shorter = _without_deepest(dimension)
        if shorter is not None or dimension.total:
            kept = (shorter,) if shorter is not None else ()
            yield replace(
                table, dimensions=(*table.dimensions[:place], *kept, *table.dimensions[place + 1 :])
            )


def _without_deepest(dimension: Dimension) -> Dimension | None:
    """The hierarchy less its deepest level, None if it has only one."""
    depth: dict[str | None, int] = {None: 0}
    for code, above in dimension.codes:
        depth[code] = depth[above] + 1
    deepest = max(depth.values())
    if deepest == 1:
        return None
    return replace(dimension, codes=tuple(pair for pair in dimension.codes if depth[pair[0]] < deepest))
