"""What stands for the weakest group's value while the search cools down."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tenants.matching.solver.search.board import SHARPEST, sharpness, soft_weakest

MEANS = st.lists(st.floats(0.0, 1.0), min_size=2, max_size=12)
SHARP = st.floats(1.0, 2000.0)


@given(MEANS, SHARP)
def test_it_is_below_the_weakest_by_no_more_than_so_many_groups_can_add(values, sharp):
    means = np.array(values)
    soft = soft_weakest(means, sharp)
    assert means.min() - math.log(len(values)) / sharp - 1e-9 <= soft <= means.min() + 1e-9


@given(MEANS, MEANS, st.floats(1.0, 200.0))
def test_groups_whose_parts_add_up_to_more_have_a_higher_soft_weakest(before, after, sharp):
    """Each group's part is -exp(sharp * (floor - v)) / sharp, with the floor of before."""
    number = min(len(before), len(after))
    old, new = np.array(before[:number]), np.array(after[:number])
    floor = soft_weakest(old, sharp)

    def parts(means):
        return -np.exp(sharp * (floor - means)).sum() / sharp

    gain = soft_weakest(new, sharp) - floor
    promised = parts(new) - parts(old)
    assert promised <= gain + 1e-9
    assert math.isclose(promised, (1.0 - math.exp(-sharp * gain)) / sharp, rel_tol=1e-6, abs_tol=1e-9)


@given(st.floats(0.01, 5000.0), st.integers(2, 1000), st.floats(1e-6, 1.0), st.floats(1.0, 10.0))
def test_it_is_sharper_the_colder_it_is_and_sharpest_without_heat(emphasis, groups, heat, times):
    assert sharpness(emphasis, groups, 0.0) == SHARPEST
    assert sharpness(emphasis, groups, heat * times) <= sharpness(emphasis, groups, heat) <= SHARPEST
