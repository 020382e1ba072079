"""Who finds a place, what the others are told, what nobody is told, and how a search reports and ends."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver import Attribute, Infeasible, Recipe, Size, Term, solve
from tenants.matching.solver.model import Apart, Cap, Locked, Shared, Together
from tests.tenants.matching.checker import Checker
from tests.tenants.matching.exhaustive import priorities
from tests.tenants.matching.rosters import EXAMPLES, every_rule, people, pools, recipes, structured

pytestmark = pytest.mark.slow

solver = settings(max_examples=40, **EXAMPLES)
PLACE = (Term("place", "similar", 1),)


def of_places(places: str):
    return people(len(places), place=Attribute("categorical", list(places)))


# -- the waitlist


def assert_no_room(pool, recipe, partition) -> None:
    """Nobody left over could join a group, and what they are told is so."""
    checker = Checker(pool, recipe)
    for person in partition.unplaced:
        closed = {group: checker.broken(tuple(sorted((*group, person.index)))) for group in partition.groups}
        assert all(closed.values()), (person, closed)
        broken = {fault for faults in closed.values() for fault in faults if fault != "size"}
        named = {place for place in range(len(recipe.rules)) if f"rule {place + 1} (" in person.reason}
        assert named <= broken, person
        assert not any(recipe.rules[place].private for place in named)
        assert person.reason.endswith(".")
        if person.code == "size":
            assert not broken, person
        if "in every group" in person.reason:
            assert all(named & set(faults) for faults in closed.values()), person
        if "All groups are full" in person.reason:
            assert all(len(group) == recipe.size.max for group in partition.groups)


@solver
@given(pools(5, 8), recipes(waitlist=True))
def test_whoever_is_left_over_fits_into_no_group_and_is_told_a_true_reason(pool, recipe):
    try:
        partition = solve(pool, recipe, seed=1)
    except Infeasible:
        return
    joined = [place for place, rule in enumerate(recipe.rules) if isinstance(rule, Together | Locked)]
    if not joined:  # who waits with others waits for room for all of them
        assert_no_room(pool, recipe, partition)
    assert bool(partition.unplaced) == (partition.clash is not None)


@solver
@given(pools(5, 8), recipes(waitlist=True, priority=st.sampled_from(["rank", "effort", "clinician"])))
def test_nobody_waits_who_could_take_the_place_of_somebody_of_lower_priority(pool, recipe):
    try:
        partition = solve(pool, recipe, seed=1)
    except Infeasible:
        return
    checker, rank = Checker(pool, recipe), priorities(pool, recipe)
    for person, group in itertools.product(partition.unplaced, partition.groups):
        for other in group:
            after = tuple(sorted({*group, person.index} - {other}))
            assert rank[person.index] <= rank[other] or checker.broken(after)


def test_as_many_as_possible_are_placed_where_one_fewer_would_not_do_but_two_would():
    partition = solve(of_places("AAAABBBB"), Recipe(Size(3, 3), PLACE, waitlist=True), seed=1)
    assert [len(group) for group in partition.groups] == [3, 3]


LETTERS = [
    *("bdf", "abh", "abd", "aeg", "deg", "bcf", "bch", "afg"),
    *("ceg", "bcd", "efg", "aef", "dfh", "bdg", "ach", "ace"),
]
"""Twelve of these can be in threes who share two letters, and no more: bdf abd bdg, aeg aef ace, deg ceg efg, bcf bch
bcd."""


def of_letters(many):
    return people(len(many), letters=Attribute("set", [sorted(each) for each in many]))


def test_as_many_as_possible_are_placed_where_few_groups_keep_the_rules():
    recipe = Recipe(Size(3, 5), (Term("letters", "different", 1),), (Shared("letters", 2),), waitlist=True)
    partition = solve(of_letters(LETTERS), recipe, seed=1)
    assert sorted(map(len, partition.groups)) == [3, 3, 3, 3]
    assert (partition.stopped_by, partition.gap) == ("proof", 0)


def test_a_limit_of_time_places_some_of_many_who_can_hardly_be_placed():
    draw = np.random.default_rng(5)
    many = ["".join(draw.choice(list("abcdefgh"), 3, replace=False)) for _ in range(120)]
    recipe = Recipe(Size(5, 6), (Term("letters", "different", 1),), (Shared("letters", 2),), waitlist=True)
    pool = of_letters(many)
    partition = solve(pool, recipe, seed=1, seconds=0.5)
    assert partition.groups
    assert Checker(pool, recipe).faults(partition) == []
    assert_no_room(pool, recipe, partition)


def test_people_whom_a_cap_keeps_out_are_told_the_cap_and_the_others_are_placed():
    recipe = Recipe(Size(3, 4), PLACE, (Cap(attribute="place", max=1),), waitlist=True)
    partition = solve(of_places("AAAAAABCDBCD"), recipe, seed=1)
    assert [len(group) for group in partition.groups] == [3, 3, 3]
    assert [person.code for person in partition.unplaced] == ["cap"] * 3
    assert {person.index for person in partition.unplaced} <= set(range(6))
    assert "at most 1 with the same place" in partition.unplaced[0].reason
    assert partition.clash.parts


def test_people_left_over_by_the_sizes_are_told_so():
    partition = solve(of_places("A" * 11), Recipe(Size(5, 5), PLACE, waitlist=True), seed=1)
    assert [person.code for person in partition.unplaced] == ["size"]
    assert partition.unplaced[0].reason.startswith("All groups are full at 5")


def test_of_many_people_those_of_low_priority_wait():
    pool = people(
        60,
        place=Attribute("categorical", list("AB" * 15 + "C" * 30)),
        effort=Attribute("number", list(range(60))),
    )
    recipe = Recipe(Size(3, 3), PLACE, (Cap(attribute="place", max=1),), waitlist=True, priority="effort")
    partition = solve(pool, recipe, seed=1, budget=60)
    assert Checker(pool, recipe).faults(partition) == []
    assert {person.index for person in partition.unplaced} == set(range(30, 45))


def test_nobody_is_left_over_without_a_waitlist():
    with pytest.raises(Infeasible) as infeasible:
        solve(of_places("A" * 11), Recipe(Size(5, 5), PLACE), seed=1)
    assert infeasible.value.clash.relaxations


def test_with_every_rule_and_a_waitlist_all_rules_hold_in_a_large_pool():
    pool = structured(62, 8)
    recipe = every_rule(62, waitlist=True)
    # One who may be with nobody has to wait.
    alone = Apart(pairs=tuple(("p30", f"p{number}") for number in range(62) if number != 30))
    recipe = replace(recipe, rules=(*recipe.rules, alone))
    partition = solve(pool, recipe, seed=1, budget=60)
    assert Checker(pool, recipe).faults(partition) == []
    assert [person.index for person in partition.unplaced] == [30]
    assert f"rule {len(recipe.rules)} (" in partition.unplaced[0].reason


# -- what nobody is told

SECRETS = ("zq-alder", "zq-birch", "zq-cedar")


@pytest.mark.parametrize(
    "rules",
    [
        (Apart(lists=(SECRETS,), private=True),),
        (Apart(pairs=(SECRETS[:2],), private=True), Together(pairs=(SECRETS[:2],))),
        (Apart(pairs=(SECRETS[:2],)), Together(pairs=(SECRETS[:2],), private=True)),
        (Together(lists=(SECRETS,), private=True), Cap(attribute="place", max=2)),
        (Locked(lists=(SECRETS[:2],), private=True), Apart(pairs=(SECRETS[:2],), private=True)),
        (Apart(pairs=((SECRETS[0], SECRETS[1]), (SECRETS[0], SECRETS[2])), private=True),),
    ],
)
@pytest.mark.parametrize("waitlist", [False, True])
def test_a_private_rule_is_named_in_no_message(rules, waitlist):
    pool = replace(of_places("AAAAA"), ids=(*SECRETS, "p3", "p4"))
    recipe = Recipe(Size(2, 3), PLACE, rules, waitlist=waitlist)
    try:
        partition = solve(pool, recipe, seed=1)
    except Infeasible as infeasible:
        said = str(infeasible) + str(infeasible.clash)
    else:
        said = str(partition.clash) + str(partition.unplaced)
    assert not any(secret in said for secret in SECRETS)


# -- progress and time


class Cancelled(Exception):
    pass


@pytest.mark.parametrize("end", [0.0, 0.3, 1.0])
def test_what_progress_raises_ends_the_search_and_comes_through(end):
    def cancel(fraction: float) -> None:
        if fraction >= end:
            raise Cancelled

    with pytest.raises(Cancelled):
        solve(of_places("ABCD" * 8), Recipe(Size(3, 4), PLACE), seed=1, budget=200, progress=cancel)


def test_what_one_island_raises_ends_the_others_too():
    """Else this would go on for a million sweeps."""
    seen = []

    def cancel(fraction):
        seen.append(fraction)
        if 0 < fraction < 0.05:
            raise Cancelled

    with pytest.raises(Cancelled):
        solve(of_places("ABCD" * 20), Recipe(Size(3, 4), PLACE), seed=1, budget=10**6, progress=cancel)
    assert max(seen) < 0.05


@pytest.mark.parametrize("places", ["ABCD" * 2, "ABCD" * 8])
def test_progress_rises_from_zero_to_one(places):
    seen: list[float] = []
    solve(of_places(places), Recipe(Size(3, 4), PLACE), seed=1, budget=200, progress=seen.append)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    assert seen == sorted(seen)


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_a_limit_of_time_gives_a_partition_that_keeps_all_rules(seconds):
    pool, recipe = structured(60, 5), every_rule(60)
    partition = solve(pool, recipe, seed=1, budget=10**6, seconds=seconds)
    assert Checker(pool, recipe).faults(partition) == []
    assert partition.value == pytest.approx(Checker(pool, recipe).value(partition.groups), abs=1e-6)
    assert partition.bound.value >= partition.value


def test_a_budget_of_nothing_still_keeps_all_rules():
    pool, recipe = structured(60, 5), every_rule(60)
    assert Checker(pool, recipe).faults(solve(pool, recipe, seed=1, budget=0)) == []


def test_the_result_is_made_of_plain_python_values():
    partition = solve(of_places("AABBCCDDAABB"), Recipe(Size(3, 4), PLACE), seed=1, budget=5)
    assert {type(person) for group in partition.groups for person in group} == {int}
    numbers = [partition.value, partition.bound.value, *partition.group_values, *partition.owed]
    assert not any(isinstance(number, np.generic) for number in numbers)
