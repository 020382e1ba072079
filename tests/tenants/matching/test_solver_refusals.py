"""Recipes, pools and budgets that make no sense are refused by name; rules that leave no group are named."""

import math
from dataclasses import replace

import pytest

from tenants.matching.solver import (
    Attribute,
    Cap,
    Infeasible,
    InvalidPool,
    InvalidRecipe,
    Pool,
    Recipe,
    Size,
    Term,
    solve,
)

BY_PLACE = Recipe(Size(3, 4), (Term("place", "similar", 1),))


def people(count: int, **attributes: Attribute) -> Pool:
    return Pool(tuple(f"p{number}" for number in range(count)), attributes)


def of_places(places: str) -> Pool:
    return people(len(places), place=Attribute("categorical", list(places)))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"size": Size(1, 4)}, "size/min"),
        ({"size": Size(4, 3)}, "size/max"),
        ({"size": Size(True, 3)}, "size/min"),
        ({"terms": ()}, "terms"),
        ({"terms": (Term("nowhere", "similar", 1),)}, "terms/0/attribute"),
        ({"terms": (Term("place", "similar", 1), Term("title", "similar", 1))}, "terms/1/attribute"),
        ({"terms": (Term("free", "similar", 1),)}, "terms/0/attribute"),
        ({"terms": (Term("odd", "similar", 1),)}, "terms/0/attribute"),
        ({"terms": (Term("place", "same", 1),)}, "terms/0/prefer"),
        ({"terms": (Term("place", "similar", 0),)}, "terms/0/weight"),
        ({"terms": (Term("place", "similar", -1),)}, "terms/0/weight"),
        ({"terms": (Term("place", "similar", math.nan),)}, "terms/0/weight"),
        ({"terms": (Term("place", "similar", math.inf),)}, "terms/0/weight"),
        ({"rules": (Cap("place", 0),)}, "rules/0/max"),
        ({"rules": (Cap("place", 1.5),)}, "rules/0/max"),
        ({"rules": (Cap("nowhere", 1),)}, "rules/0/attribute"),
        ({"rules": (Cap("place", 1), Cap("effort", 1))}, "rules/1/attribute"),
    ],
)
def test_an_invalid_recipe_is_refused_with_its_field(change, field):
    pool = people(
        6,
        place=Attribute("categorical", list("ABCDEF")),
        title=Attribute("text", [""] * 6),
        free=Attribute("availability", [None] * 6),
        odd=Attribute("colour", [None] * 6),
        effort=Attribute("number", [1] * 6),
    )
    with pytest.raises(InvalidRecipe) as refused:
        solve(pool, replace(BY_PLACE, **change), seed=1)
    assert refused.value.field == field
    assert refused.value.message


@pytest.mark.parametrize("kind", ["text", "availability"])
def test_terms_to_come_are_refused_as_not_yet_available(kind):
    with pytest.raises(InvalidRecipe, match="not yet available"):
        solve(people(6, place=Attribute(kind, [None] * 6)), BY_PLACE, seed=1)


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        (Attribute("categorical", ["A"]), "attributes/place/values"),
        (Attribute("categorical", ["A", "B", 3]), "attributes/place/values/2"),
        (Attribute("boolean", [True, "yes", None]), "attributes/place/values/1"),
        (Attribute("number", [1, math.nan, 2]), "attributes/place/values/1"),
        (Attribute("number", [1, 2, True]), "attributes/place/values/2"),
        (Attribute("date", ["2026-01-01", None, "soon"]), "attributes/place/values/2"),
        (Attribute("set", [["a"], "b", None]), "attributes/place/values/1"),
        (Attribute("ordinal", ["low", "high", "odd"], ("low", "high")), "attributes/place/values/2"),
        (Attribute("ordinal", ["low", "high", "low"]), "attributes/place/levels"),
    ],
)
def test_a_value_that_does_not_fit_its_kind_is_refused_with_its_place(attribute, field):
    with pytest.raises(InvalidPool) as refused:
        solve(people(3, place=attribute), BY_PLACE, seed=1)
    assert refused.value.field == field


def test_a_person_twice_in_the_pool_is_refused():
    pool = Pool(("a", "b", "a"), {"place": Attribute("categorical", list("AAA"))})
    with pytest.raises(InvalidPool, match="once"):
        solve(pool, BY_PLACE, seed=1)


def test_a_negative_budget_is_refused():
    with pytest.raises(ValueError, match="budget"):
        solve(of_places("AAA"), BY_PLACE, seed=1, budget=-1)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_people_are_infeasible(count):
    with pytest.raises(Infeasible) as infeasible:
        solve(of_places("A" * count), BY_PLACE, seed=1)
    assert infeasible.value.reasons == [f"There are {count} people, fewer than the smallest group of 3."]


@pytest.mark.parametrize("places", ["AAAAAB", "AAAAAAAAAAAB"])
def test_a_cap_that_leaves_no_group_is_named_with_its_count(places):
    recipe = replace(BY_PLACE, rules=(Cap("place", 1),))
    with pytest.raises(Infeasible) as infeasible:
        solve(of_places(places), recipe, seed=1)
    (reason,) = infeasible.value.reasons
    assert reason.startswith(f"{len(places) - 1} of {len(places)} people share place “A”; with a cap of 1 ")
    assert reason.endswith("no group can have more than 2 people, but the smallest group has 3.")


def test_caps_that_leave_no_group_only_together_are_named_together_and_no_other():
    pool = people(
        10,
        rank=Attribute("categorical", ["R", "S"] * 5),
        place=Attribute("categorical", list("ABCAA" * 2)),
        section=Attribute("categorical", list("XXXYZ" * 2)),
    )
    recipe = replace(BY_PLACE, rules=(Cap("rank", 2), Cap("place", 1), Cap("section", 1)))
    with pytest.raises(Infeasible) as infeasible:
        solve(pool, recipe, seed=1)
    assert infeasible.value.reasons == ["The caps on place and section together leave no group of 3 people."]
