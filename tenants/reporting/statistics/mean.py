"""Means of people's scores, with an interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy.special import stdtrit


@dataclass(frozen=True)
class Mean:
    """A mean of `n` values and its 95 % interval."""

    value: float
    lower: float
    upper: float
    n: int


def student(values: Sequence[float]) -> Mean:
    """The mean with Student's interval (1908). People count as independent of each other: too narrow for what people in
    groups answer. Raises ValueError for fewer than two values.
    """
    n = len(values)
    if n < 2:
        raise ValueError("one value has no interval")
    mean = fmean(values)
    half = float(stdtrit(n - 1, 0.975)) * stdev(values) / math.sqrt(n)
    return Mean(mean, mean - half, mean + half, n)
