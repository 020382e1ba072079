"""Recipes, pools and budgets that make no sense are refused by name before any search; what cannot be is told."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from tenants.matching.solver import (
    Attribute,
    Infeasible,
    InvalidPool,
    InvalidRecipe,
    Recipe,
    Size,
    Term,
    solve,
)
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
from tests.tenants.matching.rosters import availability, people

PLACE = Term("place", "similar", 1)
BY_PLACE = Recipe(Size(3, 4), (PLACE,))
POOL = people(
    6,
    place=Attribute("categorical", list("ABCDEF")),
    title=Attribute("text", [""] * 6),
    effort=Attribute("number", [1] * 6),
    methods=Attribute("set", [[]] * 6),
    odd=Attribute("colour", [None] * 6),
)


def no_search(fraction: float) -> None:
    """A report of progress beyond the start says that a search has begun."""
    assert fraction == 0


def of_places(places: str):
    return people(len(places), place=Attribute("categorical", list(places)))


def by_rule(rule) -> dict[str, tuple]:
    return {"rules": (Cap(attribute="place", max=1), rule)}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"size": Size(1, 4)}, "size/min"),
        ({"size": Size(True, 3)}, "size/min"),
        ({"size": Size(4, 3)}, "size/max"),
        ({"size": Size(3, 4.5)}, "size/max"),
        ({"size": Size(3, 4, 4.5)}, "size/target"),
        ({"size": Size(3, 4, 2)}, "size/target"),
        ({"size": Size(3, 4, math.nan)}, "size/target"),
        ({"terms": ()}, "terms"),
        ({"terms": (PLACE, Term("nowhere", "similar", 1))}, "terms/1/attribute"),
        ({"terms": (Term("odd", "similar", 1),)}, "terms/0/attribute"),
        ({"terms": (Term("place", "same", 1),)}, "terms/0/prefer"),
        ({"terms": (Term("place", "similar", 0),)}, "terms/0/weight"),
        ({"terms": (Term("place", "similar", -1),)}, "terms/0/weight"),
        ({"terms": (Term("place", "similar", math.nan),)}, "terms/0/weight"),
        ({"terms": (Term("place", "similar", math.inf),)}, "terms/0/weight"),
        ({"emphasis": -0.1}, "emphasis"),
        ({"emphasis": 1.1}, "emphasis"),
        ({"emphasis": math.nan}, "emphasis"),
        ({"priority": "nowhere"}, "priority"),
        ({"priority": "place"}, "priority"),
        (by_rule(Cap(attribute="place", max=0)), "rules/1/max"),
        (by_rule(Cap(attribute="place", max=1.5)), "rules/1/max"),
        (by_rule(Cap(attribute="nowhere", max=1)), "rules/1/attribute"),
        (by_rule(Cap(attribute="effort", max=1)), "rules/1/attribute"),
        (by_rule(Cap(attribute="place", max=1, price=-1)), "rules/1/price"),
        (by_rule(Cap(attribute="place", max=1, price=math.nan)), "rules/1/price"),
        (by_rule(Seats(attribute="title", value="x")), "rules/1/attribute"),
        (by_rule(Seats(attribute="place", value="A", min=-1)), "rules/1/min"),
        (by_rule(Seats(attribute="place", value="A", min=3, max=2)), "rules/1/max"),
        (by_rule(NoIsolate(attribute="effort")), "rules/1/attribute"),
        (by_rule(Shared(attribute="place")), "rules/1/attribute"),
        (by_rule(Shared(attribute="methods", min=0)), "rules/1/min"),
        (by_rule(CommonSlots(attribute="methods", hours=1)), "rules/1/attribute"),
        (by_rule(SimilarText(attribute="place", similarity=0.5)), "rules/1/attribute"),
        (by_rule(SimilarText(attribute="title", similarity=0)), "rules/1/similarity"),
        (by_rule(SimilarText(attribute="title", similarity=1.1)), "rules/1/similarity"),
        (by_rule(Hierarchy(attributes=("place",))), "rules/1/attributes"),
        (by_rule(Apart(pairs=(("p0", "p1"), ("p2", "p2")))), "rules/1/pairs/1"),
        (by_rule(Together(pairs=(("p2", "p2"),))), "rules/1/pairs/0"),
        (by_rule(Together(pairs=(("p0", "p1"),), price=1)), "rules/1/price"),
        (by_rule(Locked(lists=(("p0", "p1"),), price=1)), "rules/1/price"),
        (by_rule(Locked(lists=(("p0", "p1"), ("p1", "p2")))), "rules/1/lists/1"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_with_its_field(change, field):
    with pytest.raises(InvalidRecipe) as refused:
        solve(POOL, replace(BY_PLACE, **change), seed=1, progress=no_search)
    assert refused.value.field == field
    assert refused.value.message


UTC = {"time_zone": "UTC"}


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        (Attribute("categorical", ["A"]), "attributes/place/values"),
        (Attribute("categorical", ["A"] * 4), "attributes/place/values"),
        (Attribute("categorical", ["A", "B", 3]), "attributes/place/values/2"),
        (Attribute("boolean", [True, "yes", None]), "attributes/place/values/1"),
        (Attribute("number", [1, math.nan, 2]), "attributes/place/values/1"),
        (Attribute("number", [1, 2, True]), "attributes/place/values/2"),
        (Attribute("date", ["2026-01-01", None, "soon"]), "attributes/place/values/2"),
        (Attribute("set", [["a"], "b", None]), "attributes/place/values/1"),
        (Attribute("reference", [["a"], [3], None]), "attributes/place/values/1"),
        (Attribute("text", ["a", 3, None]), "attributes/place/values/1"),
        (Attribute("ordinal", ["low", "high", "odd"], ("low", "high")), "attributes/place/values/2"),
        (Attribute("ordinal", ["low", "high", "low"]), "attributes/place/levels"),
        (
            Attribute("availability", [availability("UTC"), availability("Mars/Base"), None]),
            "attributes/place/values/1",
        ),
        (Attribute("availability", [None, availability("localtime"), None]), "attributes/place/values/1"),
        (Attribute("availability", [None, None, availability("Factory")]), "attributes/place/values/2"),
        (Attribute("availability", [None, None, {"slots": []}]), "attributes/place/values/2"),
        (
            Attribute("availability", [availability("UTC", "noday 09:00 10:00"), None, None]),
            "attributes/place/values/0",
        ),
        (
            Attribute("availability", [None, availability("UTC", "mon 9 10:00"), None]),
            "attributes/place/values/1",
        ),
        (
            Attribute("availability", [None, availability("UTC", "mon 11:00 10:00"), None]),
            "attributes/place/values/1",
        ),
        (Attribute("availability", [None, {**UTC, "slots": ["mon"]}, None]), "attributes/place/values/1"),
    ],
)
def test_a_value_that_does_not_fit_its_kind_is_refused_with_its_place(attribute, field):
    with pytest.raises(InvalidPool) as refused:
        solve(people(3, place=attribute), BY_PLACE, seed=1, progress=no_search)
    assert refused.value.field == field
    assert refused.value.message


def test_a_person_twice_in_the_pool_is_refused():
    pool = replace(of_places("AAA"), ids=("a", "b", "a"))
    with pytest.raises(InvalidPool) as refused:
        solve(pool, BY_PLACE, seed=1, progress=no_search)
    assert refused.value.field == "ids"


def test_a_negative_budget_is_refused():
    with pytest.raises(ValueError, match="budget"):
        solve(of_places("AAA"), BY_PLACE, seed=1, budget=-1)


@pytest.mark.parametrize("waitlist", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_people_for_a_group_are_told_so(count, waitlist):
    with pytest.raises(Infeasible) as infeasible:
        solve(of_places("A" * count), replace(BY_PLACE, waitlist=waitlist), seed=1)
    clash = infeasible.value.clash
    assert clash.proven
    assert [part.rule for part in clash.parts] == [None]
    assert "fewer than the smallest group of 3" in clash.said


EVERYBODY = tuple(f"p{number}" for number in range(9))


@pytest.mark.parametrize(
    ("rule", "people_told"),
    [
        (Apart(lists=(EVERYBODY,)), set(range(9))),
        (Together(lists=(EVERYBODY[:5],)), set(range(5))),
        (Locked(lists=(EVERYBODY[2:8],)), set(range(2, 8))),
        (Together(pairs=tuple(pairwise(EVERYBODY[:5]))), set(range(5))),
        (Locked(lists=tuple((name,) for name in EVERYBODY)), set(range(9))),
        (Seats(attribute="place", value="A", min=2), {0, 1, 2}),
        (Cap(attribute="methods", max=2), set(range(9))),
    ],
)
def test_a_rule_that_leaves_no_groups_is_named_with_the_people_whom_it_binds(rule, people_told):
    pool = people(9, place=Attribute("categorical", list("AAABBBCCC")), methods=Attribute("set", [["m"]] * 9))
    with pytest.raises(Infeasible) as infeasible:
        solve(pool, replace(BY_PLACE, rules=(rule,)), seed=1)
    clash = infeasible.value.clash
    assert clash.proven
    assert 0 in {part.rule for part in clash.parts}
    assert set().union(*(part.people for part in clash.parts if part.rule == 0)) <= people_told
    assert clash.said


def test_people_kept_together_and_apart_are_a_clash_of_both_rules():
    rules = (Together(lists=(("p0", "p1", "p2"),)), Apart(lists=(("p1", "p2", "p3"),)))
    with pytest.raises(Infeasible) as infeasible:
        solve(of_places("AABBCCDD"), replace(BY_PLACE, rules=rules), seed=1)
    assert {part.rule for part in infeasible.value.clash.parts} == {0, 1}
