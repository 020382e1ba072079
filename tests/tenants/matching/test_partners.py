"""Best partners in large pools: those of all pairs, from a part of them, and what is said when time is short."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver import Attribute, Pool, Recipe, Size, Term
from tenants.matching.solver.bounding import Apartness, partners, stars
from tenants.matching.solver.bounds import partners as by_kind
from tenants.matching.solver.bounds.star import best_partners
from tenants.matching.solver.clash import Infeasible
from tenants.matching.solver.forming import mended
from tenants.matching.solver.model import Shared
from tenants.matching.solver.placing import first_placing
from tenants.matching.solver.sizes import shapes
from tenants.matching.solver.solve import task_of
from tenants.matching.solver.task import OutOfTime, Task
from tests.tenants.matching.rosters import EXAMPLES, people, pools, recipes

COUNT = 3
KINDS = st.sampled_from([1, 2, 4, 9, 1000])
CLOSE = 1e-5


@pytest.fixture(autouse=True, scope="module")
def few_at_a_time():
    """So that even a few people meet in several turns."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(by_kind, "LEFT", 2)
        patched.setattr(by_kind, "FEWEST", 2)
        patched.setattr(by_kind, "MOST", 6)
        yield


def of_all_pairs(task: Task) -> np.ndarray:
    everybody = np.arange(task.people)
    scores = task.affinity.matrix()
    Apartness(task).strike(scores, everybody, everybody)
    return best_partners(scores, 0, COUNT)


def large(task: Task) -> Task:
    """The same, as if there were too many people to keep all scores."""
    return replace(task, matrix=None)


@settings(max_examples=150, **EXAMPLES)
@given(pools(3, 14), recipes(waitlist=True), KINDS)
def test_the_best_partners_by_kind_are_those_of_all_pairs(pool, recipe, kinds):
    task = task_of(pool, recipe)
    found = partners(task, COUNT, kinds=kinds)
    np.testing.assert_allclose(found, of_all_pairs(task), atol=CLOSE)


@settings(max_examples=100, **EXAMPLES)
@given(pools(3, 14), recipes(waitlist=True), KINDS, st.integers(0, 20))
def test_stopped_at_any_time_nobody_has_better_partners_than_are_told(pool, recipe, kinds, steps):
    task = task_of(pool, recipe)
    left = iter(range(steps))
    found = partners(task, COUNT, kinds=kinds, stop=lambda: next(left, None) is None)
    assert (found >= of_all_pairs(task) - CLOSE).all()
    assert (found <= 1 + CLOSE).all()


@settings(max_examples=60, **EXAMPLES)
@given(pools(6, 14), recipes(waitlist=True), st.integers(0, 20))
def test_a_large_pool_has_the_bound_that_it_would_have_with_all_its_scores(pool, recipe, steps):
    task = task_of(pool, recipe)
    for shape in [alike[0] for alike in shapes(task.people, recipe.size)]:
        bound, left = stars(task, shape), iter(range(steps))
        assert stars(large(task), shape).value == pytest.approx(bound.value, abs=CLOSE)
        stopped = stars(large(task), shape, stop=lambda left=left: next(left, None) is None)
        assert stopped.name == "star"
        assert stopped.value >= bound.value - CLOSE


def test_who_goes_with_their_kind_meets_few_others():
    """Of 400 people in 20 kinds each meets the kind's own, and no more than those who are looked at with them."""
    pool = people(400, place=Attribute("categorical", [f"place {number % 20}" for number in range(400)]))
    task = task_of(pool, Recipe(Size(3, 4), (Term("place", "similar", 1),)))
    met = 0
    told = task.affinity.part

    def counted(terms, left, right):
        nonlocal met
        met += len(left) * len(right)
        return told(terms, left, right)

    task.affinity.part = counted
    assert (partners(task, COUNT, kinds=64) == 1).all()
    assert met < 400 * 60


def unsatisfiable() -> tuple[Pool, Recipe]:
    """Sixty people to be in fours with a language in common, of which 31 speak one and 29 the other."""
    pool = people(60, language=Attribute("set", [["en" if number < 31 else "fr"] for number in range(60)]))
    rules = (Shared(attribute="language", min=1),)
    return pool, Recipe(Size(4, 4), (Term("language", "similar", 1),), rules)


def test_a_search_for_groups_that_keep_the_rules_ends_when_its_time_is_over():
    pool, recipe = unsatisfiable()
    task = replace(task_of(pool, recipe), deadline=0.0)
    shape = next(iter(shapes(task.people, recipe.size)))[0]
    with pytest.raises(OutOfTime):
        mended(task, shape, (1,))
    with pytest.raises(Infeasible) as told:
        first_placing(task, pool, recipe, 1)
    assert told.value.clash.proven  # by the counting model, which makes a little effort in any case
