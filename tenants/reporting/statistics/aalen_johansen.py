"""The cumulative incidence of an event that another may forestall, exactly, with late joiners."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenants.reporting.statistics.incidence import HALF, Step, accumulated, interval
from tenants.reporting.survival import Bound, Curve, Floats, kaplan_meier

CENSORED, EVENT, COMPETING = 0, 1, 2


@dataclass(frozen=True)
class CumulativeIncidence:
    """Parallel to the times of `either`, the Kaplan–Meier curve of the time to whichever event comes first: the
    number of each kind, the share that has had the event just after that time, its standard error and its 95 %
    log-log interval (None where the share is 0 or 1). Where `either` has collapsed the curve means nothing.

    median: the first time with an incidence of at least one half, None if not reached; median_interval: the first
    times at which the upper and the lower limit reach it, as in `Curve`. Neither is looked for beyond a collapse.
    """

    either: Curve
    events: tuple[int, ...]
    competing: tuple[int, ...]
    incidence: tuple[float, ...]
    standard_error: tuple[float, ...]
    lower: tuple[Bound, ...]
    upper: tuple[Bound, ...]
    median: float | None
    median_interval: tuple[float, float | None] | None


def aalen_johansen(
    *,
    entry: Sequence[float] | Floats,
    exit: Sequence[float] | Floats,  # noqa: A002 - the field's word, and keyword-only
    outcome: Sequence[int] | npt.NDArray[np.int64],
) -> CumulativeIncidence:
    """The incidence of the EVENT for people followed from `entry` to `exit`, in years on one clock from 0.

    One element per person; how they left is CENSORED, by the EVENT or by a COMPETING one. Late joiners and ties
    are as in `kaplan_meier`; estimate, variance and interval are those of `incidence`. Raises ValueError as
    `kaplan_meier` does, and for another outcome.
    """
    outcomes = np.asarray(outcome)
    if unknown := set(outcomes.tolist()) - {CENSORED, EVENT, COMPETING}:
        raise ValueError(f"there is no outcome {min(unknown)}")
    either = kaplan_meier(entry=entry, exit=exit, event=outcomes != CENSORED)
    exits = np.asarray(exit, dtype=float)[outcomes == EVENT]
    events = np.bincount(np.searchsorted(either.time, exits), minlength=len(either.time)).tolist()
    competing = [left - events[i] for i, left in enumerate(either.events)]
    points = list(accumulated(map(Step, either.at_risk, events, competing)))
    bounds = [interval(point) for point in points]
    lower, upper = (tuple(bound[side] for bound in bounds) for side in (0, 1))
    first = _first_half(either, upper)
    return CumulativeIncidence(
        either=either,
        events=tuple(events),
        competing=tuple(competing),
        incidence=tuple(point.incidence for point in points),
        standard_error=tuple(point.variance**0.5 for point in points),
        lower=lower,
        upper=upper,
        median=_first_half(either, [point.incidence for point in points]),
        median_interval=None if first is None else (first, _first_half(either, lower)),
    )


def _first_half(either: Curve, values: Sequence[float | None]) -> float | None:
    for time, value in zip(either.time, values, strict=True):
        if time == either.collapsed_at:
            break
        if value is not None and value >= HALF:
            return time
    return None
