"""Time to an outcome: the Kaplan–Meier curve with late joiners.

These are exact figures, for the tenant's own eyes; a curve that leaves is worked out from printed counts
(`figures.released_curve`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bound = float | None
Z_95 = NormalDist().inv_cdf(0.975)
# A product of fractions that is one half on paper may come out a little above it.
HALF = 0.5 + 1e-12


@dataclass(frozen=True)
class Curve:
    """A Kaplan–Meier curve. The first seven fields run parallel, one entry per distinct exit time.

    time: years, ascending. survival: the share without the event just after that time. lower, upper: its
    95 % log-log interval, None where not estimable (survival 1 or 0). at_risk: people with
    entry < time <= exit. events, censored: people who leave at that time with and without the event.
    entry: every person's entry, ascending. n: people.
    median: the smallest time with survival <= 0.5 (R takes the midpoint of the flat stretch where survival is
    exactly 0.5; this does not), None if not reached. median_interval: the smallest times at which `lower` and
    `upper` reach 0.5 (Brookmeyer and Crowley); its second value is None where the interval is open, and it is
    None as a whole where `lower` never gets there.

    With late joiners the risk set may run empty. collapsed_at: the time at which everybody then at risk had
    the event although others are followed beyond it; survival is 0 from there on and means nothing, and the
    median does not look at it. gaps: the stretches between 0 and the last exit in which nobody is at risk;
    the curve is flat there because nothing was seen, not because nothing happened.
    """

    time: tuple[float, ...]
    survival: tuple[float, ...]
    lower: tuple[Bound, ...]
    upper: tuple[Bound, ...]
    at_risk: tuple[int, ...]
    events: tuple[int, ...]
    censored: tuple[int, ...]
    entry: tuple[float, ...]
    n: int
    median: float | None
    median_interval: tuple[float, float | None] | None
    collapsed_at: float | None
    gaps: tuple[tuple[float, float], ...]


def kaplan_meier(
    *,
    entry: Sequence[float] | Floats,
    exit: Sequence[float] | Floats,  # noqa: A002 - the field's word, and keyword-only
    event: Sequence[bool] | npt.NDArray[np.bool_],
) -> Curve:
    """The product-limit estimate for people followed from `entry` to `exit`, in years on one clock from 0.

    One element per person. event: whether they left by the event (else censored). Late joiners (entry > 0)
    count as at risk only after their entry (left truncation). An event and a censoring at the same time: the
    event comes first. Interval: Greenwood's variance on the log(-log) scale (Kalbfleisch and Prentice).
    Raises ValueError, naming the index, for times that are not finite, entry < 0 or entry >= exit.
    """
    entries, exits, happened = _checked(entry, exit, event)
    time = np.unique(exits)
    entries.sort()
    events = _count_at(time, exits[happened])
    censored = _count_at(time, exits[~happened])
    at_risk = np.searchsorted(entries, time, "left") - np.searchsorted(np.sort(exits), time, "left")
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0))
    bounds = [log_log_interval(s, g) for s, g in zip(survival.tolist(), greenwood.tolist(), strict=True)]
    lower = tuple(low for low, _ in bounds)
    upper = tuple(high for _, high in bounds)
    collapsed = np.flatnonzero(survival[:-1] == 0)
    reliable = int(collapsed[0]) if collapsed.size else len(time)
    lowest = _first_half(time, lower)
    return Curve(
        time=tuple(time.tolist()),
        survival=tuple(survival.tolist()),
        lower=lower,
        upper=upper,
        at_risk=tuple(at_risk.tolist()),
        events=tuple(events.tolist()),
        censored=tuple(censored.tolist()),
        entry=tuple(entries.tolist()),
        n=len(exits),
        median=_first_half(time[:reliable], survival[:reliable].tolist()),
        median_interval=None if lowest is None else (lowest, _first_half(time, upper)),
        collapsed_at=float(time[reliable]) if collapsed.size else None,
        gaps=_gaps(entries, np.sort(exits)),
    )


def log_log_interval(survival: float, greenwood: float) -> tuple[Bound, Bound]:
    """The 95 % interval S ** exp(± z * sqrt(G) / |log S|) of a survival S, where G is Greenwood's sum of
    d / (n * (n - d)), that is Var(S) / S². (None, None) where the logarithm is undefined: S = 0 or 1."""
    if not 0 < survival < 1:
        return None, None
    # Beyond e**700 a double overflows; S to that power is 0 long before.
    spread = min(Z_95 * math.sqrt(greenwood) / -math.log(survival), 700.0)
    return survival ** math.exp(spread), survival ** math.exp(-spread)


def _checked(
    entry: npt.ArrayLike, exit_: npt.ArrayLike, event: npt.ArrayLike
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    entries, exits = np.array(entry, dtype=float), np.array(exit_, dtype=float)
    happened = np.array(event, dtype=bool)
    if not entries.shape == exits.shape == happened.shape == (entries.size,):
        raise ValueError("entry, exit and event must be one-dimensional and of equal length")
    for rule, broken in (
        ("entry and exit must be finite", ~(np.isfinite(entries) & np.isfinite(exits))),
        ("entry must not be before 0", entries < 0),
        ("entry must be before exit", entries >= exits),
    ):
        if broken.any():
            raise ValueError(f"{rule}: index {int(broken.argmax())}")
    return entries, exits, happened


def _count_at(time: Floats, values: Floats) -> npt.NDArray[np.int64]:
    return np.bincount(np.searchsorted(time, values), minlength=len(time))


def _first_half(time: Floats, values: Sequence[float | None]) -> float | None:
    pairs = zip(time.tolist(), values, strict=True)
    return next((t for t, value in pairs if value is not None and value <= HALF), None)


def _gaps(entries: Floats, exits: Floats) -> tuple[tuple[float, float], ...]:
    """Nobody is at risk from an exit to the next entry exactly when as many have entered as have left."""
    boundaries = np.unique(np.concatenate(([0.0], entries, exits))).tolist()
    inside = np.searchsorted(entries, boundaries, "right") - np.searchsorted(exits, boundaries, "right")
    spans = zip(pairwise(boundaries), inside.tolist(), strict=False)
    return tuple(span for span, number in spans if number == 0)
