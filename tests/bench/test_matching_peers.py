"""The searches that group formation is compared with play by the same rules, for the same value."""

import numpy as np
import pytest

from bench.matching import rosters
from bench.matching.exact_peer import cp_sat
from bench.matching.peers import Swaps, dealt, numpy_swap, random_restart
from bench.matching.problem import problem
from bench.matching.rules import violations
from tenants.matching.solver import solve
from tests.tenants.matching.checker import Checker
from tests.tenants.matching.exhaustive import best


def few(people, seed=1):
    """A roster, its recipe and the same as arrays."""
    pool = rosters.roster(people, seed)
    recipe = rosters.recipe(pool, seed)
    sizes = [len(group) for group in solve(pool, recipe, seed=1, budget=5).groups]
    return pool, recipe, problem(pool, recipe, sizes)


@pytest.mark.parametrize("search", [random_restart, numpy_swap])
def test_plain_searches_keep_the_rules_and_are_worth_what_they_say(search):
    pool, recipe, model = few(40)
    groups = search(model, seed=1, seconds=0.2)
    assert violations(pool, recipe, groups) == 0
    assert sorted(map(len, groups)) == sorted(model.sizes)
    assert model.value(groups) == pytest.approx(Checker(pool, recipe).value(groups), abs=1e-6)


def test_what_an_exchange_gains_is_the_difference_of_the_values():
    pool, recipe, model = few(40)
    chance = np.random.default_rng(1)
    search = Swaps(model, dealt(model, chance))
    for _ in range(30):
        i = int(chance.integers(40))
        before, gains = model.value(model.groups_of(search.group)), search.gains(i)
        for j in np.flatnonzero(np.isfinite(gains)):
            changed = search.group.copy()
            changed[[i, j]] = changed[[j, i]]
            assert model.value(model.groups_of(changed)) - before == pytest.approx(gains[j], abs=1e-9)
            assert violations(pool, recipe, model.groups_of(changed)) == 0
        search.exchange(i)


def test_cp_sat_finds_the_best_groups_of_a_few():
    pool, recipe, model = few(10)
    groups = cp_sat(model, seed=1, seconds=20.0)
    assert violations(pool, recipe, groups) == 0
    assert model.value(groups) == pytest.approx(best(pool, recipe).value, abs=1e-3)


def test_cp_sat_says_that_it_has_no_groups_when_there_is_no_time():
    _, _, model = few(40)
    assert cp_sat(model, seed=1, seconds=0.0) is None
