"""Primary suppression: which counts may not be told, and how far each must seem to reach.

A count of 1 to T (the threshold) is safe when it could as well be anything from the number of non-zero cells
under it to T. The change since an earlier release is a count itself: one of 1 to T, up or down, is safe when it could
as well be any of 1 to T. Where a dimension is sensitive, none and all are like 1 to T, and the least is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tenants.reporting.suppression.linear import View
from tenants.reporting.suppression.model import Key
from tenants.reporting.suppression.system import Bools, Floats, Ints, System


@dataclass(frozen=True)
class Known:
    """What an earlier release tells of each cell of a system: from ``least`` to ``most``.

    Where ``exact`` these are the ends of the range, else it is at least so wide. NaN: it is not in that release.
    ``number`` is what it was, as far as we know: NaN where it was not shown and is not kept either.
    """

    least: Floats
    most: Floats
    number: Floats
    exact: Bools


@dataclass(frozen=True)
class OwnNeeds:
    """What the counts of a release ask by themselves, whatever was released before.

    spare: how far beyond the threshold a count that is not shown must seem to reach. With 1, a fall of all of T to a
    count of at least 1 is possible, so that the change to a later release will be safe as well.
    few: cells with few people behind them, whatever they count. silent: cells that must seem to reach down by the
    threshold, whatever they count. Shapes: one entry a cell.
    """

    values: Ints
    threshold: int
    spare: int
    few: Bools
    silent: Bools


def public_view(system: System, own: OwnNeeds, earlier: Sequence[Known]) -> View:
    """The view of anybody who reads this and all earlier releases. Shapes: one entry a cell."""
    values = own.values
    floor = _floors(system, values)
    low, high = _with_changes(system, values, _own_needs(system, own), earlier, own.threshold)
    return View(floor=floor, fixed=np.zeros(len(values), dtype=bool), low=low, high=high)


def holder_view(
    system: System, values: Ints, own: tuple[Ints, Bools], earlier: Sequence[Known], threshold: int
) -> View:
    """The view of an institution that knows its own part of each cell, and those that are its own rows whole.

    What is left of a cell without its part is a count too; ``earlier`` says what it knows of that.
    """
    part, fixed = own
    rest = values - part
    none = np.zeros(len(values), dtype=bool)
    needs = _own_needs(system, OwnNeeds(rest, threshold, spare=1 if earlier else 0, few=none, silent=none))
    low, high = _with_changes(system, rest, needs, earlier, threshold)
    return View(
        floor=np.maximum(_floors(system, values), part),
        fixed=fixed,
        low=np.where(fixed, values, low + part),
        high=np.where(fixed, values, high + part),
    )


def primary(view: View, values: Ints) -> Bools:
    """The cells that do not meet their own need while they are shown."""
    return np.asarray((view.low < values) | (view.high > values))


def _floors(system: System, values: Ints) -> Floats:
    """Who reads the release knows that a number not shown is at least 1: zeros are shown, if not sensitive."""
    return np.where((values > 0) & system.published & ~system.sensitive, 1.0, 0.0)


def _own_needs(system: System, own: OwnNeeds) -> tuple[Floats, Floats]:
    values, threshold = own.values, own.threshold
    low, high = values.astype(float), values.astype(float)
    least = system.least(np.where((values > 0) & ~system.sensitive, 1.0, 0.0))
    small = (values >= 1) & (values <= threshold)
    low[own.silent] = np.maximum(least, values - threshold)[own.silent]
    low[small], high[small] = least[small], threshold + own.spare
    low[own.few] = least[own.few]
    for cell in np.flatnonzero(system.sensitive):
        whole = int(values[_without_sensitive(system, int(cell))])
        if whole and not values[cell]:
            high[cell] = threshold
        for total in _totals(system, int(cell)):
            if values[cell] == values[total] > 0:
                low[cell] = min(low[cell], max(0, values[total] - threshold))
    return low, high


def _without_sensitive(system: System, cell: int) -> int:
    key: Key = tuple(pair for pair in system.keys[cell] if pair[0] not in system.delicate)
    return system.index[key]


def _totals(system: System, cell: int) -> list[int]:
    """The cell summed over each sensitive dimension that it names."""
    key = system.keys[cell]
    return [
        system.index[tuple(other for other in key if other != pair)]
        for pair in key
        if pair[0] in system.delicate
    ]


def _with_changes(
    system: System, values: Ints, needs: tuple[Floats, Floats], earlier: Sequence[Known], threshold: int
) -> tuple[Floats, Floats]:
    """The needs, and those of the changes since each earlier release. A number need not reach down further than the
    cells with anybody in them that it is the sum of; that there is nobody may be told."""
    low, high = needs
    least = np.minimum(system.least(np.where((values > 0) & ~system.sensitive, 1.0, 0.0)), values)
    for known in earlier:
        below, above = _change_needs(values, known, threshold)
        matters = (system.sensitive | (values > 0)) & ((below < values) | (above > values))
        low = np.where(matters, np.minimum(low, np.maximum(below, least)), low)
        high = np.where(matters, np.maximum(high, above), high)
    return low, high


def _change_needs(values: Ints, known: Known, threshold: int) -> tuple[Floats, Floats]:
    """How low and high each cell must seem to reach for its change since an earlier release.

    A rise of 1 to T needs 1 + most and T + least; a fall needs most - T and least - 1. Where the earlier count is not
    known any more nobody can say which of them it is: then both, unless it cannot be.
    """
    least, most, told = known.least, known.most, ~np.isnan(known.number)
    apart, most_apart = values - known.number, values - most
    rise = np.where(told, (apart >= 1) & (apart <= threshold), ~known.exact | ~(most_apart > threshold))
    fall = np.where(told, (apart <= -1) & (apart >= -threshold), ~known.exact | ~(most_apart > 0))
    there = ~np.isnan(least)
    rise, fall = rise & there, fall & there
    low, high = values.astype(float), values.astype(float)
    low = np.where(rise, np.minimum(low, 1 + most), low)
    high = np.where(rise, np.maximum(high, threshold + least), high)
    low = np.where(fall, np.minimum(low, most - threshold), low)
    high = np.where(fall, np.maximum(high, least - 1), high)
    return low, high
