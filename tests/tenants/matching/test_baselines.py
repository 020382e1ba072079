"""Plain ways to form groups: they keep the rules and the shape, and are worth what they say, never more than
the best."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tenants.matching.solver import Baseline, Infeasible, Pool, Recipe, Size, baselines, solve
from tests.tenants.matching.checker import Checker
from tests.tenants.matching.exhaustive import best, preference
from tests.tenants.matching.rosters import EXAMPLES, every_rule, pools, recipes, structured

NAMES = ["random", "greedy", "swap"]


def faults(pool: Pool, recipe: Recipe, found: Baseline) -> list[object]:
    """What is wrong with the groups of a baseline that found some."""
    checker, people = Checker(pool, recipe), [person for group in found.groups for person in group]
    broken: list[object] = [(group, broken) for group in found.groups if (broken := checker.broken(group))]
    if len(set(people)) != len(people):
        broken.append("somebody twice")
    if found.value != pytest.approx(checker.value(found.groups), abs=1e-6):
        broken.append(("value", found.value, checker.value(found.groups)))
    return broken


@settings(max_examples=40, **EXAMPLES)
@given(pools(4, 8), recipes(waitlist=False))
def test_none_breaks_a_rule_or_is_worth_more_than_the_best_of_all_groups(pool, recipe):
    most = best(pool, recipe)
    if most is None:
        with pytest.raises(Infeasible):
            baselines(pool, recipe, seed=1, seconds=None, rounds=2)
        return
    for found in baselines(pool, recipe, seed=1, seconds=None, rounds=2):
        if found.value is None:
            assert found.groups == ()
            continue
        assert faults(pool, recipe, found) == []
        assert preference(pool, recipe, found.groups) == pytest.approx(most.preference)
        assert found.value <= most.value + 1e-6


@pytest.mark.parametrize("rules", [True, False])
def test_the_search_is_worth_at_least_as_much_as_each_of_them(rules):
    pool, recipe = structured(40, 1), every_rule(40)
    if not rules:
        recipe = replace(recipe, rules=())
    ours = solve(pool, recipe, seed=1, budget=400)
    found = baselines(pool, recipe, seed=1, seconds=None, rounds=5)
    assert [each.name for each in found] == NAMES
    for each in found:
        assert each.value is not None
        assert faults(pool, recipe, each) == []
        assert sorted(map(len, each.groups)) == sorted(map(len, ours.groups))
        assert each.value <= ours.value + 1e-6


def test_each_is_better_than_the_one_before_where_no_rule_is_in_the_way():
    pool, recipe = structured(60, 2), replace(every_rule(60), rules=())
    values = [each.value for each in baselines(pool, recipe, seed=1, seconds=None, rounds=5)]
    assert values == sorted(values)


def test_those_left_over_are_as_many_as_the_search_leaves():
    pool, recipe = structured(23, 3), Recipe(Size(5, 5), every_rule(23).terms, waitlist=True)
    for each in baselines(pool, recipe, seed=1, seconds=None, rounds=1):
        assert [len(group) for group in each.groups] == [5, 5, 5, 5]


def test_equal_seeds_and_rounds_give_equal_groups():
    pool, recipe = structured(40, 5), every_rule(40)
    once = baselines(pool, recipe, seed=7, seconds=None, rounds=3)
    assert once == baselines(pool, recipe, seed=7, seconds=None, rounds=3)
    assert once != baselines(pool, recipe, seed=8, seconds=None, rounds=3)


def test_many_people_are_formed_in_parts(monkeypatch):
    monkeypatch.setitem(baselines.__globals__, "MATRIX_LIMIT", 30)
    monkeypatch.setitem(baselines.__globals__, "PART", 20)
    pool, recipe = structured(75, 4), replace(every_rule(75), rules=every_rule(75).rules[:1])
    for each in baselines(pool, recipe, seed=1, seconds=None, rounds=2):
        assert faults(pool, recipe, each) == []
        assert sorted(person for group in each.groups for person in group) == list(range(75))


def test_a_time_that_is_over_at_once_still_gives_groups():
    pool, recipe = structured(40, 6), every_rule(40)
    assert all(each.value is not None for each in baselines(pool, recipe, seed=1, seconds=0.0))


@pytest.mark.parametrize(("seconds", "rounds"), [(None, None), (None, 0), (1.0, 0)])
def test_there_has_to_be_a_budget(seconds, rounds):
    with pytest.raises(ValueError, match="seconds, or rounds of 1 or more"):
        baselines(structured(40, 1), every_rule(40), seed=1, seconds=seconds, rounds=rounds)
