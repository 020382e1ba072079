"""What is computed from tables as printed: shares, and curves of interval counts. Pure.

Nothing here sees more than the reader of a release does, so that every figure can be worked out again from its cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scipy.stats import binomtest

from tenants.reporting.statistics.life_table import Interval, life_table, median
from tenants.reporting.suppression.model import LEAST_THRESHOLD, Printed
from tenants.reporting.survival import Curve
from tenants.reporting.tables import ShownTable, together
from tenants.reporting.years import LATER, bounds


def stage(label: str, part: Printed, whole: Printed) -> dict[str, Any]:
    """A count and its share of a whole with the 95 % Wilson interval, where both are printed of the same day."""
    share: dict[str, float | None] = {"share": None, "lower": None, "upper": None}
    numbers = together(part, whole)
    if numbers is not None and numbers[1]:
        # A number that could not move may stand beside a whole that did.
        count, among = min(numbers), numbers[1]
        interval = binomtest(count, among).proportion_ci(method="wilson")
        share = {"share": count / among, "lower": float(interval.low), "upper": float(interval.high)}
    return {"label": label, "count": part.value, **share}


def exact_curve(curve: Curve) -> dict[str, Any]:
    """A curve to the day: its points, and its median."""
    points = [{"x": 0.0, "y": 0.0, "lower": None, "upper": None, "at_risk": _at_zero(curve)}]
    for time, survival, lower, upper, at_risk in zip(
        curve.time, curve.survival, curve.lower, curve.upper, curve.at_risk, strict=True
    ):
        low, high = _rest(upper), _rest(lower)
        points.append({"x": time, "y": 1 - survival, "lower": low, "upper": high, "at_risk": at_risk})
    interval = curve.median_interval or (None, None)
    return {
        "points": points,
        "median": {"estimate": curve.median, "lower": interval[0], "upper": interval[1]},
    }


def released_curve(
    exits: ShownTable, entries: ShownTable, *, event: str, competing: str | None = None
) -> dict[str, Any]:
    """The life table of the interval counts printed: points at whole years, and the median.

    exits: by years and outcome, in this order of axes; entries: by years. Neighbouring years are merged, as the
    years' blocks have it, until all counts of an interval are printed, of one day. The curve ends where that cannot
    be, or before fewer than 11 are at risk. No points where the number with the event is not printed.
    """
    years, outcome = (each.name for each in exits.axes)
    (entered,) = (each.name for each in entries.axes)
    start, events = entries.at(**{entered: "start"}), exits.at(**{outcome: event})
    nothing: dict[str, Any] = {"points": [], "median": None}
    if together(start, events) is None:
        return nothing
    others = [each.code for each in exits.codes(outcome) if each.code not in (event, competing)]

    def counts(code: str) -> Interval | None:
        at = {years: code}
        cells = [
            entries.at(**{entered: code}),
            exits.at(**at, **{outcome: event}),
            Printed(0, start.as_of) if competing is None else exits.at(**at, **{outcome: competing}),
            *(exits.at(**at, **{outcome: other}) for other in others),
        ]
        numbers = together(start, *cells)
        if numbers is None:
            return None
        _, came, had, competed, *left = numbers
        return Interval(bounds(code)[1], came, had, competed, sum(left))

    rows: list[Interval] = []
    at_risk = start.value or 0
    for row in _finest(exits, years, counts, None):
        at_risk += row.entered - row.events - row.competing - row.censored
        if at_risk <= LEAST_THRESHOLD:
            break
        rows.append(row)
    if not rows:
        return nothing
    return _drawn(rows, start.value or 0)


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


def _rest(share: float | None) -> float | None:
    return None if share is None else 1 - share
