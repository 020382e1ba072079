"""What is told of groups and to their members is true, also where values are not known."""

import math

import pytest

from tenants.matching.solver import Attribute, Partition, Recipe, Rule, Size, Term, solve
from tenants.matching.solver.model import CommonSlots
from tests.tenants.matching.rosters import availability, people


def one_group(prefer: str, attribute: Attribute) -> tuple[tuple[str, ...], ...]:
    """What each member of one group of all is told."""
    count = len(attribute.values)
    pool = people(count, a=attribute)
    found = solve(pool, Recipe(Size(count, count), (Term("a", prefer, 1.0),)), seed=1, budget=1)
    return tuple(member.said for member in found.certificate.members[0])


@pytest.mark.parametrize(
    ("prefer", "x", "y"),
    [
        (
            "different",
            "2 of your 5 partners differ from you in a",
            "3 of your 5 partners differ from you in a",
        ),
        ("similar", "1 of your 5 partners share your a", "0 of your 5 partners share your a"),
    ],
)
@pytest.mark.parametrize(
    "attribute",
    [
        Attribute("categorical", ["x", "x", None, None, "y", "z"]),
        Attribute("ordinal", ["x", "x", None, None, "y", "z"], ("x", "y", "z")),
        Attribute("set", [["x", "w"], ["x"], None, None, ["y"], []]),
        Attribute("reference", [["x", "w"], ["x"], None, None, ["y"], ["z"]]),
    ],
)
def test_members_are_told_of_partners_without_a_value_that_they_have_none(prefer, x, y, attribute):
    unknown = "; 2 without a value."
    said = one_group(prefer, attribute)
    assert said[:2] == ((x + unknown,), (x + unknown,))
    assert said[4] == (y + unknown,)


@pytest.mark.parametrize("prefer", ["different", "similar", "near"])
@pytest.mark.parametrize(
    "attribute", [Attribute("categorical", ["x", "x", None]), Attribute("set", [["x"], ["x"], None])]
)
def test_members_without_a_value_are_told_of_no_likeness_or_difference(prefer, attribute):
    assert one_group(prefer, attribute)[2] == ()


@pytest.mark.parametrize("kind", ["number", "date"])
def test_members_are_told_nothing_of_places_on_a_scale(kind):
    values = [1, 1, None] if kind == "number" else ["2026-01-01", "2026-01-01", None]
    assert one_group("different", Attribute(kind, values)) == ((), (), ())


def test_where_all_have_a_value_nothing_is_said_of_who_has_none():
    said = one_group("different", Attribute("boolean", [True, False, False]))
    assert said[0] == ("2 of your 2 partners differ from you in a.",)


def of_two_weeks(*rules: Rule) -> Partition:
    """Three people, free together on Tuesdays by one attribute and never by the other."""
    never = [availability("UTC", f"{day} 09:00 12:00") for day in ("mon", "wed", "fri")]
    pool = people(
        3,
        h1=Attribute("availability", never),
        h2=Attribute("availability", [availability("UTC", "tue 09:00 12:00")] * 3),
    )
    return solve(pool, Recipe(Size(3, 3), (Term("h1", "similar", 1.0),), rules), seed=1, budget=1)


def test_common_hours_are_those_that_a_rule_asks_for():
    assert of_two_weeks(CommonSlots(attribute="h2", hours=2)).certificate.groups[0].common_hours == 3
    assert of_two_weeks().certificate.groups[0].common_hours == 0


def test_another_place_that_is_as_good_costs_plain_zero():
    pool = people(6, a=Attribute("categorical", ["x"] * 6))
    found = solve(pool, Recipe(Size(3, 3), (Term("a", "similar", 1.0),)), seed=1, budget=1)
    costs = [member.alternative.cost for group in found.certificate.members for member in group]
    assert costs == [0.0] * 6
    assert {math.copysign(1, cost) for cost in costs} == {1.0}
