"""Shares, comparisons of groups with people who wait, and what such a comparison can find."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi, norm, ttest_1samp, ttest_ind
from scipy.stats import t as student
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tenants.reporting.statistics import mean
from tenants.reporting.statistics.comparison import compare
from tenants.reporting.statistics.detectable_effect import Design, detectable_effect
from tenants.reporting.statistics.proportions import newcombe, wilson

shares = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
outcomes = st.floats(-100, 100)


@pytest.mark.parametrize(
    ("count", "n", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_published_intervals_of_shares_are_reproduced(
    count: int, n: int, lower: float, upper: float
) -> None:
    found = wilson(count, n)  # Newcombe 1998, two-sided intervals for the single proportion, table I
    assert (found.value, found.lower, found.upper) == pytest.approx((count / n, lower, upper), abs=5.1e-5)


@pytest.mark.parametrize(
    ("counts", "lower", "upper"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
def test_the_published_intervals_of_differences_are_reproduced(
    counts: tuple[int, int, int, int], lower: float, upper: float
) -> None:
    found = newcombe(*counts)  # Newcombe 1998, table II, method 10
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=5.1e-5)


@given(shares, shares)
def test_shares_and_their_differences_equal_statsmodels(one: tuple[int, int], other: tuple[int, int]) -> None:
    found = wilson(*one)
    assert (found.lower, found.upper) == pytest.approx(proportion_confint(*one, method="wilson"), abs=1e-12)
    assert 0 <= found.lower <= found.value <= found.upper <= 1
    between = newcombe(*one, *other)
    theirs = confint_proportions_2indep(*one, *other, method="newcomb")
    assert (between.lower, between.upper) == pytest.approx(theirs, abs=1e-12)
    assert -1 <= between.lower <= between.value <= between.upper <= 1
    back = newcombe(*other, *one)
    assert (back.lower, back.upper) == pytest.approx((-between.upper, -between.lower), abs=1e-12)


@pytest.mark.parametrize(("count", "n"), [(0, 0), (4, 3), (-1, 3)])
def test_what_is_no_share_is_refused(count: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(count, n)


@pytest.mark.parametrize("seed", range(5))
def test_a_comparison_is_welchs_of_group_means_and_single_people(seed: int) -> None:
    random = np.random.default_rng(seed)
    treated = [random.normal(0.4, 1, size).tolist() for size in random.integers(1, 8, 12)]
    waiting = random.normal(0, 2, 50)
    theirs = ttest_ind([np.mean(unit) for unit in treated], waiting, equal_var=False)
    found = compare(treated=treated, waiting=waiting.tolist())
    assert found is not None
    assert (found.statistic, found.df, found.p) == pytest.approx((theirs.statistic, theirs.df, theirs.pvalue))
    limits = theirs.confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((limits.low, limits.high))
    assert found.effect == pytest.approx(found.difference / waiting.std(ddof=1))
    people = (found.treated_units, found.treated, found.waiting_units, found.waiting)
    assert people == (12, sum(map(len, treated)), 50, 50)


@given(
    st.lists(st.lists(outcomes, min_size=1, max_size=6), max_size=6), st.lists(outcomes, max_size=8), outcomes
)
def test_an_outcome_moved_for_everybody_changes_no_difference(
    treated: list[list[float]], waiting: list[float], by: float
) -> None:
    found = compare(treated=treated, waiting=waiting)
    if found is None:
        return
    assert found.lower <= found.difference <= found.upper
    assert 0 <= found.p <= 1
    if found.upper - found.lower < 1e-6:  # where next to nothing varies, adding loses it
        return
    moved = compare(
        treated=[[value + by for value in unit] for unit in treated],
        waiting=[value + by for value in waiting],
    )
    assert moved is not None
    assert (moved.difference, moved.p) == pytest.approx((found.difference, found.p), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("treated", "waiting"),
    [([[1.0, 2.0]], [1.0, 2.0]), ([[1.0], [2.0]], [1.0]), ([[1.0], [1.0]], [2.0, 2.0])],
)
def test_too_few_units_or_none_that_differ_tell_nothing(
    treated: list[list[float]], waiting: list[float]
) -> None:
    assert compare(treated=treated, waiting=waiting) is None


def test_those_who_wait_all_alike_give_a_difference_without_a_size() -> None:
    found = compare(treated=[[1.0], [2.0]], waiting=[0.0, 0.0])
    assert found is not None
    assert (found.difference, found.effect) == (1.5, None)


def test_a_unit_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="somebody in it"):
        compare(treated=[[1.0], []], waiting=[0.0, 1.0])


def power_of(effect: float, design: Design) -> float:
    """The power of Welch's test at an effect, by integrating over what the variance may come out as."""
    found = detectable_effect(design)
    assert found is not None
    error = math.sqrt(found.design_effect / design.treated + 1 / design.waiting)
    critical, shift, root = (
        float(student.isf(design.alpha / 2, found.df)),
        effect / error,
        math.sqrt(found.df),
    )

    def given_spread(spread: float) -> float:
        edge = critical * spread / root
        return float((norm.sf(edge - shift) + norm.cdf(-edge - shift)) * chi.pdf(spread, found.df))

    return float(quad(given_spread, max(0, root - 12), root + 12, points=[root], limit=200)[0])


@pytest.mark.parametrize(
    "design",
    [
        Design(60, 60, 6, 0.1),
        Design(120, 60, 6, 0.2, power=0.9),
        Design(13, 7, 4.3, 0.05, alpha=0.01),
        Design(12, 12, 6, 0.9, power=0.99),
        Design(50_000, 50_000, 5, 0.1),
    ],
)
def test_an_effect_of_the_size_that_can_be_detected_is_found_with_the_power_asked_for(design: Design) -> None:
    found = detectable_effect(design)
    assert found is not None
    assert power_of(found.effect, design) == pytest.approx(design.power, abs=1e-9)


def test_single_people_in_two_equal_arms_are_the_usual_t_test() -> None:
    # power.t.test(n = 20, delta = 1, sd = 1) of R says 0.8689528.
    found = detectable_effect(Design(20, 20, 1, 0, power=0.8689528))
    assert found is not None
    assert (found.effect, found.df) == (pytest.approx(1, abs=1e-6), 38)
    theirs = TTestIndPower().solve_power(nobs1=64, alpha=0.05, power=0.8)
    alone = detectable_effect(Design(64, 64, 1, 0.3))
    assert alone is not None
    assert alone.effect == pytest.approx(theirs, abs=1e-6)


def test_groups_count_for_fewer_people_the_more_alike_their_members_are() -> None:
    found = detectable_effect(Design(60, 60, 6, 0.1))
    assert found is not None
    assert (found.groups, found.design_effect, found.effective_treated) == (10, 1.5, 40)
    effects = [detectable_effect(Design(60, 60, 6, icc)) for icc in (0, 0.1, 0.2, 0.5)]
    sizes = [each.effect for each in effects if each is not None]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 4


@pytest.mark.parametrize("design", [Design(11, 60, 6, 0.1), Design(60, 1, 6, 0.1), Design(0, 0, 6, 0.1)])
def test_one_group_alone_can_find_nothing(design: Design) -> None:
    assert detectable_effect(design) is None


@pytest.mark.parametrize(
    "design",
    [
        Design(-1, 5, 5, 0.1),
        Design(5, 5, 0.5, 0.1),
        Design(5, 5, 5, 1),
        Design(5, 5, 5, 0.1, power=0.04),
        Design(5, 5, 5, 0.1, power=1),
    ],
)
def test_designs_that_cannot_be_are_refused(design: Design) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        detectable_effect(design)


@pytest.mark.parametrize("seed", range(3))
def test_a_mean_has_students_interval(seed: int) -> None:
    values = np.random.default_rng(seed).normal(3, 1, 12 + seed)
    theirs = ttest_1samp(values, 0).confidence_interval(0.95)
    found = mean.student(values.tolist())
    assert (found.value, found.n) == (pytest.approx(values.mean()), len(values))
    assert (found.lower, found.upper) == pytest.approx((theirs.low, theirs.high))
    with pytest.raises(ValueError, match="no interval"):
        mean.student([1.0])
