"""Reliability, agreement and change, by their published formulas. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

LEVEL = 0.95
FURTHEST = 500.0
"""Beyond this noncentrality an interval of an effect is not searched for."""
Rows = Sequence[Sequence[float]]


def alpha(rows: Rows) -> float | None:
    """Cronbach's alpha of answers, a row for each person and a column for each item, none missing.

    k/(k-1) (1 - sum of the items' variances / variance of the sums) (Cronbach 1951). Null for fewer than two items or
    people, and where all sums are equal.
    """
    table = np.asarray(rows, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2:
        return None
    items, whole = float(table.var(axis=0, ddof=1).sum()), float(table.sum(axis=1).var(ddof=1))
    k = table.shape[1]
    return k / (k - 1) * (1 - items / whole) if whole > 0 else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """The six intraclass correlations: of single ratings and, with `k`, of their means."""

    icc1: float
    icc2: float
    icc3: float
    icc1k: float
    icc2k: float
    icc3k: float


def agreement(table: Rows) -> Agreement:
    """The intraclass correlations of ratings, a row for each target and a column for each judge, none missing.

    Shrout and Fleiss (1979): 1 where each target has judges of its own, 2 where the judges are a sample of many, 3
    where they are all. Raises ValueError for fewer than two targets or judges, or ratings that are all equal.
    """
    x: NDArray[np.float64] = np.asarray(table, dtype=float)
    if x.ndim != 2 or min(x.shape) < 2 or float(np.ptp(x)) == 0:
        raise ValueError("two targets and two judges at least, who do not all say the same")
    n, k = x.shape
    mean = x.mean()
    between = k * float(((x.mean(axis=1) - mean) ** 2).sum()) / (n - 1)
    judges = n * float(((x.mean(axis=0) - mean) ** 2).sum()) / (k - 1)
    within = float(((x - x.mean(axis=1, keepdims=True)) ** 2).sum()) / (n * (k - 1))
    rest = (within * n * (k - 1) - judges * (k - 1)) / ((n - 1) * (k - 1))
    return Agreement(
        icc1=(between - within) / (between + (k - 1) * within),
        icc2=(between - rest) / (between + (k - 1) * rest + k * (judges - rest) / n),
        icc3=(between - rest) / (between + (k - 1) * rest),
        icc1k=(between - within) / between if between else math.nan,
        icc2k=(between - rest) / (between + (judges - rest) / n),
        icc3k=(between - rest) / between if between else math.nan,
    )


def icc1(groups: Rows) -> float | None:
    """ICC(1) of people in groups of unequal size: the share of the variance that is between groups.

    By one-way analysis of variance, with the mean group size corrected for its spread (Bliese 2000). Null for fewer
    than two groups of two, and where nothing varies. It may be negative.
    """
    kept = [np.asarray(each, dtype=float) for each in groups if len(each) > 1]
    if len(kept) < 2:
        return None
    sizes = np.array([len(each) for each in kept], dtype=float)
    everybody, count = np.concatenate(kept), len(kept)
    n = float(sizes.sum())
    inside = sum(float(((each - each.mean()) ** 2).sum()) for each in kept)
    within = inside / (n - count)
    between = (float(((everybody - everybody.mean()) ** 2).sum()) - inside) / (count - 1)
    usual = (n - float((sizes**2).sum()) / n) / (count - 1)
    whole = between + (usual - 1) * within
    return (between - within) / whole if whole > 0 else None


def rwg(rows: Rows, *, options: int) -> float | None:
    """Agreement r_WG(J) of one group: a row for each person and a column for each item, none missing, on a scale of so
    many options; against the variance if each were as likely, (options² - 1) / 12.

    James, Demaree and Wolf (1984); 0 where people differ more than by chance. Null for fewer than two people.
    """
    table = np.asarray(rows, dtype=float)
    if table.ndim != 2 or table.shape[0] < 2 or options < 2:
        return None
    ratio = float(table.var(axis=0, ddof=1).mean()) / ((options**2 - 1) / 12)
    agreed = table.shape[1] * (1 - ratio)
    return agreed / (agreed + ratio) if ratio < 1 else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """The mean of differences with its interval, their standard deviation, and the mean in units of it with an interval
    of its own: null where all differences are equal.
    """

    n: int
    mean: float
    low: float
    high: float
    sd: float
    effect: float | None
    effect_low: float | None
    effect_high: float | None


def paired_change(differences: Sequence[float], *, level: float = LEVEL) -> Change:
    """How much the same people have changed.

    The interval of the mean is Student's. The effect is d_z, mean / standard deviation of the differences; its interval
    inverts the noncentral t distribution (Steiger and Fouladi 1997). Raises ValueError for fewer than two.
    """
    if len(differences) < 2:
        raise ValueError("one person's change has no interval")
    values = np.asarray(differences, dtype=float)
    n, mean, sd = len(values), float(values.mean()), float(values.std(ddof=1))
    if sd <= 1e-12 * max(1.0, abs(mean)):
        return Change(n, mean, mean, mean, 0.0, None, None, None)
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * sd / math.sqrt(n)
    low, high = _noncentralities(mean / sd * math.sqrt(n), n - 1, level)
    ends = [end if end is None else end / math.sqrt(n) for end in (low, high)]
    return Change(n, mean, mean - half, mean + half, sd, mean / sd, ends[0], ends[1])


def _noncentralities(t: float, freedom: int, level: float) -> tuple[float | None, float | None]:
    """Those between which the statistic t lies with this probability."""
    tail = (1 - level) / 2
    if abs(t) > FURTHEST / 10:
        return None, None
    reach = 10 + abs(t)

    def off(centre: float, at: float) -> float:
        reached = float(stats.nct.cdf(t, freedom, centre))
        # SciPy gives up far out, where it is 0 or 1 to all its digits.
        return (float(centre < t) if math.isnan(reached) else reached) - at

    found = [brentq(off, t - reach, t + reach, args=(at,), xtol=1e-12) for at in (1 - tail, tail)]
    return float(found[0]), float(found[1])
