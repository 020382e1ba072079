"""How many have had an event by a time, where another may come first: what every curve of incidence shares."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tenants.reporting.survival import Bound, log_log_interval

# A sum of fractions that is one half on paper may come out a little below it.
HALF = 0.5 - 1e-12


@dataclass(frozen=True)
class Step:
    """A time at which something may happen: the number at risk, of whom so many have the event, and so many a
    competing one after which it cannot come."""

    at_risk: float
    events: int
    competing: int


@dataclass(frozen=True)
class Point:
    """After a step: the share with neither event, the share that has had the event, and its variance."""

    survival: float
    incidence: float
    variance: float


def accumulated(steps: Iterable[Step]) -> Iterator[Point]:
    """The curve of steps: S falls by the share (events + competing) / n of itself, the incidence F grows by S *
    events / n (Aalen and Johansen 1978). Where nothing competes F is 1 - S.

    Variance: the shares of each step are multinomial, independent of what came before, and carried on by the
    delta method: Marubini and Valsecchi 1995, Greenwood's where nothing competes. n must not be 0 or smaller
    than who leaves.
    """
    survival, incidence = 1.0, 0.0
    of_survival, covariance, of_incidence = 0.0, 0.0, 0.0
    for step in steps:
        n = step.at_risk
        left, event = (step.events + step.competing) / n, step.events / n
        # S' = S * (1 - left) and F' = F + S * event, so each line needs what stood before the ones below it.
        of_incidence += event * (2 * covariance + event * of_survival)
        of_incidence += survival**2 * event * (1 - event) / n
        covariance = (1 - left) * (covariance + event * (of_survival - survival**2 / n))
        of_survival = (1 - left) * (of_survival * (1 - left) + survival**2 * left / n)
        incidence += survival * event
        survival *= 1 - left
        # Rounding may leave a little less than nothing.
        yield Point(max(survival, 0.0), min(incidence, 1.0), max(of_incidence, 0.0))


def interval(point: Point) -> tuple[Bound, Bound]:
    """The 95 % interval of the incidence F, log-log of 1 - F: 1 - (1 - F) ** exp(± z * se / ((1 - F) * |log(1 -
    F)|)), which is Kaplan and Meier's where nothing competes. (None, None) where F is 0 or 1."""
    rest = 1 - point.incidence
    low, high = log_log_interval(rest, point.variance / rest**2 if rest > 0 else 0.0)
    return None if high is None else 1 - high, None if low is None else 1 - low
