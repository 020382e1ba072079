"""What is computed from tables as printed: shares, and curves of interval counts. Pure.

Nothing here sees more than the reader of a release does, so that every figure can be worked out again from its cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenants.reporting.statistics.aalen_johansen import CumulativeIncidence
from tenants.reporting.statistics.life_table import Interval, life_table, median
from tenants.reporting.statistics.proportions import newcombe, wilson
from tenants.reporting.suppression.model import Printed, key_of
from tenants.reporting.survival import Curve
from tenants.reporting.tables import Code, ShownTable, together
from tenants.reporting.years import MOST_YEARS, START, up_to

NO_CURVE = "Too few are followed for this curve to be shown."


def stage(label: str, part: Printed, whole: Printed) -> dict[str, Any]:
    """A count and its share of a whole with the 95 % Wilson interval, where both are printed of the same day."""
    share: dict[str, float | None] = {"share": None, "lower": None, "upper": None}
    numbers = together(part, whole)
    if numbers is not None and numbers[1]:
        # Numbers that stand may be of two releases of one day.
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
    # Numbers that stand may be of two releases of one day.
    if not n or not among or count > n or others > among:
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
    return {"points": points, "median": _median(points, curve.median, lower, upper)}


def captioned(caption: str, series: Sequence[Mapping[str, Any]]) -> str:
    """What is said of a curve; the same where there is none, whatever the reason."""
    days = sorted({each["as_of"] for each in series if each["points"]})
    return f"{caption} Numbers as of {' and '.join(days)}." if days else NO_CURVE


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
    """The life table of the interval counts printed: points at whole years, the median, and the day they are of.

    exits: by years and outcome, in this order of axes; entries: by years, if not everybody is there from the
    beginning. An interval goes to the next year up to which all is printed, of one day. The curve ends with the last,
    or before fewer are at risk than may be told of. No points where nobody in them has the event but some may have it.
    """
    years, outcome = (each.name for each in exits.axes)
    entries = entries or _from_the_beginning(exits)
    (entered,) = (each.name for each in entries.axes)
    start = entries.at(**{entered: START})
    nothing: dict[str, Any] = {"points": [], "median": None, "as_of": None}
    if start.value is None or (early is not None and together(start, early.entries.at()) is None):
        return nothing
    others = _others(exits.codes(outcome), event, competing)

    def until(year: int) -> Interval | None:
        """All that happened by then, if it is printed, of one day."""
        code = up_to(year)
        at = {years: code}
        cells = [
            entries.at(**{entered: code}),
            exits.at(**at, **{outcome: event}),
            replace(start, value=0) if competing is None else exits.at(**at, **{outcome: competing}),
            *(exits.at(**at, **{outcome: other}) for other in others),
        ]
        sooner = _sooner(early, exits, at, outcome) if early is not None else []
        numbers = together(start, *cells, *sooner)
        if numbers is None:
            return None
        _, came, had, competed, *left = numbers[: 1 + len(cells)]
        later, *at_once = numbers[1 + len(cells) :] or (0,)
        return Interval(year, came, had + sum(at_once), competed, sum(left) - later)

    known = {code.code for code in exits.codes(years)}
    found = [until(year) for year in range(1, MOST_YEARS + 1) if up_to(year) in known]
    rows = _of_enough(_between([each for each in found if each]), start.value, exits.threshold)
    if any(min(each.entered, each.events, each.competing, each.censored) < 0 for each in rows):
        return nothing  # what stands may be of two releases of one day
    # Of nobody in them it is not known whether that is so of all.
    if not rows or (together(start, exits.at(**{outcome: event})) is None and not _any_events(rows)):
        return nothing
    return {**_drawn(rows, start.value), "as_of": start.as_of}


def _any_events(rows: Sequence[Interval]) -> bool:
    return any(each.events for each in rows)


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
    cells = {key_of({years.name: code.code}): replace(everybody, value=0) for code in years.codes}
    cells[key_of({years.name: START})] = everybody
    return ShownTable(exits.name, exits.title, exits.unit, (years,), cells)


def _sooner(early: Early, exits: ShownTable, at: dict[str, str], outcome: str) -> list[Printed]:
    """Of an interval: how many leave it as undated, and, of those, who came into it: they have had the event."""
    (entered,) = (each.name for each in early.entries.axes)
    (code,) = at.values()
    came = (early.entries.at(**{entered: each}) for each in (START, code))
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
        "median": _median(points, half.until, half.lower, half.upper),
    }


def _median(points: Sequence[Mapping[str, Any]], *found: float | None) -> dict[str, float | None]:
    """A median that is None is not reached within the years of the curve."""
    return {**dict(zip(("estimate", "lower", "upper"), found, strict=True)), "within": points[-1]["x"]}


def _between(rows: Sequence[Interval]) -> Iterator[Interval]:
    """What happened from each of these to the next."""
    before = Interval(0, 0, 0, 0, 0)
    for each in rows:
        yield Interval(
            each.until,
            each.entered - before.entered,
            each.events - before.events,
            each.competing - before.competing,
            each.censored - before.censored,
        )
        before = each


def _at_zero(curve: Curve) -> int:
    return sum(entry == 0 for entry in curve.entry)
