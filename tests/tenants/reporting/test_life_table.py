from fractions import Fraction
from itertools import accumulate
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight

from tenants.reporting.statistics.life_table import Estimate, Interval, life_table, median
from tenants.reporting.survival import Z_95, kaplan_meier

# Men with angina pectoris, years since the diagnosis (Lee 1992, p. 91; an example of SAS's PROC LIFETEST).
DEATHS = (456, 226, 152, 171, 135, 125, 83, 74, 51, 42, 43, 34, 18, 9, 6, 0)
WITHDRAWN = (0, 39, 22, 23, 24, 107, 133, 102, 68, 64, 45, 53, 33, 27, 23, 30)
SURVIVAL = ".8114 .7170 .6524 .5786 .5193 .4611 .4172 .3712 .3342 .2987 .2557 .2136 .1839 .1636 .1429"
ERROR = ".00796 .00918 .00973 .0101 .0103 .0104 .0105 .0106 .0107 .0109 .0111 .0114 .0118 .0123 .0133"
ANGINA = [
    Interval(year, 0, died, 0, gone)
    for year, (died, gone) in enumerate(zip(DEATHS, WITHDRAWN, strict=True), start=1)
]

counts = st.tuples(*[st.integers(0, 40)] * 4)


@st.composite
def tables(draw: st.DrawFn) -> list[Interval]:
    rows, at_risk = [], 0
    for until, (entered, *wished) in enumerate(draw(st.lists(counts, min_size=1, max_size=9))):
        at_risk += 5 * entered
        left = []
        for number in wished:
            left.append(min(number, at_risk))
            at_risk -= left[-1]
        rows.append(Interval(until, 5 * entered, *left))
    return rows


def estimable(rows: list[Interval]) -> list[Estimate]:
    return [each for each in life_table(rows) if each.survival is not None]


def exposed(rows: list[Interval]) -> list[float]:
    change = (r.entered - r.events - r.competing - r.censored for r in rows)
    before = [0, *accumulate(change)]
    return [n + (row.entered - row.censored) / 2 for n, row in zip(before, rows, strict=False)]


def test_the_published_table_is_reproduced() -> None:
    found = life_table(ANGINA, at_risk=2418)
    for row, s, error in zip(found, SURVIVAL.split(), ERROR.split(), strict=False):
        assert row.survival == pytest.approx(float(s), abs=5.1e-5)
        assert row.standard_error == pytest.approx(float(error), abs=5.1e-5)
    exact, at_risk = Fraction(1), Fraction(2418)
    for row, died, gone in zip(found, DEATHS, WITHDRAWN, strict=True):
        exact *= 1 - died / (at_risk - Fraction(gone, 2))
        at_risk -= died + gone
        assert row.survival == pytest.approx(float(exact), abs=1e-12)
        assert row.cumulative_incidence == pytest.approx(1 - float(exact), abs=1e-12)
        assert row.at_risk == at_risk
    # .5193 at 5 years, .4611 at 6: half had died by the end of the sixth. SAS's 5.33 is interpolated.
    assert (median(found).until, median(found).lower, median(found).upper) == (6, 5, 6)


def test_the_interval_is_that_of_log_log() -> None:
    # One share of a hundred, without anybody gone: Var(S) / S ** 2 = 20 / (100 * 80).
    [row] = life_table([Interval(1, 0, 20, 0, 0)], at_risk=100)
    spread = Z_95 * sqrt(20 / (100 * 80)) / -log(0.8)
    assert (row.lower, row.upper) == pytest.approx((1 - 0.8 ** exp(-spread), 1 - 0.8 ** exp(spread)))
    assert row.standard_error == pytest.approx(0.04)


def test_who_is_there_at_the_start_may_stand_in_a_row_of_their_own() -> None:
    assert life_table([Interval(0, 2418, 0, 0, 0), *ANGINA])[1:] == life_table(ANGINA, at_risk=2418)


def test_a_competing_event_is_neither_the_event_nor_a_censoring() -> None:
    rows = [Interval(1, 0, 20, 30, 0), Interval(2, 0, 10, 5, 0)]
    first, second = life_table(rows, at_risk=100)
    assert (first.survival, first.cumulative_incidence) == pytest.approx((0.5, 0.2))
    assert (second.survival, second.cumulative_incidence) == pytest.approx((0.35, 0.3))
    # Nobody is censored, so it is the share of those who began: 30 of 100.
    assert second.standard_error == pytest.approx(sqrt(0.3 * 0.7 / 100))


@pytest.mark.parametrize("seed", range(5))
def test_where_nobody_goes_between_the_events_it_equals_statsmodels(seed: int) -> None:
    """Each time that somebody leaves is an interval of its own, after which those censored then go."""
    random = np.random.default_rng(seed)
    # The last one is censored: where nobody is left statsmodels divides by them.
    time, outcome = np.append(random.integers(1, 12, 150), 12), np.append(random.integers(0, 3, 150), 0)
    rows = []
    for until in np.unique(time):
        events, competing, censored = ((time == until) & (outcome == kind) for kind in (1, 2, 0))
        rows.append(Interval(until, 0, events.sum(), competing.sum(), 0))
        rows.append(Interval(until + 0.5, 0, 0, 0, censored.sum()))
    found = life_table(rows, at_risk=151)[::2]
    theirs = CumIncidenceRight(time, outcome)
    assert [row.until for row in found] == theirs.times.tolist()
    assert [row.cumulative_incidence for row in found] == pytest.approx(theirs.cinc[0].tolist(), abs=1e-12)
    assert [row.standard_error for row in found] == pytest.approx(theirs.cinc_se[0].tolist(), abs=1e-12)


def test_it_stays_near_the_exact_curve() -> None:
    random = np.random.default_rng(7)
    event_time, censor_time = random.exponential(12, 3000), random.uniform(0, 12, 3000)
    exit_ = np.minimum(event_time, censor_time)
    happened = event_time <= censor_time
    curve = kaplan_meier(entry=[0] * 3000, exit=exit_, event=happened)
    rows = []
    for year in range(1, 11):
        events, censored = ((np.ceil(exit_[which]) == year).sum() for which in (happened, ~happened))
        rows.append(Interval(year, 0, int(events), 0, int(censored)))
    for row in life_table(rows, at_risk=3000):
        last = np.searchsorted(curve.time, row.until, "right") - 1
        assert row.at_risk == (exit_ > row.until).sum()
        assert row.cumulative_incidence == pytest.approx(1 - curve.survival[last], abs=0.005)


@settings(deadline=None)
@given(tables())
def test_without_a_competing_event_it_is_one_less_the_actuarial_survival(rows: list[Interval]) -> None:
    alone = [Interval(r.until, r.entered, r.events, 0, r.competing + r.censored) for r in rows]
    survival, greenwood = 1.0, 0.0
    for row, n, found in zip(alone, exposed(alone), life_table(alone), strict=True):
        if found.survival is None:
            return
        survival *= 1 - row.events / n
        greenwood += row.events / (n * (n - row.events)) if row.events < n else 0.0
        assert found.survival == pytest.approx(survival, abs=1e-12)
        assert found.cumulative_incidence == pytest.approx(1 - survival, abs=1e-12)
        assert found.standard_error == pytest.approx(survival * sqrt(greenwood), abs=1e-9)


@settings(deadline=None)
@given(tables())
def test_everybody_has_had_one_of_the_events_or_neither(rows: list[Interval]) -> None:
    swapped = [Interval(r.until, r.entered, r.competing, r.events, r.censored) for r in rows]
    for one, other in zip(estimable(rows), estimable(swapped), strict=True):
        assert one.survival == other.survival
        shares = (one.survival, one.cumulative_incidence, other.cumulative_incidence)
        assert sum(share or 0 for share in shares) == pytest.approx(1)


@settings(deadline=None)
@given(tables())
def test_the_variance_is_that_of_marubini_and_valsecchi(rows: list[Interval]) -> None:
    found = estimable(rows)
    incidence = [row.cumulative_incidence or 0.0 for row in found]
    survival = [1.0, *(row.survival or 0.0 for row in found)]
    n = exposed(rows)
    for last, row in enumerate(found):
        if not row.survival:  # the formula divides by it
            return
        terms = []
        for j in range(last + 1):
            event, left = rows[j].events, rows[j].events + rows[j].competing
            rest = incidence[last] - incidence[j]
            terms += [
                rest**2 * left / (n[j] * (n[j] - left)),
                survival[j] ** 2 * (n[j] - event) * event / n[j] ** 3,
                -2 * rest * survival[j] * event / n[j] ** 2,
            ]
        assert row.standard_error == pytest.approx(sqrt(max(sum(terms), 0)), abs=1e-7)


@settings(deadline=None)
@given(tables())
def test_an_incidence_rises_and_lies_within_its_interval(rows: list[Interval]) -> None:
    before = 0.0
    for row in estimable(rows):
        share = row.cumulative_incidence
        assert share is not None
        assert before <= share <= 1
        before = share
        assert (row.lower is None) == (row.upper is None) == (share == 0 or 1 - share <= 0)
        if row.lower is not None and row.upper is not None:
            assert 0 <= row.lower <= share + 1e-12
            assert share - 1e-12 <= row.upper <= 1


def test_from_where_nobody_could_have_it_on_nothing_is_estimable() -> None:
    # 11 at risk and 60 entering halfway are 41, fewer than the 45 who had the event.
    rows = [Interval(1, 0, 9, 0, 0), Interval(2, 60, 45, 0, 0), Interval(3, 0, 11, 0, 0)]
    first, *others = life_table(rows, at_risk=20)
    assert first.cumulative_incidence == pytest.approx(0.45)
    assert others == [Estimate(2, 26), Estimate(3, 15)]
    assert life_table([Interval(0, 0, 0, 0, 0)]) == (Estimate(0, 0),)
    assert life_table([]) == ()


def test_a_median_is_the_first_end_by_which_at_least_half_had_the_event() -> None:
    # 23/24 * 22/23 * ... * 12/13 is 0.5000000000000001 in doubles.
    half = life_table([Interval(year, 0, 1, 0, 0) for year in range(1, 25)], at_risk=24)
    assert median(half).until == 12
    assert median(half[:11]).until is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([Interval(1, 10, -1, 0, 0)], "interval until 1: counts must not be negative"),
        ([Interval(1, 10, 4, 4, 3)], "interval until 1: more people leave than are there"),
        ([Interval(1, 10, 0, 0, 0), Interval(1, 0, 0, 0, 0)], "interval until 1: the intervals must follow"),
    ],
)
def test_impossible_intervals_are_refused_by_name(rows: list[Interval], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        life_table(rows)
