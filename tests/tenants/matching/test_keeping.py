"""Groups that exist are kept: as few people as possible move, or at a price, and never more than may."""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver import (
    Infeasible,
    InvalidRecipe,
    Partition,
    Pool,
    Recipe,
    Size,
    Term,
    solve,
)
from tenants.matching.solver.model import Cap, Keep
from tests.tenants.matching.checker import Checker
from tests.tenants.matching.exhaustive import partitions
from tests.tenants.matching.rosters import (
    EXAMPLES,
    bounded_quickly,
    every_rule,
    in_small_blocks,
    pools,
    recipes,
    structured,
)

pytestmark = pytest.mark.slow

Lists = tuple[tuple[str, ...], ...]


def keeping(recipe: Recipe, lists: Lists, *, most: int | None = None, price: float | None = None) -> Recipe:
    return replace(recipe, rules=(*recipe.rules, Keep(lists=lists, max=most, price=price)))


def fewest_moves(pool: Pool, lists: Lists, groups: tuple[tuple[int, ...], ...]) -> int:
    """Of all ways to let each group go on from another list, or from none, the one in which fewest move."""
    sets = [set(map(pool.ids.index, each)) for each in lists]
    present = sum(map(len, sets))
    chosen = [*range(len(groups)), *[-1] * len(sets)]
    stay = max(
        sum(len(own & set(groups[g])) for own, g in zip(sets, order, strict=True) if g >= 0)
        for order in permutations(chosen, len(sets))
    )
    return present - stay


def moved(pool: Pool, lists: Lists, partition: Partition) -> list[int]:
    """Who is of a list and not in the group that the partition says goes on from it."""
    home = {pool.ids.index(name): number for number, each in enumerate(lists) for name in each}
    here = {person: g for g, group in enumerate(partition.groups) for person in group}
    return [
        person
        for person, number in sorted(home.items())
        if person not in here or partition.continues[here[person]] != number
    ]


def most_placed_with_fewest_moves(pool: Pool, recipe: Recipe, lists: Lists) -> tuple[int, int] | None:
    """By looking at all partitions that keep the rules: how many can be placed, and how few then move."""
    everybody, checker = tuple(range(len(pool.ids))), Checker(pool, recipe)
    allowed = {
        group
        for size in range(recipe.size.min, recipe.size.max + 1)
        for group in combinations(everybody, size)
        if not checker.broken(group)
    }
    found = [
        (sum(map(len, groups)), -fewest_moves(pool, lists, groups))
        for groups in partitions(everybody, allowed, recipe.waitlist)
        if groups
    ]
    return max(found, default=None)


@settings(max_examples=40, **EXAMPLES)
@given(pools(4, 7), recipes(waitlist=False), st.data())
def test_as_few_as_possible_move_and_everybody_is_placed(pool, recipe, data):
    names = data.draw(st.permutations(pool.ids))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(names)), min_size=2, max_size=2)))
    lists = (tuple(names[: cuts[0]]), tuple(names[cuts[0] : cuts[1]]))
    recipe = replace(recipe, rules=tuple(rule for rule in recipe.rules if not rule.private))
    best = most_placed_with_fewest_moves(pool, recipe, lists)
    kept = keeping(recipe, lists)
    if best is None:
        with pytest.raises(Infeasible):
            solve(pool, kept, seed=1, budget=20)
        return
    partition = solve(pool, kept, seed=1, budget=20)
    assert Checker(pool, recipe).faults(replace(partition)) == []
    assert list(partition.moved) == moved(pool, lists, partition)
    assert len(partition.moved) == -best[1]
    assert partition.value == pytest.approx(Checker(pool, recipe).value(partition.groups), abs=1e-6)


def after_leaving(number: int, share: float) -> tuple[Pool, Recipe, Lists, Pool]:
    """Groups formed of so many people, of whom a share then leaves: who is left, the recipe, what is left of
    the groups, and the newcomers who could take the places."""
    pool = structured(number, 5)
    recipe = Recipe(
        Size(4, 8),
        (Term("methods", "similar", 2.0), Term("place", "different", 1.0)),
        (Cap(attribute="place", max=2),),
    )
    formed = solve(pool, recipe, seed=1, budget=60)
    gone = set(np.random.default_rng(3).permutation(number)[: int(share * number)].tolist())
    stay = [person for person in range(number) if person not in gone]
    lists = tuple(tuple(pool.ids[p] for p in group if p not in gone) for group in formed.groups)
    return part(pool, stay), recipe, lists, part(pool, sorted(gone))


def part(pool: Pool, people: list[int]) -> Pool:
    attributes = {
        key: replace(attribute, values=[attribute.values[person] for person in people])
        for key, attribute in pool.attributes.items()
    }
    return Pool(tuple(pool.ids[person] for person in people), attributes)


def pairs(lists: Lists) -> set[frozenset[str]]:
    return {frozenset(pair) for each in lists for pair in combinations(each, 2)}


def named(pool: Pool, partition: Partition) -> Lists:
    return tuple(tuple(pool.ids[person] for person in group) for group in partition.groups)


def test_after_a_tenth_has_left_nearly_all_who_were_together_stay_together(monkeypatch):
    bounded_quickly(monkeypatch)
    pool, recipe, lists, _ = after_leaving(100, 0.1)
    partition = solve(pool, keeping(recipe, lists), seed=1, budget=60)
    assert Checker(pool, recipe).faults(partition) == []
    before = pairs(lists)
    assert len(before & pairs(named(pool, partition))) >= 0.95 * len(before)


def test_newcomers_take_the_places_of_leavers_and_nobody_moves(monkeypatch):
    bounded_quickly(monkeypatch)
    _, recipe, lists, newcomers = after_leaving(100, 0.1)
    pool = structured(100, 5)
    partition = solve(pool, keeping(recipe, lists), seed=1, budget=60)
    assert partition.moved == ()
    assert not partition.unplaced
    home = {name: number for number, each in enumerate(lists) for name in each}
    for group, number in zip(named(pool, partition), partition.continues, strict=True):
        assert {name for name in group if name not in newcomers.ids} == {
            name for name in home if home[name] == number
        }


def test_a_group_that_has_grown_too_large_is_split_and_one_too_small_dissolved():
    pool = structured(15, 1)
    recipe = Recipe(Size(4, 7), (Term("methods", "similar", 1.0),))
    large, small = tuple(pool.ids[:8]), tuple(pool.ids[8:10])
    partition = solve(pool, keeping(recipe, (large, small)), seed=1, budget=20)
    assert all(4 <= len(group) <= 7 for group in partition.groups)
    assert len(partition.moved) == 1


def test_one_small_group_is_bounded_by_the_sizes_that_it_can_have():
    pool = structured(5, 1)
    recipe = Recipe(Size(4, 7), (Term("methods", "similar", 1.0),))
    for price in (None, 0.1):
        partition = solve(pool, keeping(recipe, (pool.ids[:4],), price=price), seed=1, budget=5)
        assert partition.groups == ((0, 1, 2, 3, 4),)
        assert partition.bound.value == pytest.approx(partition.value, abs=1e-6)


def test_of_a_waitlist_those_join_who_have_priority_and_members_stay(monkeypatch):
    bounded_quickly(monkeypatch)
    pool = structured(16, 2)
    recipe = Recipe(Size(6, 7), (Term("methods", "similar", 1.0),), waitlist=True, priority="effort")
    lists = (tuple(pool.ids[:6]), tuple(pool.ids[6:12]))
    partition = solve(pool, keeping(recipe, lists), seed=1, budget=20)
    assert partition.moved == ()
    assert [len(group) for group in partition.groups] == [7, 7]
    effort = [-1 if value is None else value for value in pool.attributes["effort"].values]
    waiting = [each.index for each in partition.unplaced]
    joined = [person for person in range(12, 16) if person not in waiting]
    assert len(waiting) == 2
    assert min(effort[person] for person in joined) >= max(effort[person] for person in waiting)


def test_each_move_costs_its_price_and_a_high_price_keeps_groups_as_they_are(monkeypatch):
    bounded_quickly(monkeypatch)
    pool, recipe, lists, _ = after_leaving(60, 0.05)
    free = solve(pool, keeping(recipe, lists, price=0.0), seed=1, budget=60)
    dear = solve(pool, keeping(recipe, lists, price=5.0), seed=1, budget=60)
    assert len(dear.moved) < len(free.moved)
    for partition, price in ((free, 0.0), (dear, 5.0)):
        plain = Checker(pool, recipe).value(partition.groups)
        cost = price * len(partition.moved) / len(pool.ids)
        assert partition.value == pytest.approx(plain - cost, abs=1e-6)
        assert list(partition.moved) == moved(pool, lists, partition)


def test_at_a_high_price_groups_that_may_stay_as_they_are_do_whatever_the_usual_sizes():
    pool = structured(20, 1)
    recipe = Recipe(Size(5, 7, 6), (Term("methods", "similar", 1.0),))
    lists = tuple(tuple(pool.ids[start : start + 5]) for start in range(0, 20, 5))
    for most in (None, 0):
        partition = solve(pool, keeping(recipe, lists, price=100.0, most=most), seed=1, budget=20)
        assert partition.moved == ()
        assert len(partition.groups) == 4


@pytest.mark.parametrize("price", [0.0, 0.05])
def test_a_group_goes_on_only_with_somebody_of_it(monkeypatch, price):
    bounded_quickly(monkeypatch)
    pool, recipe, lists, _ = after_leaving(60, 0.3)
    partition = solve(pool, keeping(recipe, lists, price=price), seed=1, budget=60)
    for group, number in zip(named(pool, partition), partition.continues, strict=True):
        assert number is None or set(lists[number]) & set(group)
    assert list(partition.moved) == moved(pool, lists, partition)


def test_where_more_must_move_than_may_the_rule_is_named_with_what_would_help():
    pool = structured(14, 3)
    recipe = Recipe(Size(7, 7), (Term("methods", "similar", 1.0),))
    lists = (tuple(pool.ids[:10]), tuple(pool.ids[10:]))
    assert len(solve(pool, keeping(recipe, lists, most=3), seed=1, budget=10).moved) == 3
    with pytest.raises(Infeasible) as none:
        solve(pool, keeping(recipe, lists, most=2), seed=1, budget=10)
    clash = none.value.clash
    assert clash.proven
    assert [(each.rule, each.said) for each in clash.parts] == [(0, "at most 2 people may leave their group")]
    assert [(each.rule, each.said, each.amount) for each in clash.relaxations] == [
        (0, "let 3 leave their group", 1)
    ]


def test_all_rules_hold_in_kept_groups_too():
    pool, recipe = structured(40, 4), every_rule(40)
    formed = solve(pool, recipe, seed=1, budget=40)
    lists = named(pool, formed)
    again = solve(pool, keeping(recipe, lists), seed=2, budget=40)
    assert again.moved == ()
    assert set(again.groups) == set(formed.groups)


def test_groups_are_kept_in_pools_that_are_searched_block_by_block(monkeypatch):
    pool, recipe, lists, _ = after_leaving(100, 0.1)
    in_small_blocks(monkeypatch)
    partition = solve(pool, keeping(recipe, lists), seed=1, budget=60)
    assert Checker(pool, recipe).faults(partition) == []
    assert list(partition.moved) == moved(pool, lists, partition)
    before = pairs(lists)
    assert len(before & pairs(named(pool, partition))) >= 0.9 * len(before)


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ((Keep(lists=(("p0", "p1"), ("p1", "p2"))),), "rules/0/lists/1"),
        ((Keep(), Keep()), "rules/1"),
        ((Keep(max=-1),), "rules/0/max"),
        ((Keep(price=-0.5),), "rules/0/price"),
    ],
)
def test_a_rule_that_keeps_groups_in_two_minds_is_refused(rules, field):
    pool = structured(8, 1)
    recipe = Recipe(Size(4, 4), (Term("methods", "similar", 1.0),), rules)
    with pytest.raises(InvalidRecipe) as fault:
        solve(pool, recipe, seed=1)
    assert fault.value.field == field
