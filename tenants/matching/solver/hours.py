"""When people are free together: weekly hours on each person's own clock, over a real year."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.similarity import Bools, Floats, Ints, changed

START = date(2026, 1, 5)
"""The Monday from which a year is counted if nobody names another, so that no result depends on the day."""

WEEKS = 52
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY

COLUMNS = 512
"""Cells of the week that are compared at a time, 10 MB for 5,000 people."""

Array = TypeVar("Array", bound=NDArray[Any])


class Hours:
    """When each person of a pool is free, in UTC, in each week of a year.

    The year is 52 weeks, Monday to Sunday in UTC, the first of them the week of ``start``. A slot is a
    time on its person's own clock: somebody is free at an instant if the clock then shows a time in a
    slot. So the hours that two people share change when a clock does, also within a week. Weeks in which
    everybody is free at the same times are one period.

    ``minutes`` length of a cell: the greatest that divides the hour, all bounds of slots and all offsets.
    ``weeks``   (periods,) the number of weeks in each period.
    ``bits``    (n, periods, words) the cells in which a person is free, 64 in a word; none without a value.

    Raises ValueError for an unknown time zone.
    """

    def __init__(self, values: Sequence[Any], start: date = START) -> None:
        zones = {value["time_zone"]: _zone(value["time_zone"]) for value in values if value is not None}
        first = datetime.combine(start - timedelta(days=start.weekday()), time(), UTC)
        mondays = [first + timedelta(weeks=week) for week in range(WEEKS + 1)]
        self.minutes = _cell(values, [_offset(zone, monday) for zone in zones.values() for monday in mondays])
        clocks = [_clocks(zones, monday, self.minutes) for monday in mondays[:-1]]
        free = _free(values, self.minutes)
        row = {name: number for number, name in enumerate(zones)}
        rows = np.array([-1 if v is None else row[v["time_zone"]] for v in values], dtype=np.int64)
        periods = _distinct(
            (_packed(_shown_free(free, rows, clock)), weeks)
            for clock, weeks in _distinct((clock, 1) for clock in clocks)
        )
        self.weeks: Ints = np.array([weeks for _, weeks in periods], dtype=np.int64)
        self.bits: NDArray[np.uint64] = np.stack([bits for bits, _ in periods], axis=1)

    def common(self, group: Sequence[int]) -> float:
        """The fewest hours that all of a group, one person or more, share in any week of the year."""
        return float(self._fewest(group).sum()) * self.minutes / 60

    def spans(self, group: Sequence[int]) -> list[dict[str, str]]:
        """The times in UTC that all of a group share, in the week of the year with the fewest of them.

        Each is a slot, {"day": "mon", "start": "09:00", "end": "11:00"}, within a day and in order.
        """
        spans = []
        for day, cells in zip(DAYS, self._fewest(group).reshape(7, -1), strict=True):
            bounds = np.flatnonzero(np.diff(cells, prepend=0, append=0)) * self.minutes
            times = [_clock_time(minute) for minute in bounds.tolist()]
            spans += [
                {"day": day, "start": start, "end": end}
                for start, end in zip(times[::2], times[1::2], strict=True)
            ]
        return spans

    def cells(self, bits: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """Bits as 0 and 1: (..., words) -> (..., cells of the week)."""
        cells: NDArray[np.uint8] = np.unpackbits(bits.view(np.uint8), axis=-1, count=WEEK // self.minutes)
        return cells

    def _fewest(self, group: Sequence[int]) -> NDArray[np.uint8]:
        shared = np.bitwise_and.reduce(self.bits[list(group)], axis=0)
        return self.cells(shared[np.bitwise_count(shared).sum(axis=1).argmin()])


class SharedHours:
    """The hours a week that two people share, in the mean over a year, over the lesser of their own hours.

    0 if either has none. Sums of minutes over the year stay below 2**24, where 32-bit floats are exact in
    any order: equal everywhere.
    """

    def __init__(self, hours: Hours) -> None:
        distinct = _distinct(_columns(hours))
        people = len(hours.bits)
        # Many cells, of one period or of several, are free for just the same people; they count as one.
        columns = np.unpackbits(np.stack([column for column, _ in distinct]), axis=1, count=people)
        self.free: Bools = np.ascontiguousarray(columns.T).astype(np.bool_)
        self.minutes: Floats = np.array([minutes for _, minutes in distinct], dtype=np.float32)
        self.own: Floats = self.free @ self.minutes

    def __call__(self, left: Ints, right: Ints) -> Floats:
        shared = np.zeros((len(left), len(right)), dtype=np.float32)
        for first in range(0, len(self.minutes), COLUMNS):
            part = slice(first, first + COLUMNS)
            minutes = self.free[left, part] * self.minutes[part]
            shared += minutes @ self.free[right, part].T.astype(np.float32)
        lesser = np.minimum(self.own[left][:, None], self.own[right])
        return np.divide(shared, lesser, out=np.zeros_like(shared), where=lesser > 0)

    def among(self, people: Ints) -> Self:
        """The same for some of the people."""
        return changed(self, free=self.free[people], own=self.own[people])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"There is no time zone “{name}”.") from None


def _offset(zone: ZoneInfo, at: datetime) -> int:
    """Minutes by which a zone's clock is ahead of UTC."""
    ahead = at.astimezone(zone).utcoffset() or timedelta()
    return ahead // timedelta(minutes=1)


def _slots(value: Any) -> list[tuple[int, int]]:
    """Begin and end of slots in minutes of the week."""
    if value is None:
        return []
    found = []
    for slot in value["slots"]:
        midnight = DAYS.index(slot["day"]) * DAY
        found.append((midnight + _minute(slot["start"]), midnight + _minute(slot["end"])))
    return found


def _minute(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def _clock_time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _cell(values: Sequence[Any], offsets: Iterable[int]) -> int:
    bounds = {bound for value in values for slot in _slots(value) for bound in slot}
    return math.gcd(60, *bounds, *offsets)


def _free(values: Sequence[Any], minutes: int) -> Bools:
    """The cells of the week, on their own clocks, in which people are free: (n, cells)."""
    free = np.zeros((len(values), WEEK // minutes), dtype=np.bool_)
    for person, value in enumerate(values):
        for begin, end in _slots(value):
            free[person, begin // minutes : end // minutes] = True
    return free


def _clocks(zones: Mapping[str, ZoneInfo], monday: datetime, minutes: int) -> NDArray[np.int16]:
    """The cell of the week that each zone's clock shows at each cell of a week in UTC: (zones, cells)."""
    cells = np.arange(WEEK // minutes)
    shown = np.zeros((len(zones), len(cells)), dtype=np.int16)
    for number, zone in enumerate(zones.values()):
        ahead: int | Ints = _offset(zone, monday)
        if ahead != _offset(zone, monday + timedelta(weeks=1)):
            ahead = np.array([_offset(zone, monday + timedelta(minutes=minutes * int(c))) for c in cells])
        shown[number] = (cells + ahead // minutes) % len(cells)
    return shown


def _shown_free(free: Bools, rows: Ints, clocks: NDArray[np.int16]) -> Bools:
    """The cells of a week in UTC in which people are free, each by their row of the clocks: (n, cells)."""
    shown = np.zeros_like(free)
    for row, clock in enumerate(clocks):
        people = np.flatnonzero(rows == row)
        shown[people] = free[people][:, clock]
    return shown


def _packed(cells: Bools) -> NDArray[np.uint64]:
    """Cells as bits, 64 in a word: (n, cells) -> (n, words)."""
    packed = np.packbits(cells, axis=1)
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view(np.uint64)


def _columns(hours: Hours) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """For each cell of each period who is free in it, eight people in a byte, and its minutes in the year."""
    for period, weeks in enumerate(hours.weeks.tolist()):
        for column in np.packbits(hours.cells(hours.bits[:, period]).T, axis=1):
            yield column, weeks * hours.minutes


def _distinct(weighed: Iterable[tuple[Array, int]]) -> list[tuple[Array, int]]:
    """The different arrays, in the order of their first, each with the sum of its weights."""
    arrays: dict[bytes, Array] = {}
    weights: Counter[bytes] = Counter()
    for array, weight in weighed:
        key = array.tobytes()
        arrays.setdefault(key, array)
        weights[key] += weight
    return [(arrays[key], weight) for key, weight in weights.items()]
