"""What is told of groups and to their members is true, also where values are not known."""

import pytest

from tenants.matching.solver import Attribute, Recipe, Size, Term, solve
from tests.tenants.matching.rosters import people


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
