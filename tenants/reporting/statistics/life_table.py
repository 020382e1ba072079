"""The life table: time to an outcome from the counts of intervals alone, so that anybody can work it out again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenants.reporting.statistics.incidence import HALF, Step, accumulated, interval
from tenants.reporting.survival import Bound


@dataclass(frozen=True)
class Interval:
    """People in the interval from the row before (excluded) to `until` (included): who entered, who left by the
    event, by a competing one after which the event cannot come, and otherwise."""

    until: float
    entered: int
    events: int
    competing: int
    censored: int


@dataclass(frozen=True)
class Estimate:
    """What holds at `until`; each figure but `at_risk` is None where not estimable.

    at_risk: people followed beyond it. survival: the share with neither event. cumulative_incidence: the share
    that has had the event, with its standard error and 95 % log-log interval (None also at a share of 0 or 1).
    """

    until: float
    at_risk: int
    survival: float | None = None
    cumulative_incidence: float | None = None
    standard_error: float | None = None
    lower: Bound = None
    upper: Bound = None


@dataclass(frozen=True)
class Median:
    """The first `until` with a cumulative incidence of at least one half; each None if not reached.

    lower and upper: the first ones at which the upper and the lower limit of the incidence reach one half.
    Nothing is interpolated: half had the event by `until`, in the interval that ends there.
    """

    until: float | None
    lower: float | None
    upper: float | None


def life_table(rows: Sequence[Interval], *, at_risk: int = 0) -> tuple[Estimate, ...]:
    """An estimate for each of consecutive intervals; `at_risk` people are there when the first begins.

    People enter and are censored halfway (Cutler and Ederer 1958): of n when an interval begins, n' = n +
    (entered - censored) / 2 are at risk. The rest is `incidence.accumulated` and `incidence.interval`.

    Not estimable from the first interval on in which n' is 0 or smaller than the events of both kinds.
    Raises ValueError, naming the interval, for counts that are negative or leave fewer than nobody at risk, and
    where `until` does not rise.
    """
    remaining = _checked(rows, at_risk)
    before = (at_risk, *remaining)
    steps = [
        Step(n + (row.entered - row.censored) / 2, row.events, row.competing)
        for n, row in zip(before, rows, strict=False)
    ]
    fit = next((i for i, each in enumerate(steps) if not 0 < each.at_risk >= _left(each)), len(steps))
    found = [
        Estimate(
            row.until, left, point.survival, point.incidence, math.sqrt(point.variance), *interval(point)
        )
        for row, left, point in zip(rows, remaining, accumulated(steps[:fit]), strict=False)
    ]
    nothing = zip(rows[fit:], remaining[fit:], strict=True)
    return (*found, *(Estimate(row.until, left) for row, left in nothing))


def median(estimates: Sequence[Estimate]) -> Median:
    """When half have had the event, by the rule of `Median`."""
    return Median(
        _first_half(estimates, [each.cumulative_incidence for each in estimates]),
        _first_half(estimates, [each.upper for each in estimates]),
        _first_half(estimates, [each.lower for each in estimates]),
    )


def _left(step: Step) -> int:
    return step.events + step.competing


def _checked(rows: Sequence[Interval], at_risk: int) -> tuple[int, ...]:
    """How many are at risk after each row."""
    remaining, before = [], -math.inf
    for row in rows:
        at_risk += row.entered - row.events - row.competing - row.censored
        if min(row.entered, row.events, row.competing, row.censored) < 0:
            raise ValueError(f"interval until {row.until}: counts must not be negative")
        if at_risk < 0:
            raise ValueError(f"interval until {row.until}: more people leave than are there")
        if not row.until > before:
            raise ValueError(f"interval until {row.until}: the intervals must follow each other")
        before = row.until
        remaining.append(at_risk)
    return tuple(remaining)


def _first_half(estimates: Sequence[Estimate], values: Sequence[float | None]) -> float | None:
    pairs = zip(estimates, values, strict=True)
    return next((each.until for each, value in pairs if value is not None and value >= HALF), None)
