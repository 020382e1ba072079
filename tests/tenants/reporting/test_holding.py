"""What each institution has of a program's people, counted by hand. Everybody is invented."""

import json

import pytest

from tenants.people.models import Membership
from tenants.reporting.metrics import demographics, groups, products, reach
from tenants.reporting.shapes import rolled_up
from tenants.reporting.tables import said_of_table, table_from
from tests.factories.counted import Circle

FUND = "Invented Foundation"
NORTH, SOUTH = "answer:north", "answer:south"


@pytest.fixture
def society(circle):
    """A program that asks for the institution of its people."""
    circle.knows("institution", "categorical", levels=[{"key": "north"}, {"key": "south"}])
    circle.program.funders = [FUND]
    circle.session.flush()
    return circle


def of(circle: Circle, institution, number=1, **more):
    return [circle.joined(attributes={"institution": institution}, **more) for _ in range(number)]


def parts(tables, name):
    """By institution the codes of the cells and its number in each, without what all have in common."""
    table = next(each for each in tables.all if each.name == name)
    within = dict(table.within)
    return {
        holder: {tuple(code for at, code in key if at not in within): number for key, number in part.items()}
        for holder, part in table.parts.items()
    }


def test_of_people_each_institution_has_its_own(society):
    of(society, "north", 3, state="placed")
    of(society, "south", 2, state="placed")
    of(society, "south", state="invited")
    society.joined(state="placed")
    found = society.counted(reach, outward=True)
    assert parts(found, "states") == {
        NORTH: {("placed",): 3},
        SOUTH: {("placed",): 2, ("invited",): 1},
    }
    assert found("states") == {("placed",): 6, ("invited",): 1}


def test_whoever_named_two_institutions_is_known_to_both(society):
    (both,) = of(society, "north", state="placed")
    her = society.session.get_one(Membership, (society.session.tenant_id, both.membership_id))
    society.joined(her, cohort=1, state="placed", attributes={"institution": "south"})
    found = society.counted(reach, *society.cohorts, outward=True)
    assert parts(found, "states") == {NORTH: {("placed",): 1}, SOUTH: {("placed",): 1}}


def test_of_things_it_has_those_that_any_of_its_people_are_behind(society):
    one, two, other = *of(society, "north", 2), *of(society, "south")
    society.made(one, two, visibility="funder")
    society.made(one, other, visibility="funder")
    society.made(other, kind="dataset", visibility="funder")
    found = society.counted(products, outward=True)
    assert parts(found, "products") == {NORTH: {("talk",): 2}, SOUTH: {("talk",): 1, ("dataset",): 1}}
    society.grouped(one, two)
    society.grouped(one, other)
    found = society.counted(groups, outward=True)
    assert parts(found, "group_states") == {NORTH: {("active",): 2}, SOUTH: {("active",): 1}}


def test_a_cell_of_things_is_told_only_if_enough_are_behind_it_also_without_one_institution(society):
    north, south = of(society, "north", 12), of(society, "south", 10)
    for each in (*north, *south):
        society.made(each, visibility="funder")
    few = society.counted(products, outward=True).few("products")
    assert any(("product_kind", "talk") in key for key in few)
    society.made(*of(society, "south"), visibility="funder")
    assert not society.counted(products, outward=True).few("products")


def test_nothing_is_counted_by_institution_where_all_are_of_one_or_it_stays_inside(society):
    of(society, "north", 3, state="placed")
    alone = society.counted(reach, outward=True)
    assert parts(alone, "states") == {}
    of(society, "south", 2, state="placed")
    assert parts(society.counted(reach), "states") == {}


def test_the_parts_are_told_to_whom_and_of_which_cohort_like_the_whole(society):
    north = of(society, "north", 3, state="placed")
    of(society, "south", 2, state="placed", cohort=1)
    society.agreed(north[0], purpose="funder_sharing", funder=FUND)
    found = society.counted(reach, *society.cohorts, outward=True, by_cohort=True, funders=(FUND,))
    first, second = (str(each.id) for each in society.cohorts)
    assert parts(found, "states") == {
        NORTH: {(first, "yes", "placed"): 1, (first, "no", "placed"): 2},
        SOUTH: {(second, "no", "placed"): 2},
    }
    (rolled,), _ = rolled_up(
        [each for each in found.all if each.name == "states"], told=set(), before=set(), threshold=10
    )
    assert sum(rolled.parts[NORTH].values()) == 3
    assert all("cohort" not in dict(key) for key in rolled.parts[NORTH])


def test_parts_are_read_back_as_they_were_written(society):
    of(society, "north", 3, state="placed")
    of(society, "south", 2, state="invited")
    for table in society.counted(reach, outward=True).all:
        assert table_from(json.loads(json.dumps(said_of_table(table)))) == table


def test_that_somebody_is_of_another_institution_is_another_snapshot(society):
    people = [*of(society, "north", 3), *of(society, "south", 2)]
    before = society.counted(reach, outward=True).digest
    people[0].attributes = {"institution": "south"}
    society.session.flush()
    assert society.counted(reach, outward=True).digest != before


def test_a_breakdown_by_institution_says_of_each_row_whose_it_is(society):
    people = [*of(society, "north", 3), *of(society, "south", 2)]
    society.agreed(*people[:4], purpose="demographics")
    found = society.counted(demographics, outward=True)
    (table,) = found.all
    assert table.shape.dimensions[0].holders
    assert table_from(said_of_table(table)).shape == table.shape
    assert parts(found, "demographics_institution") == {
        NORTH: {(NORTH,): 3},
        SOUTH: {(SOUTH,): 1, ("not_agreed",): 1},
    }
