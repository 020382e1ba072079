"""Reliability, agreement and change, against published examples and by other ways of reckoning."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenants.outcomes.surveys.psychometrics import agreement, alpha, icc1, paired_change, rwg

ATTITUDE = [
    [43, 51, 30, 39, 61, 92, 45], [63, 64, 51, 54, 63, 73, 47], [71, 70, 68, 69, 76, 86, 48],
    [61, 63, 45, 47, 54, 84, 35], [81, 78, 56, 66, 71, 83, 47], [43, 55, 49, 44, 54, 49, 34],
    [58, 67, 42, 56, 66, 68, 35], [71, 75, 50, 55, 70, 66, 41], [72, 82, 72, 67, 71, 83, 31],
    [67, 61, 45, 47, 62, 80, 41], [64, 53, 53, 58, 58, 67, 34], [67, 60, 47, 39, 59, 74, 41],
    [69, 62, 57, 42, 55, 63, 25], [68, 83, 83, 45, 59, 77, 35], [77, 77, 54, 72, 79, 77, 46],
    [81, 90, 50, 72, 60, 54, 36], [74, 85, 64, 69, 79, 79, 63], [65, 60, 65, 75, 55, 80, 60],
    [65, 70, 46, 57, 75, 85, 46], [50, 58, 68, 54, 64, 78, 52], [50, 40, 33, 34, 43, 64, 33],
    [64, 61, 52, 62, 66, 80, 41], [53, 66, 52, 50, 63, 80, 37], [40, 37, 42, 58, 50, 57, 49],
    [63, 54, 42, 48, 66, 75, 33], [66, 77, 66, 63, 88, 76, 72], [78, 75, 58, 74, 80, 78, 49],
    [48, 57, 44, 45, 51, 83, 38], [85, 85, 71, 71, 77, 74, 55], [82, 82, 39, 59, 64, 78, 39],
]  # fmt: skip
"""Percentages from 30 departments: Chatterjee and Price, Regression Analysis by Example (1977); R's `attitude`."""
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
"""Six targets and four judges: Shrout and Fleiss (1979), table 2."""
SLEEP = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
"""Hours gained with one drug over another: Student (1908)."""
answers = st.integers(1, 7)


def test_alpha_of_the_attitude_data():
    assert alpha(ATTITUDE) == pytest.approx(0.8431427696, abs=1e-9)


def test_the_six_correlations_of_shrout_and_fleiss():
    found = agreement(SHROUT_FLEISS)
    ours = (found.icc1, found.icc2, found.icc3, found.icc1k, found.icc2k, found.icc3k)
    assert [round(each, 4) for each in ours] == [0.1657, 0.2898, 0.7148, 0.4428, 0.6201, 0.9093]
    exact = (0.16574176840547544, 0.2897637795275590, 0.7148407148407148, 0.4427971336792687)
    assert ours[:4] == pytest.approx(exact, abs=1e-6)


def test_the_mean_of_all_judges_is_as_reliable_as_alpha():
    assert agreement(SHROUT_FLEISS).icc3k == pytest.approx(alpha(SHROUT_FLEISS), abs=1e-12)


def test_groups_of_equal_size_are_targets_with_judges_of_their_own():
    assert icc1(SHROUT_FLEISS) == pytest.approx(agreement(SHROUT_FLEISS).icc1, abs=1e-12)


@given(st.lists(st.lists(answers, min_size=2, max_size=6), min_size=2, max_size=6))
def test_icc1_is_what_the_f_of_an_analysis_of_variance_says(groups):
    found = icc1(groups)
    if np.ptp(np.concatenate(groups)) == 0:
        assert found is None
        return
    if all(len(set(each)) == 1 for each in groups):
        assert found == pytest.approx(1)
        return
    f = stats.f_oneway(*groups).statistic
    sizes = [len(each) for each in groups]
    usual = (sum(sizes) - sum(n * n for n in sizes) / sum(sizes)) / (len(groups) - 1)
    if f + usual - 1 > 0:
        assert found == pytest.approx((f - 1) / (f + usual - 1), abs=1e-9)


def test_agreement_within_a_group_by_hand():
    """Variances 1/3 and 1/3 of what chance gives on five options, 2: J(1 - r) / (J(1 - r) + r) with J 2, r 1/6."""
    assert rwg([[4, 5], [5, 5], [4, 4]], options=5) == pytest.approx(10 / 11, abs=1e-12)
    assert rwg([[3, 3], [3, 3]], options=5) == 1
    assert rwg([[1, 5], [5, 1]], options=5) == 0


def test_students_sleepers():
    """t.test(paired = TRUE): 95 % from 0.7001142 to 2.4598858."""
    found = paired_change(SLEEP)
    assert (found.n, found.mean) == (10, pytest.approx(1.58))
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    assert found.effect == pytest.approx(found.mean / found.sd)


@given(st.lists(st.floats(-6, 6), min_size=3, max_size=40).filter(lambda all_: np.std(all_) > 1e-3))
def test_the_interval_of_an_effect_is_that_of_the_noncentral_t(differences):
    found = paired_change(differences)
    if found.effect_low is None:
        assert abs(found.effect) * math.sqrt(found.n) > 50
        return
    t, root = found.effect * math.sqrt(found.n), math.sqrt(found.n)
    reached = [stats.nct.cdf(t, found.n - 1, end * root) for end in (found.effect_low, found.effect_high)]
    assert reached == pytest.approx([0.975, 0.025], abs=1e-6)
    assert (found.effect_low > 0) == (found.low > 0)
    assert (found.effect_high < 0) == (found.high < 0)


def test_intervals_of_an_effect_hold_what_is_so_in_95_of_100():
    draw = np.random.default_rng(20260901)
    held = {"mean": 0, "effect": 0}
    for _ in range(1000):
        found = paired_change(draw.normal(0.5, 1.0, 15))
        held["mean"] += found.low <= 0.5 <= found.high
        held["effect"] += found.effect_low <= 0.5 <= found.effect_high
    assert all(930 <= each <= 970 for each in held.values()), held


@pytest.mark.parametrize("rows", [[], [[1, 2]], [[1], [2]], [[1, 2], [1, 2]]])
def test_what_has_no_alpha_has_none(rows):
    assert alpha(rows) is None


def test_people_who_all_change_alike_have_a_change_and_no_effect():
    found = paired_change([1.0] * 12)
    assert (found.mean, found.low, found.high, found.effect) == (1.0, 1.0, 1.0, None)
    with pytest.raises(ValueError, match="interval"):
        paired_change([1.0])
