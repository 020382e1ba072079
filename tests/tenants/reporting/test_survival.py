from fractions import Fraction
from math import exp, log, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from tenants.reporting.survival import Curve, kaplan_meier

# Acute myelogenous leukaemia, maintained arm (Miller 1981; `aml` in R's survival package), weeks.
AML = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
AML_EVENT = [True, True, False, True, True, False, True, True, False, True, False]


def aml() -> Curve:
    return kaplan_meier(entry=[0.0] * 11, exit=AML, event=AML_EVENT)


def random_people(seed: int, *, late: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half-year ticks give ties; late joiners come in between them."""
    random = np.random.default_rng(seed)
    exit_ = random.integers(1, 21, 200) / 2
    entry = random.uniform(0, 0.95, 200) * exit_ * random.integers(0, 2, 200) if late else np.zeros(200)
    return entry, exit_, random.random(200) < 0.4


def test_the_published_aml_curve_is_reproduced() -> None:
    curve = aml()
    at = dict(zip(curve.time, zip(curve.survival, curve.lower, curve.upper, strict=True), strict=True))
    exact = Fraction(1)
    for week, at_risk in ((9, 11), (13, 10), (18, 8), (23, 7), (31, 5), (34, 4), (48, 2)):
        exact *= 1 - Fraction(1, at_risk)
        assert at[week][0] == pytest.approx(float(exact), abs=1e-12)
        assert curve.at_risk[curve.time.index(week)] == at_risk
    # R 4.2.2, survival 3.5, conf.type = "log-log", printed to three figures.
    assert at[9][1:] == pytest.approx((0.508, 0.987), abs=5e-4)
    assert at[23][1:] == pytest.approx((0.266, 0.835), abs=5e-4)
    assert at[48][1:] == pytest.approx((0.0117, 0.525), abs=5e-4)
    assert (curve.n, sum(curve.events), sum(curve.censored)) == (11, 7, 4)


def test_the_published_aml_median_and_its_open_interval_are_reproduced() -> None:
    assert aml().median == 31
    assert aml().median_interval == (13, None)


@pytest.mark.parametrize("seed", range(5))
def test_without_late_joiners_the_curve_equals_scipys(seed: int) -> None:
    entry, exit_, event = random_people(seed, late=False)
    curve = kaplan_meier(entry=entry, exit=exit_, event=event)
    sf = ecdf(CensoredData(uncensored=exit_[event], right=exit_[~event])).sf
    ours = {t: i for i, t in enumerate(curve.time)}
    interval = sf.confidence_interval(method="log-log")
    bounds = zip(interval.low.probabilities, interval.high.probabilities, strict=True)
    for t, s, low_high in zip(sf.quantiles, sf.probabilities, bounds, strict=True):
        i = ours[float(t)]
        assert curve.survival[i] == pytest.approx(s, abs=1e-12)
        if 0 < s < 1:
            assert (curve.lower[i], curve.upper[i]) == pytest.approx(low_high, abs=1e-12)
        else:
            assert (curve.lower[i], curve.upper[i]) == (None, None)


@pytest.mark.parametrize("seed", range(5))
def test_with_late_joiners_the_curve_equals_statsmodels(seed: int) -> None:
    survfunc = pytest.importorskip("statsmodels.duration.survfunc")
    entry, exit_, event = random_people(seed, late=True)
    curve = kaplan_meier(entry=entry, exit=exit_, event=event)
    theirs = survfunc.SurvfuncRight(exit_, event.astype(int), entry=entry)
    ours = {t: i for i, t in enumerate(curve.time)}
    index = [ours[float(t)] for t in theirs.surv_times]
    assert len(index) == sum(d > 0 for d in curve.events)
    assert [curve.at_risk[i] for i in index] == theirs.n_risk.tolist()
    assert [curve.survival[i] for i in index] == pytest.approx(theirs.surv_prob.tolist(), abs=1e-12)


def test_late_joiners_count_as_at_risk_only_after_their_entry() -> None:
    # At 2: the first three (the fourth enters at 2, just too late). At 3: three. At 5: two.
    curve = kaplan_meier(
        entry=[0, 0, 1, 2, 4], exit=[2, 6, 3, 3.5, 5], event=[True, False, True, False, True]
    )
    assert curve.time == (2, 3, 3.5, 5, 6)
    assert curve.at_risk == (3, 3, 2, 2, 1)
    assert curve.survival == pytest.approx((2 / 3, 4 / 9, 4 / 9, 2 / 9, 2 / 9))
    greenwood = 1 / (3 * 2) + 1 / (3 * 2)
    spread = NormalDist().inv_cdf(0.975) * sqrt(greenwood) / -log(4 / 9)
    assert curve.lower[1] == pytest.approx((4 / 9) ** exp(spread), abs=1e-12)
    assert curve.upper[1] == pytest.approx((4 / 9) ** exp(-spread), abs=1e-12)
    assert curve.median == 3


def test_a_median_is_the_first_time_at_which_exactly_half_are_left() -> None:
    # 23/24 * 22/23 * ... * 12/13 is 0.5000000000000001 in doubles.
    curve = kaplan_meier(entry=[0] * 24, exit=range(1, 25), event=[True] * 24)
    assert curve.survival[11] > 0.5
    assert curve.median == 12


def test_bounds_are_not_estimable_where_survival_is_one_or_zero() -> None:
    curve = kaplan_meier(entry=[0, 0, 0], exit=[1, 2, 3], event=[False, True, True])
    assert curve.survival == (1, 0.5, 0)
    assert [low is None for low in curve.lower] == [True, False, True]
    assert [high is None for high in curve.upper] == [True, False, True]


def test_a_risk_set_that_runs_empty_early_is_told_and_gives_no_median() -> None:
    curve = kaplan_meier(entry=[0, 2, 2, 2], exit=[1, 4, 5, 5.5], event=[True, True, False, False])
    assert curve.survival == (0, 0, 0, 0)
    assert (curve.collapsed_at, curve.median, curve.median_interval) == (1, None, None)
    assert curve.gaps == ((1, 2),)


def test_a_curve_that_ends_at_zero_has_not_collapsed() -> None:
    curve = kaplan_meier(entry=[0, 0], exit=[1, 1.5], event=[True, True])
    assert curve.collapsed_at is None
    assert curve.survival[-1] == 0


def test_stretches_with_nobody_at_risk_are_gaps() -> None:
    curve = kaplan_meier(entry=[1, 3, 3.5], exit=[2, 4, 5], event=[False, True, False])
    assert curve.gaps == ((0, 1), (2, 3))


def test_nobody_gives_an_empty_curve() -> None:
    curve = kaplan_meier(entry=[], exit=[], event=[])
    assert (curve.n, curve.time, curve.median, curve.gaps) == (0, (), None, ())


@pytest.mark.parametrize(
    ("entry", "exit_", "message"),
    [
        ([0, 2, 0], [1, 2, 3], "entry must be before exit: index 1"),
        ([0, 0, -1], [1, 2, 3], "entry must not be before 0: index 2"),
        ([0, 0, 0], [float("nan"), 2, 3], "entry and exit must be finite: index 0"),
        ([0, 0], [1, 2, 3], "entry, exit and event must be one-dimensional and of equal length"),
    ],
)
def test_impossible_times_are_refused_by_index(entry: list[float], exit_: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kaplan_meier(entry=entry, exit=exit_, event=[True, True, True])


people = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 40), st.booleans()).map(
        lambda p: (p[0] / 4, (p[0] + p[1]) / 4, p[2])
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(people)
def test_survival_never_rises_and_lies_within_its_interval(rows: list[tuple[float, float, bool]]) -> None:
    entry, exit_, event = (list(column) for column in zip(*rows, strict=True))
    curve = kaplan_meier(entry=entry, exit=exit_, event=event)
    assert list(curve.survival) == sorted(curve.survival, reverse=True)
    for low, s, high in zip(curve.lower, curve.survival, curve.upper, strict=True):
        assert (low is None) == (high is None) == (s in {0, 1})
        if low is not None and high is not None:
            assert 0 <= low <= s <= high <= 1
