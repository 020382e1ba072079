"""Mexico City changed its clocks in 2021 and does so no longer: the year that a run looks at decides who is free."""

from datetime import date

import pytest

from tenants.matching.solver import Attribute, Infeasible, Partition, Pool, Recipe, Size, Term, solve
from tenants.matching.solver.model import CommonSlots
from tests.tenants.matching.rosters import availability, people

CHANGING, STEADY = date(2021, 1, 4), date(2026, 1, 5)
SIZE = Size(2, 2)
TERMS = (Term("hours", "similar", 1.0),)


def two_cities() -> Pool:
    """Free together for two hours by winter's clocks, for one by summer's."""
    mexico = availability("America/Mexico_City", "mon 09:00 11:00")
    return people(2, hours=Attribute("availability", [mexico, availability("UTC", "mon 15:00 17:00")]))


def formed(recipe: Recipe, start: date) -> Partition:
    return solve(two_cities(), recipe, seed=1, budget=10, start=start)


def test_common_hours_are_those_of_the_year_that_begins_with_the_cohort():
    recipe = Recipe(SIZE, TERMS)
    assert formed(recipe, STEADY).certificate.groups[0].common_hours == 2
    assert formed(recipe, CHANGING).certificate.groups[0].common_hours == 1


def test_a_clash_over_hours_looks_at_that_year_too():
    recipe = Recipe(SIZE, TERMS, (CommonSlots(attribute="hours", hours=2),))
    assert formed(recipe, STEADY).groups == ((0, 1),)
    with pytest.raises(Infeasible) as none:
        formed(recipe, CHANGING)
    assert none.value.clash.proven
    assert "ask for 1 hours a week of hours in common" in {each.said for each in none.value.clash.relaxations}
