"""Intervals hold what they say, and comparisons cry wolf no more often than they say, in 4,000 seeded trials each."""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy.stats import ttest_ind

from tenants.reporting.statistics.aalen_johansen import aalen_johansen
from tenants.reporting.statistics.comparison import compare
from tenants.reporting.statistics.detectable_effect import Design, detectable_effect
from tenants.reporting.statistics.life_table import Interval, life_table
from tenants.reporting.survival import kaplan_meier

RUNS = 4000
Bounds = tuple[float | None, float | None]


def covered(bounds: Iterator[Bounds], truth: float) -> float:
    """The share of runs whose interval holds the truth; where it is not estimable it does not."""
    found = Counter(low is not None and high is not None and low <= truth <= high for low, high in bounds)
    assert found.total() == RUNS
    return found[True] / RUNS


def followed(seed: int, *, people: int, late: bool) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Events at a rate of 1/8 a year, competing ones at 1/16, censored evenly over 12 years; half join late."""
    random = np.random.default_rng(seed)
    for _ in range(RUNS):
        event, competing = random.exponential(8, people), random.exponential(16, people)
        until = np.minimum(random.uniform(0, 12, people), np.minimum(event, competing))
        outcome = np.where(until == event, 1, np.where(until == competing, 2, 0))
        entry = random.uniform(0, 3, people) * random.integers(0, 2, people) if late else np.zeros(people)
        seen = entry < until
        yield entry[seen], until[seen], outcome[seen]


def at(time: tuple[float, ...], moment: float) -> int:
    return int(np.searchsorted(time, moment, "right")) - 1


@pytest.mark.parametrize(("year", "at_risk", "events"), [(2, 34, 10), (3, 31, 14), (4, 23, 18)])
def test_a_survival_curve_covers_the_truth_as_often_as_it_says(
    yearly: dict[int, tuple[float, float, list[Bounds]]], year: int, at_risk: int, events: int
) -> None:
    """With at least 20 expected at risk and 10 events: what is asked for."""
    mean_at_risk, mean_events, bounds = yearly[year]
    assert mean_at_risk > at_risk >= 20
    assert mean_events > events >= 10
    assert 0.93 <= covered(iter(bounds), np.exp(-year / 8)) <= 0.97


@pytest.fixture(scope="module")
def yearly() -> dict[int, tuple[float, float, list[Bounds]]]:
    found: dict[int, tuple[list[int], list[int], list[Bounds]]] = {year: ([], [], []) for year in (2, 3, 4)}
    for entry, exit_, outcome in followed(1, people=80, late=True):
        curve = kaplan_meier(entry=entry, exit=exit_, event=outcome == 1)
        for year, (at_risk, events, bounds) in found.items():
            i = at(curve.time, year)
            at_risk.append(curve.at_risk[i])
            events.append(sum(curve.events[: i + 1]))
            bounds.append((curve.lower[i], curve.upper[i]))
    return {year: (sum(a) / RUNS, sum(e) / RUNS, b) for year, (a, e, b) in found.items()}


def true_incidence(year: float) -> float:
    """Two thirds of the events are ours, at a rate of 3/16 together."""
    return float(2 / 3 * (1 - np.exp(-year * 3 / 16)))


def test_a_life_table_covers_the_truth_as_often_as_it_says() -> None:
    bounds: list[Bounds] = []
    for entry, exit_, outcome in followed(2, people=100, late=True):
        edges = np.arange(6)
        joined = np.histogram(entry[entry > 0], edges)[0]
        left = [np.histogram(exit_[outcome == kind], edges)[0] for kind in (1, 2, 0)]
        columns = np.array([joined, *left]).T.tolist()
        rows = [Interval(year, *counts) for year, counts in enumerate(columns, start=1)]
        last = life_table(rows, at_risk=int((entry == 0).sum()))[-1]
        bounds.append((last.lower, last.upper))
    assert 0.93 <= covered(iter(bounds), true_incidence(5)) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True])
def test_an_incidence_with_a_competing_event_covers_the_truth_as_often_as_it_says(late: bool) -> None:
    bounds: dict[int, list[Bounds]] = {year: [] for year in (2, 3, 4, 5)}
    for entry, exit_, outcome in followed(3, people=100, late=late):
        curve = aalen_johansen(entry=entry, exit=exit_, outcome=outcome)
        for year, found in bounds.items():
            i = at(curve.either.time, year)
            found.append((curve.lower[i], curve.upper[i]))
    for year, found in bounds.items():
        assert 0.93 <= covered(iter(found), true_incidence(year)) <= 0.97, year


def outcomes(groups: int, icc: float, effect: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """RUNS times that many groups of six whose members are alike, and as many people who wait, each alone."""
    random = np.random.default_rng(groups + int(100 * icc))
    alike = icc**0.5 * random.standard_normal((RUNS, groups, 1))
    treated = effect + alike + (1 - icc) ** 0.5 * random.standard_normal((RUNS, groups, 6))
    return treated, random.standard_normal((RUNS, groups * 6))


def found_by(
    test: Callable[[np.ndarray, np.ndarray], float], treated: np.ndarray, waiting: np.ndarray
) -> float:
    return sum(test(*pair) < 0.05 for pair in zip(treated, waiting, strict=True)) / RUNS


def p_of_groups(treated: np.ndarray, waiting: np.ndarray) -> float:
    found = compare(treated=treated, waiting=waiting)
    assert found is not None
    return found.p


@pytest.mark.parametrize("groups", [10, 20])
@pytest.mark.parametrize("icc", [0.1, 0.2])
def test_where_nothing_is_achieved_groups_are_said_to_differ_in_at_most_6_of_100_trials(
    groups: int, icc: float
) -> None:
    treated, waiting = outcomes(groups, icc)
    assert found_by(p_of_groups, treated, waiting) <= 0.06
    # Whoever takes people of a group for independent finds too much, in the same trials.
    people = ttest_ind(treated.reshape(RUNS, -1), waiting, axis=1).pvalue
    assert (people < 0.05).mean() > 0.07


def test_what_is_called_detectable_is_found_in_four_of_five_trials() -> None:
    planned = detectable_effect(Design(60, 60, 6, 0.2))
    assert planned is not None
    assert 0.78 <= found_by(p_of_groups, *outcomes(10, 0.2, planned.effect)) <= 0.82
