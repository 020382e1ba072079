"""Whether those who were in groups fare otherwise than those who wait: groups, not people, are what is compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from tenants.reporting.survival import Floats


@dataclass(frozen=True)
class Comparison:
    """Mean of the treated units less that of the waiting ones, in the units of what was measured.

    lower and upper: its 95 % interval. statistic, df, p: Welch's test that there is no difference. effect: the
    difference in standard deviations of those who wait (Glass's delta), None where all of them are alike.
    treated_units, waiting_units: how many were compared; treated, waiting: the people in them.
    """

    difference: float
    lower: float
    upper: float
    statistic: float
    df: float
    p: float
    effect: float | None
    treated_units: int
    waiting_units: int
    treated: int
    waiting: int


def compare(*, treated: Sequence[Sequence[float]], waiting: Sequence[float]) -> Comparison | None:
    """Compare units of treated people, each the values of one group, with people who wait, each one alone.

    People of a group influence each other, so that a group counts once, by its mean; somebody who was to start
    now and is in no group is a unit of one, as is everybody who waits. The means of units are compared by Welch's
    test and interval (1947), which do not ask that both sides vary alike. Each unit weighs the same, whatever
    its size.

    None where it cannot be told: fewer than two units on a side, or no variation on either.
    Raises ValueError for a unit of nobody.
    """
    if any(not len(unit) for unit in treated):
        raise ValueError("a unit must have somebody in it")
    means = np.array([math.fsum(unit) / len(unit) for unit in treated])
    singles = np.asarray(waiting, dtype=float)
    if min(len(means), len(singles)) < 2:
        return None
    spread = float(singles.std(ddof=1))
    found = _welch(means, singles)
    if found is None:
        return None
    difference, error, df = found
    half = float(stdtrit(df, 0.975)) * error
    return Comparison(
        difference=difference,
        lower=difference - half,
        upper=difference + half,
        statistic=difference / error,
        df=df,
        p=2 * float(stdtr(df, -abs(difference) / error)),
        effect=difference / spread if spread > 0 else None,
        treated_units=len(means),
        waiting_units=len(singles),
        treated=sum(len(unit) for unit in treated),
        waiting=len(singles),
    )


def _welch(one: Floats, other: Floats) -> tuple[float, float, float] | None:
    """The difference of means, its standard error, and Welch and Satterthwaite's degrees of freedom."""
    parts = [values.var(ddof=1) / len(values) for values in (one, other)]
    if sum(parts) <= 0:
        return None
    df = sum(parts) ** 2 / (parts[0] ** 2 / (len(one) - 1) + parts[1] ** 2 / (len(other) - 1))
    return float(one.mean() - other.mean()), math.sqrt(sum(parts)), float(df)
