"""What is computed from tables as printed: shares, and curves of interval counts. Pure.

Nothing here sees more than the reader of a release does, so that every figure can be worked out again from its cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.reporting.statistics.aalen_johansen import CumulativeIncidence
from tenants.reporting.statistics.life_table import Interval, life_table, median
from tenants.reporting.statistics.proportions import newcombe, wilson
from tenants.reporting.suppression.model import Printed, key_of
from tenants.reporting.survival import Curve
from tenants.reporting.tables import Code, ShownTable, together
from tenants.reporting.years import LATER, START, bounds


def stage(label: str, part: Printed, whole: Printed) -> dict[str, Any]:
    """A count and its share of a whole with the 95 % Wilson interval, where both are printed of the same day."""
    share: dict[str, float | None] = {"share": None, "lower": None, "upper": None}
    numbers = together(part, whole)
    if numbers is not None and numbers[1]:
        # A number that could not move may stand beside a whole that did.
        count, among = min(numbers), numbers[1]
        found = wilson(count, among)
        share = {"share": found.value, "lower": found.lower, "upper": found.upper}
    return {"label": label, "count": part.value, **share}


def gap(
    part: Printed, whole: Printed, other_parts: Sequence[Printed], other_wholes: Sequence[Printed]
) -> dict[str, Any]:
    """A share less that of all others together with the 95 % Newcombe interval, where all of it is printed of one day;
    n: how many people the first share is of.
    """
    nothing: dict[str, Any] = {"estimate": None, "lower": None, "upper": None, "n": whole.value}
    numbers = together(part, whole, *other_parts, *other_wholes)
    if numbers is None or not other_parts:
        return nothing
    count, n, *rest = numbers
    others, among = sum(rest[: len(other_parts)]), sum(rest[len(other_parts) :])
    if not n or not among:
        return nothing
    found = newcombe(count, n, others, among)
    return {"estimate": found.value, "lower": found.lower, "upper": found.upper, "n": n}


def exact_curve(curve: CumulativeIncidence) -> dict[str, Any]:
    """A curve to the day: its points where it rises, and its last, and its median."""
    either, last = curve.either, len(curve.incidence) - 1
    points = [{"x": 0.0, "y": 0.0, "lower": None, "upper": None, "at_risk": _at_zero(either)}]
    for place, events in enumerate(curve.events):
        if events or place == last:
            points.append(
                {
                    "x": either.time[place],
                    "y": curve.incidence[place],
                    "lower": curve.lower[place],
                    "upper": curve.upper[place],
                    "at_risk": either.at_risk[place],
                }
            )
    lower, upper = curve.median_interval or (None, None)
    return {"points": points, "median": {"estimate": curve.median, "lower": lower, "upper": upper}}


@dataclass(frozen=True)
class Early:
    """People whose event is known but not its date, taken to have had it at once.

    ``code``     the outcome that they are counted under, a part of another.
    ``entries``  when they entered, as the entries of all.
    """

    code: str
    entries: ShownTable


def released_curve(
    exits: ShownTable,
    entries: ShownTable | None = None,
    *,
    event: str,
    competing: str | None = None,
    early: Early | None = None,
) -> dict[str, Any]:
    """The life table of the interval counts printed: points at whole years, and the median.

    exits: by years and outcome, in this order of axes; entries: by years, if not everybody is there from the
    beginning. Neighbouring years are merged, as the years' blocks have it, until all counts of an interval are
    printed, of one day. The curve ends where that cannot be, or before fewer than 11 are at risk. No points where the
    number with the event is not printed.
    """
    years, outcome = (each.name for each in exits.axes)
    entries = entries or _from_the_beginning(exits)
    (entered,) = (each.name for each in entries.axes)
    start = entries.at(**{entered: START})
    needed = [start, exits.at(**{outcome: event})]
    if early is not None:
        needed.append(early.entries.at())
    nothing: dict[str, Any] = {"points": [], "median": None}
    if together(*needed) is None:
        return nothing
    others = _others(exits.codes(outcome), event, competing)

    def counts(code: str) -> Interval | None:
        at = {years: code}
        cells = [
            entries.at(**{entered: code}),
            exits.at(**at, **{outcome: event}),
            Printed(0, start.as_of) if competing is None else exits.at(**at, **{outcome: competing}),
            *(exits.at(**at, **{outcome: other}) for other in others),
        ]
        sooner = _sooner(early, exits, at, outcome) if early is not None else []
        numbers = together(start, *cells, *sooner)
        if numbers is None:
            return None
        _, came, had, competed, *left = numbers[: 1 + len(cells)]
        later, *at_once = numbers[1 + len(cells) :] or (0,)
        return Interval(bounds(code)[1], came, had + sum(at_once), competed, sum(left) - later)

    rows = _of_enough(_finest(exits, years, counts, None), start.value or 0, exits.threshold)
    return _drawn(rows, start.value or 0) if rows else nothing


def _others(codes: Sequence[Code], event: str, competing: str | None) -> list[str]:
    """The codes that together are all but these two, as few as can be."""
    above = {each.code: each.above for each in codes}
    over: list[str | None] = [None]  # and all that what competes is a part of
    code = competing
    while code is not None and (code := above[code]) is not None:
        over.append(code)
    apart = {event, competing, *over}
    return [each.code for each in codes if each.above in over and each.code not in apart]


def _of_enough(rows: Iterator[Interval], at_risk: int, threshold: int) -> list[Interval]:
    """Those before fewer are at risk than may be told of."""
    found = []
    for row in rows:
        at_risk += row.entered - row.events - row.competing - row.censored
        if at_risk <= threshold:
            break
        found.append(row)
    return found


def _from_the_beginning(exits: ShownTable) -> ShownTable:
    everybody = exits.at()
    years = exits.axes[0]
    cells = {key_of({years.name: code.code}): Printed(0, everybody.as_of) for code in years.codes}
    cells[key_of({years.name: START})] = everybody
    return ShownTable(exits.name, exits.title, exits.unit, (years,), cells)


def _sooner(early: Early, exits: ShownTable, at: dict[str, str], outcome: str) -> list[Printed]:
    """Of an interval: how many leave it as undated, and, of those, who came into it: they have had the event."""
    (entered,) = (each.name for each in early.entries.axes)
    (code,) = at.values()
    came = [early.entries.at(**{entered: code})]
    if bounds(code)[0] == 0:
        came.append(early.entries.at(**{entered: START}))
    return [exits.at(**at, **{outcome: early.code}), *came]


def _drawn(rows: list[Interval], at_risk: int) -> dict[str, Any]:
    estimates = life_table(rows, at_risk=at_risk)
    points: list[dict[str, Any]] = [{"x": 0, "y": 0.0, "lower": None, "upper": None, "at_risk": at_risk}]
    points += [
        {
            "x": each.until,
            "y": each.cumulative_incidence,
            "lower": each.lower,
            "upper": each.upper,
            "at_risk": each.at_risk,
        }
        for each in estimates
    ]
    half = median(estimates)
    return {
        "points": points,
        "median": {"estimate": half.until, "lower": half.lower, "upper": half.upper},
    }


def _finest(exits: ShownTable, years: str, counts: Any, above: str | None) -> Iterator[Interval]:
    """The intervals of a block one after the other, as fine as they are printed, up to the first that is not."""
    for code in exits.codes(years):
        if code.above != above or code.code == LATER:
            continue
        parts = list(_finest(exits, years, counts, code.code))
        last = parts[-1].until if parts else None
        whole = counts(code.code)
        if last == bounds(code.code)[1]:
            yield from parts
        elif whole is not None:
            yield whole
        else:
            yield from parts
            return


def _at_zero(curve: Curve) -> int:
    return sum(entry == 0 for entry in curve.entry)
