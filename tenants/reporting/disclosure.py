"""What may leave a tenant: small numbers are hidden so that they cannot be worked out again.

The rule: cells of 1–10 distinct people are not shown, nor anything they could be derived from (the cell size
rule of the Centers for Medicare & Medicaid Services). The attacker assumed here knows that shown numbers are
exact, that a hidden one is at least 1, and every total. One table or one curve is protected by itself: links
between several tables, earlier releases, and what the choice of the hidden cells may tell are not looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tenants.reporting.survival import Bound, Year, log_log_interval

THRESHOLD = 10
"""The largest number of distinct people that is not shown."""


@dataclass(frozen=True)
class Cell:
    """An exact cell: `count` is what would be printed (people, events, groups), `people` how many distinct
    people are behind it."""

    label: str
    count: int
    people: int


@dataclass(frozen=True)
class ShownCell:
    """A cell as printed; count is None where hidden, for whatever reason."""

    label: str
    count: int | None


@dataclass(frozen=True)
class ReleasedInterval:
    """One row of a released curve: people who entered, had the event or were censored in the years
    (after, until], those at risk beyond `until`, and the estimate at `until` with its 95 % interval
    (None: not estimable)."""

    after: int
    until: int
    at_risk: int
    entered: int
    events: int
    censored: int
    cumulative_incidence: float
    lower: Bound
    upper: Bound


@dataclass(frozen=True)
class ReleasedCurve:
    """A curve fit to leave. It starts at 0 in year `start`, with `at_risk` people; where `start` is not 0 it
    holds for those without the event by then. median: the first row's `until` at which the cumulative
    incidence is at least one half, None if not reached."""

    start: int
    at_risk: int
    intervals: tuple[ReleasedInterval, ...]
    median: int | None


def protect_breakdown(
    cells: Sequence[Cell], total: Cell, *, sensitive: bool = False
) -> tuple[tuple[ShownCell, ...], int | None]:
    """The cells and the total as they may be printed, None for what is hidden.

    Cells of 1–10 distinct people are hidden. While the hidden cells could be derived from the total, the
    smallest non-zero cell still shown is hidden as well; when none is left, the zeros are. Else zeros are
    shown. A total of 1–10 is hidden, any other shown, whatever the cells: tables that share one agree on it.
    They cannot be derived when there are at least two, with more than ten distinct people behind them
    together, and any one of the counts could, for all that is shown, be anything from 1 to at least 10.
    The same people may stand behind several cells; then the fewest who can be behind the hidden ones count.
    Where the cells are `sensitive` zeros are hidden like small cells, and so, with them, is one that holds all.
    Raises ValueError, naming the cell, unless the cells add up to the total and every cell is possible.
    """
    _check_breakdown(cells, total)
    order = sorted(range(len(cells)), key=lambda i: (cells[i].people, cells[i].count))
    by_size = order if sensitive else [i for i in order if cells[i].count]
    number = sum(_is_small(cells[i].people) or not cells[i].people for i in by_size)
    while 0 < number < len(by_size) and not _withstands(cells, by_size[:number], total):
        number += 1
    hidden = by_size[:number]
    small = _is_small(total.people)
    if hidden and not small and not _withstands(cells, hidden, total):
        hidden = order
    shown = tuple(ShownCell(c.label, None if i in hidden else c.count) for i, c in enumerate(cells))
    return shown, None if small else total.count


def protect_curve(years: Sequence[Year]) -> ReleasedCurve | None:
    """The curve that may leave, from a complete table by whole years (`survival.at_whole_years`), or None.

    Neighbouring years are merged until those who entered, had the event and were censored in each interval
    are each 0 or above 10. It ends before the first year with fewer than 11 at risk. What comes before the
    start and after the end obeys the same rule, since it is the difference to the totals; so events of 1–10
    in all give no curve. Of the possible curves, the one that starts first, then with most intervals, then
    the longest.

    Everything is computed from the interval counts shown, by the life table (Cutler and Ederer): people enter
    and are censored halfway, n' = n + (entered - censored) / 2 with n at risk at the interval's beginning,
    S = product of 1 - events / n', Greenwood's sum of events / (n' * (n' - events)), log-log interval.
    Years are merged further where n' does not exceed the events.

    Fewer than 11 at the clock's zero, or fewer than 11 late joiners in all, delay the start until they are
    merged with others. Counts are of people: one entry and one exit each.
    Raises ValueError, naming the year, where the table does not add up or stops before everybody has left.
    """
    _check_years(years)
    ends = _possible_ends(years)
    for start in ends:
        if _is_safe(_block(years, -1, start)):
            cuts = _finest(years, start, ends)
            if cuts is not None:
                return _released(years, cuts)
    return None


def _is_small(people: int) -> bool:
    return 1 <= people <= THRESHOLD


def _withstands(cells: Sequence[Cell], hidden: Sequence[int], total: Cell) -> bool:
    """Whether the hidden cells stay unknown to somebody who subtracts the shown ones from the total."""
    # Distinct people: at least those of the largest hidden cell, and all who are in no shown cell.
    shown_people = sum(cell.people for i, cell in enumerate(cells) if i not in hidden)
    people = max(total.people - shown_people, *(cells[i].people for i in hidden))
    # Each of the others is at least 1, so this is the most that any one of them can be.
    most = sum(cells[i].count for i in hidden) - (len(hidden) - 1)
    # One cell hidden alone, or all cells of a small total, never have more than ten people.
    return people > THRESHOLD and most >= THRESHOLD


def _check_breakdown(cells: Sequence[Cell], total: Cell) -> None:
    for cell in (*cells, total):
        if cell.count < 0 or cell.people < 0 or (cell.count == 0) != (cell.people == 0):
            raise ValueError(f"{cell.label}: count and people must both be 0 or both above 0")
    if sum(cell.count for cell in cells) != total.count:
        raise ValueError(f"{total.label}: the cells must add up to it; give the rest a cell of its own")
    people = [cell.people for cell in cells]
    if not max(people, default=0) <= total.people <= sum(people):
        raise ValueError(f"{total.label}: people must be the distinct people behind all cells together")


def _check_years(years: Sequence[Year]) -> None:
    before = 0
    for expected, row in enumerate(years):
        if row.year != expected:
            raise ValueError(f"year {row.year}: the years must run 0, 1, 2, ...")
        if min(row.entered, row.events, row.censored, row.at_risk) < 0:
            raise ValueError(f"year {row.year}: counts must not be negative")
        if row.at_risk != before + row.entered - row.events - row.censored:
            raise ValueError(f"year {row.year}: at_risk must follow from the year before and the counts")
        before = row.at_risk
    if before:
        raise ValueError(f"year {years[-1].year}: the table must run until nobody is at risk")


def _possible_ends(years: Sequence[Year]) -> list[int]:
    """The years at which an interval may end: more than ten at risk, and no lapse between them."""
    ends: list[int] = []
    for row in years:
        if row.at_risk > THRESHOLD:
            ends.append(row.year)
        elif ends:
            break
    return ends


def _block(years: Sequence[Year], after: int, until: int) -> tuple[int, int, int]:
    """Those who entered, had the event and were censored in the years (after, until]."""
    rows = years[after + 1 : until + 1]
    return sum(r.entered for r in rows), sum(r.events for r in rows), sum(r.censored for r in rows)


def _is_safe(block: tuple[int, int, int]) -> bool:
    return not any(_is_small(count) for count in block)


def _risk_set(at_risk: int, block: tuple[int, int, int]) -> float:
    entered, _, censored = block
    return at_risk + (entered - censored) / 2


def _finest(years: Sequence[Year], start: int, ends: Sequence[int]) -> tuple[int, ...] | None:
    """The most cuts from `start` on such that every interval, and what follows the last, may be shown."""
    best: dict[int, tuple[int, ...]] = {start: (start,)}
    for until in (end for end in ends if end > start):
        for after, cuts in list(best.items()):
            block = _block(years, after, until)
            fits = _is_safe(block) and _risk_set(years[after].at_risk, block) > block[1]
            if fits and len(cuts) >= len(best.get(until, ())):
                best[until] = (*cuts, until)
    finished = [
        cuts for end, cuts in best.items() if end > start and _is_safe(_block(years, end, len(years)))
    ]
    return max(finished, key=lambda cuts: (len(cuts), cuts[-1]), default=None)


def _released(years: Sequence[Year], cuts: tuple[int, ...]) -> ReleasedCurve:
    survival, greenwood = 1.0, 0.0
    intervals = []
    for after, until in pairwise(cuts):
        block = _block(years, after, until)
        entered, events, censored = block
        risk_set = _risk_set(years[after].at_risk, block)
        survival *= 1 - events / risk_set
        greenwood += events / (risk_set * (risk_set - events))
        low, high = log_log_interval(survival, greenwood)
        intervals.append(
            ReleasedInterval(
                after,
                until,
                at_risk=years[until].at_risk,
                entered=entered,
                events=events,
                censored=censored,
                cumulative_incidence=1 - survival,
                lower=None if high is None else 1 - high,
                upper=None if low is None else 1 - low,
            )
        )
    median = next((row.until for row in intervals if row.cumulative_incidence >= 0.5), None)
    return ReleasedCurve(cuts[0], years[cuts[0]].at_risk, tuple(intervals), median)
