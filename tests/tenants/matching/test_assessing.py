"""Groups that somebody else formed are judged as those of the search are, and each rule has its price."""

from dataclasses import replace

import pytest

from tenants.matching.solver import (
    Infeasible,
    Pool,
    Recipe,
    Size,
    Term,
    analyse,
    assess,
    rule_prices,
    solve,
)
from tenants.matching.solver.model import Apart, Cap, Keep, Locked, Together
from tests.tenants.matching.checker import Checker
from tests.tenants.matching.rosters import every_rule, structured


def twelve(*rules, waitlist: bool = False) -> tuple[Pool, Recipe]:
    terms = (Term("methods", "similar", 2.0), Term("place", "different", 1.0))
    return structured(12, 1), Recipe(Size(3, 5), terms, rules, waitlist=waitlist)


THREES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11))


def clash(pool: Pool, recipe: Recipe, groups) -> list[tuple[int | None, tuple[int, ...]]]:
    """The rules that groups break, and who."""
    with pytest.raises(Infeasible) as none:
        assess(pool, recipe, groups)
    return [(part.rule, part.people) for part in none.value.clash.parts]


def test_the_groups_of_the_search_are_judged_as_the_search_told_them():
    pool, recipe = structured(40, 4), every_rule(40)
    found = solve(pool, recipe, seed=1, budget=40)
    judged = assess(pool, recipe, found.groups)
    assert judged.value == pytest.approx(found.value, abs=1e-9)
    assert (judged.group_values, judged.owed) == (found.group_values, found.owed)
    assert judged.certificate.groups == found.certificate.groups
    assert judged.stopped_by == "given"


def test_two_people_exchanged_are_worth_what_the_definition_says():
    pool, recipe = twelve()
    groups = ((0, 1, 9), (3, 4, 5), (6, 7, 8), (2, 10, 11))
    judged = assess(pool, recipe, groups)
    assert judged.value == pytest.approx(Checker(pool, recipe).value(groups), abs=1e-6)
    assert judged.bound.value >= judged.value
    assert set(judged.groups) == set(groups)


def test_every_hard_rule_that_is_broken_is_named_with_the_group():
    pool, recipe = twelve(
        Cap(attribute="clinician", max=5), Apart(pairs=(("p0", "p1"),)), Together(pairs=(("p3", "p6"),))
    )
    assert clash(pool, recipe, THREES) == [(1, (0, 1, 2)), (2, (3, 4, 5)), (2, (6, 7, 8))]


def test_sizes_and_people_without_a_group_are_rules_too():
    pool, recipe = twelve()
    assert clash(pool, recipe, ((0, 1), (2, 3, 4, 5, 6, 7, 8))) == [
        (None, (0, 1)),
        (None, (2, 3, 4, 5, 6, 7, 8)),
        (None, (9, 10, 11)),
    ]
    pool, recipe = twelve(waitlist=True)
    assert [each.index for each in assess(pool, recipe, THREES[:3]).unplaced] == [9, 10, 11]


def test_two_locked_groups_in_one_are_refused():
    pool, recipe = twelve(Locked(lists=(("p0", "p1"), ("p2",))))
    assert clash(pool, recipe, THREES) == [(0, (0, 1, 2))]


def test_of_a_private_wish_neither_the_group_nor_the_people_are_told():
    pool, recipe = twelve(Apart(pairs=(("p0", "p1"),), private=True))
    with pytest.raises(Infeasible) as none:
        assess(pool, recipe, THREES)
    (part,) = none.value.clash.parts
    assert (part.said, part.people, part.value) == ("a private wish", (), None)
    assert "p0" not in none.value.clash.said


def test_moves_out_of_groups_that_are_kept_are_counted():
    pool, recipe = twelve(Keep(lists=(("p0", "p1", "p9"),), max=0))
    assert clash(pool, recipe, THREES) == [(0, ())]
    judged = assess(*twelve(Keep(lists=(("p0", "p1", "p9"),), price=0.6)), THREES)
    assert judged.moved == (9,)
    assert judged.value == pytest.approx(assess(*twelve(), THREES).value - 0.6 / 12)


def test_nobody_can_be_in_two_groups():
    pool, recipe = twelve()
    with pytest.raises(ValueError, match="two groups"):
        assess(pool, recipe, ((0, 1, 2), (2, 3, 4)))


def test_a_rule_costs_what_is_reached_without_it_and_a_rule_that_nothing_needs_costs_nothing():
    pool, recipe = structured(10, 3), twelve(Apart(pairs=(("p0", "p1"),)), Cap(attribute="place", max=5))[1]
    recipe = replace(recipe, size=Size(5, 5))
    found = solve(pool, recipe, seed=1)
    free = solve(pool, replace(recipe, rules=recipe.rules[1:]), seed=1)
    first, second = rule_prices(pool, recipe, found.value, sum(map(len, found.groups)), seed=1, budget=10)
    assert (first.rule, first.placed) == (0, 10)
    assert first.value == pytest.approx(free.value)
    assert first.cost == pytest.approx(free.value - found.value)
    assert second.cost == 0


def test_a_private_rule_has_no_price_and_one_that_keeps_people_out_none_in_the_value():
    alone = twelve(
        Apart(pairs=(("p0", "p1"),), private=True), Cap(attribute="clinician", max=2), waitlist=True
    )
    pool, recipe = alone[0], replace(alone[1], size=Size(4, 4))
    found = solve(pool, recipe, seed=1, budget=20)
    assert found.unplaced
    (price,) = rule_prices(pool, recipe, found.value, sum(map(len, found.groups)), seed=1, budget=20)
    assert price.rule == 1
    assert price.placed == 12
    assert price.cost is None


def test_groups_changed_by_hand_make_no_rule_dear():
    pool, recipe = twelve(Cap(attribute="clinician", max=50))
    by_hand = ((0, 4, 8), (1, 5, 9), (2, 6, 10), (3, 7, 11))
    assert assess(pool, recipe, by_hand).value < solve(pool, recipe, seed=1).value
    (price,) = analyse(pool, recipe, by_hand, seed=1, budget=10).rule_prices
    assert price.cost == 0
