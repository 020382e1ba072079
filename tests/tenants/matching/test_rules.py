"""What a rule demands and costs, and in which order preferences are met, in the smallest cases that show it."""

from dataclasses import replace

import pytest

from tenants.matching.solver import Attribute, Infeasible, Recipe, Size, Term, solve
from tenants.matching.solver.model import (
    Apart,
    Cap,
    CommonSlots,
    Hierarchy,
    Locked,
    NoIsolate,
    Seats,
    Shared,
    SimilarText,
    Together,
)
from tests.tenants.matching.checker import Checker
from tests.tenants.matching.rosters import availability, people

FIVE = people(
    5,
    place=Attribute("categorical", ["A", "A", "A", "B", None]),
    methods=Attribute("set", [["m", "n", "o"], ["m", "n"], ["m"], ["m", "p"], ["m", "n", "n"]]),
    mentors=Attribute("reference", [["p1"], ["p0"], ["x"], ["x"], ["x", "p4"]]),
    title=Attribute("text", ["sleep and asthma", "asthma sleep", "genome", None, "the"]),
    hours=Attribute(
        "availability",
        [
            availability("UTC", "mon 14:00 18:00"),
            availability("UTC", "mon 13:00 17:00"),
            availability("UTC", "mon 00:00 24:00"),
            availability("America/New_York", "mon 09:00 12:00"),
            availability("Asia/Kolkata", "mon 19:30 23:30"),
        ],
    ),
)
WHOLE = Recipe(Size(5, 5), (Term("place", "similar", 1),))


@pytest.mark.parametrize(
    ("rule", "violations"),
    [
        (Cap(attribute="place", max=1), 2),
        (Cap(attribute="methods", max=2), 3 + 1),
        (Seats(attribute="place", value="A", min=4), 1),
        (Seats(attribute="place", value="A", min=0, max=1), 2),
        (Seats(attribute="place", value="nowhere", min=2), 2),
        (NoIsolate(attribute="place"), 1),
        (NoIsolate(attribute="place", values=("A", "C")), 0),
        (Shared(attribute="methods", min=3), 2),
        # In winter all share 14:00 to 17:00 UTC; in summer New York leaves at 16:00.
        (CommonSlots(attribute="hours", hours=3.5), 1.5),
        (Apart(pairs=(("p0", "p1"), ("p2", "nobody")), lists=(("p2", "p3", "p4"),)), 1 + 3),
        (Apart(pairs=(("p0", "p1"), ("p1", "p0")), lists=(("p1", "p0"),)), 1),
        (SimilarText(attribute="title", similarity=1), 1),
        (Hierarchy(attributes=("mentors",)), 1),
    ],
)
def test_a_rule_with_a_price_costs_as_much_as_there_are_violations(rule, violations):
    recipe = replace(WHOLE, rules=(replace(rule, price=0.25),))
    partition = solve(FIVE, recipe, seed=1)
    assert Checker(FIVE, recipe).owed(partition.groups[0]) == pytest.approx(0.25 * violations)
    assert partition.owed == pytest.approx((0.25 * violations,))
    assert partition.value == pytest.approx(solve(FIVE, WHOLE, seed=1).value - 0.25 * violations / 5)


def test_prices_of_different_rules_on_one_pair_add_up():
    rules = (Apart(pairs=(("p0", "p1"),), price=0.5), Apart(lists=(("p0", "p1"),), price=0.25))
    assert solve(FIVE, replace(WHOLE, rules=rules), seed=1).owed == pytest.approx((0.75,))


def test_a_rule_that_always_holds_is_not_bought_off_by_one_with_a_price_on_the_same_pair():
    rules = (Apart(pairs=(("p0", "p1"),), price=0.5), Apart(lists=(("p0", "p1"),)))
    with pytest.raises(Infeasible):
        solve(FIVE, replace(WHOLE, rules=rules), seed=1)


@pytest.mark.parametrize(
    ("shared", "named", "fits"), [(False, "x", True), (True, "x", False), (False, "p1", False)]
)
def test_two_who_name_the_same_person_are_apart_only_if_that_is_shared(shared, named, fits):
    pool = people(2, mentors=Attribute("reference", [[named], [named]]))
    rule = Hierarchy(attributes=("mentors",), shared=shared)
    recipe = Recipe(Size(2, 2), (Term("mentors", "similar", 1),), (rule,))
    if fits:
        assert solve(pool, recipe, seed=1).groups == ((0, 1),)
    else:
        with pytest.raises(Infeasible):
            solve(pool, recipe, seed=1)


# -- the order of preference


def sizes(partition) -> list[int]:
    return sorted(map(len, partition.groups))


def of_places(places: str):
    return people(len(places), place=Attribute("categorical", list(places)))


def test_of_two_mean_sizes_as_near_as_each_other_more_groups_are_formed():
    assert sizes(solve(of_places("A" * 12), Recipe(Size(4, 6), WHOLE.terms), seed=1)) == [4, 4, 4]


def test_the_mean_size_comes_before_even_sizes():
    rules = (Together(lists=(("p0", "p1", "p2", "p3"),)),)
    partition = solve(of_places("ABCABCAB"), Recipe(Size(2, 4), WHOLE.terms, rules), seed=1)
    assert sizes(partition) == [2, 2, 4]


def test_sizes_within_two_of_each_other_come_before_sizes_within_three():
    rules = (Together(lists=(("p0", "p1", "p2", "p3", "p4"),)),)
    partition = solve(of_places("AAAAABBCCCC"), Recipe(Size(2, 5, 3.6), WHOLE.terms, rules), seed=1)
    assert sizes(partition) == [3, 3, 5]


def test_groups_of_very_different_sizes_are_found_where_only_they_keep_the_rules():
    rules = (
        Together(lists=(("p0", "p1", "p2", "p3", "p4", "p5"),)),
        Apart(pairs=(("p6", "p7"), ("p7", "p8"), ("p6", "p0"))),
    )
    partition = solve(of_places("ABCABCABC"), Recipe(Size(2, 9, 2), WHOLE.terms, rules), seed=1)
    assert partition.groups == ((0, 1, 2, 3, 4, 5, 7), (6, 8))


def test_the_mean_size_comes_before_priority():
    pool = people(
        5,
        place=Attribute("categorical", list("BBABA")),
        rank=Attribute("categorical", list("FAAFF")),
        effort=Attribute("number", [9, 0, 0, 0, 0]),
    )
    rules = (
        NoIsolate(attribute="rank", values=("F",)),
        Seats(attribute="place", value="A", min=1),
        Apart(pairs=(("p0", "p4"),)),
    )
    recipe = Recipe(Size(2, 4, 2), WHOLE.terms, rules, waitlist=True, priority="effort")
    assert solve(pool, recipe, seed=1).groups == ((1, 2), (3, 4))


@pytest.mark.parametrize(
    "rule", [NoIsolate(attribute="rank"), Together(lists=(("p0", "p1"), ("p2", "p3"), ("p4", "p5", "p6")))]
)
def test_sizes_hold_however_often_sets_of_people_are_exchanged(rule):
    pool = people(
        60,
        place=Attribute("categorical", list("ABCDEFGHIJ" * 6)),
        rank=Attribute("categorical", list("XXYYZZXYZYXZ" * 5)),
    )
    recipe = Recipe(Size(4, 4), (Term("place", "different", 1),), (rule,))
    for seed in range(3):
        assert Checker(pool, recipe).faults(solve(pool, recipe, seed=seed, budget=100)) == []


def test_locked_lists_are_each_whole_in_a_group_of_their_own():
    locked = (("p0", "p9"), ("p1",), ("p2", "p3", "p4"), ("nobody",))
    recipe = Recipe(Size(3, 5), WHOLE.terms, (Locked(lists=locked),))
    for pool in (of_places("AABBCCDDAB"), of_places("AABBCCDDAB" * 3)):
        groups = solve(pool, recipe, seed=1, budget=100).groups
        homes = [{next(g for g in groups if int(name[1:]) in g) for name in each} for each in locked[:3]]
        assert [len(home) for home in homes] == [1, 1, 1]
        assert len(set().union(*homes)) == 3


def test_whoever_is_together_through_others_is_in_one_group():
    rules = (Together(pairs=(("p0", "p9"), ("p9", "p5")), lists=(("p5", "p20", "nobody"),)),)
    recipe = Recipe(Size(4, 6), WHOLE.terms, rules)
    groups = solve(of_places("ABCDEFGH" * 4), recipe, seed=1, budget=100).groups
    assert any({0, 9, 5, 20} <= set(group) for group in groups)
