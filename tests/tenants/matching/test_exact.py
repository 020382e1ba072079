"""A handful of people get the best partition that there is, as looking at all of them says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver import Infeasible, Partition, Pool, Recipe, solve
from tests.tenants.matching.checker import Checker
from tests.tenants.matching.exhaustive import best, preference
from tests.tenants.matching.rosters import EXAMPLES, pools, recipes

solver = settings(max_examples=60, **EXAMPLES)


def assert_best(pool: Pool, recipe: Recipe) -> Partition | None:
    """The partition is the best, or there is none."""
    most = best(pool, recipe)
    if most is None:
        with pytest.raises(Infeasible):
            solve(pool, recipe, seed=1)
        return None
    partition = solve(pool, recipe, seed=1)
    assert Checker(pool, recipe).faults(partition) == []
    assert preference(pool, recipe, partition.groups) == pytest.approx(most.preference)
    assert partition.value == pytest.approx(most.value, abs=1e-6)
    assert partition.bound.value >= partition.value
    return partition


@solver
@given(pools(2, 9), recipes(waitlist=False))
def test_everybody_is_placed_in_the_best_way_or_refused_if_there_is_none(pool, recipe):
    partition = assert_best(pool, recipe)
    assert partition is None or not partition.unplaced


@solver
@given(pools(2, 8), recipes(waitlist=True))
def test_with_a_waitlist_as_many_as_possible_are_placed_in_the_best_way(pool, recipe):
    assert_best(pool, recipe)


@solver
@given(pools(4, 8), recipes(waitlist=True, priority=st.sampled_from(["rank", "effort", "clinician"])))
def test_who_has_a_higher_priority_is_placed_before_shape_and_value_count(pool, recipe):
    assert_best(pool, recipe)
