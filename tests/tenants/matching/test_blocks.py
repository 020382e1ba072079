"""Blocks of a large pool: whoever searches them, and wherever, finds the same groups."""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest

from tenants.matching.solver import blocks, solve
from tenants.matching.solver.affinity import Affinity
from tenants.matching.solver.block import in_threads, searched
from tenants.matching.solver.model import Term
from tests.tenants.matching.rosters import every_rule, in_small_blocks, structured

pytestmark = pytest.mark.slow


@pytest.fixture
def small_blocks(monkeypatch):
    in_small_blocks(monkeypatch)


@pytest.mark.parametrize("scored", ["all", "in blocks"])
def test_threads_and_processes_find_the_same_groups(small_blocks, monkeypatch, scored):
    if scored == "in blocks":
        monkeypatch.setattr(sys.modules["tenants.matching.solver.solve"], "MATRIX_LIMIT", 0)
    pool, recipe = structured(100, 1), every_rule(100)
    seen = []
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:

        def across(number, cut):
            seen.append(number)
            return processes.map(searched, map(cut, range(number)))

        spread = solve(pool, recipe, seed=1, budget=60, across=across)
    assert len(seen) == blocks.ROUNDS
    assert min(seen) > 1
    assert spread == solve(pool, recipe, seed=1, budget=60)


def test_blocks_may_be_searched_again_and_in_any_order(small_blocks):
    pool, recipe = structured(100, 1), every_rule(100)

    def twice(number, cut):
        late = {each: searched(cut(each)) for each in reversed(range(number))}
        again = in_threads(number, cut)
        assert all(np.array_equal(late[n].group, found.group) for n, found in enumerate(again))
        return again

    assert solve(pool, recipe, seed=1, budget=60, across=twice) == solve(pool, recipe, seed=1, budget=60)


def test_the_scores_of_some_people_are_those_that_they_have_among_all():
    pool = structured(60, 3)
    terms = tuple(Term(key, "near", weight) for weight, key in enumerate(pool.attributes, start=1))
    affinity = Affinity(pool, replace(every_rule(60), terms=terms))
    some = np.random.default_rng(1).permutation(60)[:25]
    assert np.array_equal(affinity.among(some).matrix(), affinity.matrix()[np.ix_(some, some)])
