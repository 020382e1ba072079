"""What a randomised start can find out, before it begins."""

import math
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import ncfdtr, stdtrit


@dataclass(frozen=True)
class Design:
    """People who start now in groups of about `group_size`, and people who wait, each alone.

    icc: how alike people of one group come out, from 0 to under 1: the intraclass correlation. alpha: the chance
    of a false alarm, two-sided. power: the chance that an effect is found.
    """

    treated: int
    waiting: int
    group_size: float
    icc: float
    alpha: float = 0.05
    power: float = 0.8


@dataclass(frozen=True)
class Detectable:
    """The smallest effect that is found with the design's power, in standard deviations of one person's outcome.

    groups: of the treated. design_effect: how many people of a group tell as much as one alone.
    effective_treated: how many people alone would tell as much as all who are treated. df: of the test.
    """

    effect: float
    groups: int
    design_effect: float
    effective_treated: float
    df: float


def detectable_effect(design: Design) -> Detectable | None:
    """The minimum detectable effect of the test that `comparison.compare` makes, None with fewer than two units on
    a side.

    In units of the outcome's variance the mean of group means has variance (1 + (m - 1) * ICC) / n (Donner and
    Klar 2000), n being the treated, m the size of their groups; the mean of those who wait, 1 / their number. The
    degrees of freedom are Welch and Satterthwaite's at these. The effect is where the non-central t distribution
    gives the power. Raises ValueError for a design that cannot be.
    """
    _check(design)
    groups = math.floor(design.treated / design.group_size)
    if min(groups, design.waiting) < 2:
        return None
    inflation = 1 + (design.group_size - 1) * design.icc
    parts = inflation / design.treated, 1 / design.waiting
    df = sum(parts) ** 2 / (parts[0] ** 2 / (groups - 1) + parts[1] ** 2 / (design.waiting - 1))
    critical = float(stdtrit(df, 1 - design.alpha / 2))

    def missing(shift: float) -> float:
        # The square of a non-central t is a non-central F: both tails at once.
        return float(ncfdtr(1, df, shift**2, critical**2)) - (1 - design.power)

    most = 2 * critical
    while missing(most) > 0:
        most *= 2
    shift = float(brentq(missing, 0.0, most, xtol=1e-12))
    return Detectable(
        effect=shift * math.sqrt(sum(parts)),
        groups=groups,
        design_effect=inflation,
        effective_treated=design.treated / inflation,
        df=df,
    )


def _check(design: Design) -> None:
    for name, fits in (
        ("treated", design.treated >= 0),
        ("waiting", design.waiting >= 0),
        ("group_size", design.group_size >= 1),
        ("icc", 0 <= design.icc < 1),
        ("alpha", 0 < design.alpha < design.power),
        ("power", design.power < 1),
    ):
        if not fits:
            raise ValueError(f"{name}: {getattr(design, name)} cannot be")
