"""Shares of people, and differences of shares, with intervals that hold for few people too."""

import math
from dataclasses import dataclass

from tenants.reporting.survival import Z_95


@dataclass(frozen=True)
class Share:
    """A share, or a difference of two, and its 95 % interval."""

    value: float
    lower: float
    upper: float


def wilson(count: int, n: int) -> Share:
    """The share `count` of `n` with Wilson's score interval (1927), without continuity correction.

    People count as independent of each other: right for reach, too narrow for what people in groups achieve.
    Raises ValueError unless 0 <= count <= n and n > 0.
    """
    if not 0 <= count <= n or n == 0:
        raise ValueError(f"{count} of {n} is no share")
    share, z2 = count / n, Z_95**2
    centre = (count + z2 / 2) / (n + z2)
    half = Z_95 / (n + z2) * math.sqrt(n * share * (1 - share) + z2 / 4)
    # At 0 and at all the limit is exact; rounding would leave it a little inside or outside.
    return Share(share, 0.0 if count == 0 else centre - half, 1.0 if count == n else centre + half)


def newcombe(count: int, n: int, other_count: int, other_n: int) -> Share:
    """The first share less the other, of different people, with Newcombe's hybrid score interval (1998, method
    10): the distances of the two Wilson limits, squared and added. Raises ValueError as `wilson`."""
    one, other = wilson(count, n), wilson(other_count, other_n)
    difference = one.value - other.value
    below = math.hypot(one.value - one.lower, other.upper - other.value)
    above = math.hypot(one.upper - one.value, other.value - other.lower)
    return Share(difference, difference - below, difference + above)
