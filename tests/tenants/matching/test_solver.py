"""Group formation on pools of a plan: every rule holds, the value is what its definition says, a planted best
partition is found, and equal input gives equal output."""

from dataclasses import replace

import numpy as np
import pytest

from tenants.matching.solver import Attribute, Partition, Pool, Recipe, Size, Term, solve
from tests.tenants.matching.checker import Checker
from tests.tenants.matching.rosters import every_rule, people, structured

BUDGET = 120


def assert_as_defined(pool: Pool, recipe: Recipe, partition: Partition) -> None:
    """All hard rules hold, and every number is what its definition says."""
    checker = Checker(pool, recipe)
    assert checker.faults(partition) == []
    assert partition.value == pytest.approx(checker.value(partition.groups), abs=1e-6)
    assert partition.bound.value >= partition.value
    assert partition.group_values == pytest.approx(list(map(checker.group_value, partition.groups)), abs=1e-6)
    assert partition.owed == pytest.approx(list(map(checker.owed, partition.groups)), abs=1e-6)
    for group, told in zip(partition.groups, partition.certificate.groups, strict=True):
        assert [term.value for term in told.terms] == pytest.approx(checker.contributions(group), abs=1e-6)


@pytest.mark.parametrize(
    ("number", "seed"),
    [(40, 1), pytest.param(75, 2, marks=pytest.mark.slow), pytest.param(120, 3, marks=pytest.mark.slow)],
)
def test_every_rule_holds_at_once_and_every_number_is_as_defined(number, seed):
    pool, recipe = structured(number, seed), every_rule(number)
    partition = solve(pool, recipe, seed=seed, budget=BUDGET)
    assert not partition.unplaced
    assert_as_defined(pool, recipe, partition)


@pytest.mark.parametrize("emphasis", [0.0, 1.0])
def test_numbers_are_as_defined_at_both_ends_of_the_emphasis(emphasis):
    pool, recipe = structured(40, 4), replace(every_rule(40), emphasis=emphasis)
    assert_as_defined(pool, recipe, solve(pool, recipe, seed=1, budget=BUDGET))


def test_the_same_arguments_give_an_identical_partition():
    pool, recipe = structured(40, 5), every_rule(40)
    assert solve(pool, recipe, seed=7, budget=BUDGET) == solve(pool, recipe, seed=7, budget=BUDGET)


def test_another_seed_keeps_all_rules_too():
    pool, recipe = structured(40, 5), every_rule(40)
    for seed in (8, 9):
        assert_as_defined(pool, recipe, solve(pool, recipe, seed=seed, budget=BUDGET))


def test_the_order_of_people_in_the_pool_breaks_no_rule():
    pool, recipe = structured(60, 5), every_rule(60)
    order = np.random.default_rng(6).permutation(60)
    shuffled = Pool(
        tuple(pool.ids[person] for person in order),
        {
            key: replace(attribute, values=[attribute.values[person] for person in order])
            for key, attribute in pool.attributes.items()
        },
    )
    assert_as_defined(shuffled, recipe, solve(shuffled, recipe, seed=7, budget=BUDGET))


def clusters() -> tuple[Pool, set[frozenset[int]]]:
    """120 people in twenty clusters of six, alike inside and different between, and the clusters."""
    cluster = np.random.default_rng(11).permutation(np.repeat(np.arange(20), 6)).tolist()
    pool = people(
        120,
        place=Attribute("categorical", [f"place {number}" for number in cluster]),
        methods=Attribute("set", [[f"a{number}", f"b{number}"] for number in cluster]),
        effort=Attribute("number", cluster),
    )
    wanted = {frozenset(i for i in range(120) if cluster[i] == number) for number in range(20)}
    return pool, wanted


@pytest.mark.parametrize("seed", range(5))
def test_twenty_planted_clusters_are_found(seed):
    pool, wanted = clusters()
    terms = (Term("place", "similar", 1), Term("methods", "similar", 1), Term("effort", "similar", 1))
    partition = solve(pool, Recipe(Size(6, 6), terms), seed=seed, budget=600)
    assert set(map(frozenset, partition.groups)) == wanted
    assert partition.value == pytest.approx(1.0)
    assert partition.stopped_by == "proof"


def test_people_who_are_all_the_same_are_worth_one_under_similar_terms():
    pool = people(23, place=Attribute("categorical", ["A"] * 23), title=Attribute("text", ["sleep lab"] * 23))
    terms = (Term("place", "similar", 1), Term("title", "similar", 2))
    partition = solve(pool, Recipe(Size(3, 4), terms), seed=1, budget=20)
    assert partition.value == pytest.approx(1.0)
    assert sum(map(len, partition.groups)) == 23


@pytest.mark.parametrize("prefer", ["similar", "different", "near"])
@pytest.mark.parametrize(
    "kind", ["categorical", "number", "date", "set", "text", "availability", "reference"]
)
def test_an_attribute_that_nobody_has_is_worth_one_half(kind, prefer):
    pool = people(12, place=Attribute(kind, [None] * 12))
    partition = solve(pool, Recipe(Size(3, 4), (Term("place", prefer, 1),)), seed=1, budget=10)
    assert partition.value == pytest.approx(0.5)
    assert set(partition.group_values) == {0.5}
