"""Careers, equity, pairs of people and arms of a draw, counted by hand."""

import datetime as dt
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.reporting.metrics import careers, demographics, equity, network, products, reach, trial
from tenants.reporting.statistics.proportions import newcombe
from tenants.reporting.suppression.model import NOT_SHOWN, Printed
from tenants.reporting.tables import ShownTable
from tests.factories.counted import AS_OF, EVERY, Several

PAIRS = Several(products.METRIC, network.METRIC)
JOINED = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
BEFORE, AFTER = date(2024, 6, 1), date(2025, 6, 1)


def test_careers_are_told_by_what_is_known_to_have_happened_since_joining(circle):
    def person(*events):
        participant = circle.joined(created_at=JOINED)
        for kind, day in events:
            circle.did(participant, kind, day)

    person(("promotion", AFTER), ("institution_change", AFTER))
    person(("institution_change", AFTER), ("departure", AFTER))
    person(("promotion", BEFORE), ("institution_change", BEFORE), ("leave", AFTER))
    person(("promotion", None), ("departure", date(2026, 10, 1)))
    person(("promotion", JOINED.date()), ("promotion", AS_OF))
    found = circle.counted(careers)
    assert found("retention") == {("retained",): 3, ("moved",): 1, ("left_research",): 1}
    assert found("promotion") == {("promoted",): 2, ("not_promoted",): 3}


def test_somebody_in_two_cohorts_joined_with_the_first(circle):
    first = circle.joined(created_at=JOINED)
    later = circle.add(
        type(first)(
            cohort_id=circle.cohorts[1].id,
            membership_id=first.membership_id,
            created_at=JOINED + dt.timedelta(days=400),
        )
    )
    circle.did(later, "promotion", AFTER)
    assert circle.counted(careers, *circle.cohorts)("promotion") == {("promoted",): 1}


def test_pairs_are_counted_once_by_when_they_made_something_together(circle):
    one, two, three = (circle.joined(created_at=JOINED) for _ in range(3))
    late = circle.joined(created_at=JOINED + dt.timedelta(days=365))
    circle.made(one, two, date=BEFORE)
    circle.made(one, two, date=AFTER)
    circle.made(one, two, date=AFTER, kind="dataset")
    circle.made(two, three, date=JOINED.date())
    circle.made(three, late, date=AFTER)  # before the later of them joined
    circle.made(one, three, date=None)
    circle.made(one, three, date=AFTER, visibility="group")
    circle.made(one, three, date=date(2026, 10, 1))
    circle.made(one, date=AFTER)
    found = circle.counted(PAIRS)
    assert found("pairs") == {("before_and_after",): 1, ("after",): 1, ("before",): 1}


def test_a_pair_outside_needs_more_than_a_few_people_behind_it(circle):
    people = [circle.joined(created_at=JOINED) for _ in range(6)]
    circle.made(*people, date=AFTER, visibility="funder")
    found = circle.counted(PAIRS, outward=True)
    assert found("pairs") == {("after",): 15}
    assert {dict(key).get("pair_products", "all") for key in found.few("pairs")} == {"after", "all"}


def test_reach_is_told_by_each_answer_and_by_why_there_is_none(circle):
    circle.knows("field", "categorical", levels=[{"key": "a"}, {"key": "b"}])
    told = [("a", "placed"), ("a", "invited"), ("b", "placed"), (None, "placed"), ("a", "eligible")]
    people = [circle.joined(attributes={"field": said}, state=state) for said, state in told]
    circle.agreed(*people[:4], purpose="demographics")
    found = circle.counted(Several(reach.METRIC, demographics.METRIC, equity.METRIC))
    inner = {key: n for key, n in found("reach_demographics_field").items() if len(key) == 2}
    finest = {key: n for key, n in inner.items() if {"stayed", "not_joined", "not_offered"} & set(key)}
    assert finest == {
        ("answer:a", "stayed"): 1,
        ("answer:a", "not_joined"): 1,
        ("answer:b", "stayed"): 1,
        ("declined", "stayed"): 1,
        ("not_agreed", "not_offered"): 1,
    }


def test_what_is_used_for_matching_and_reports_too_is_broken_down_where_that_is_switched_on(circle):
    uses = ["matching", "reporting"]
    circle.knows("award", "ordinal", levels=[{"key": "K23"}, {"key": "K08"}], uses=[*uses, "demographics"])
    circle.knows("kind", "categorical", levels=[{"key": "hospital"}], uses=uses)
    people = [
        circle.joined(attributes={"award": "K23", "kind": "hospital"}, state="placed") for _ in range(3)
    ]
    circle.agreed(*people[:2], purpose="demographics")
    found = circle.counted(Several(reach.METRIC, demographics.METRIC, equity.METRIC))
    assert {table.name for table in found.all} >= {"demographics_award", "reach_demographics_award"}
    assert not [table.name for table in found.all if "kind" in table.name]
    assert found("demographics_award") == {("answer:K23",): 2, ("not_agreed",): 1}
    assert found("reach_demographics_award")["answer:K23", "stayed"] == 2


def reached(**printed):
    """A table of how far people with two answers came, as printed; each (all, offered, joined, stayed)."""
    answers = demographics._axis(
        type("Row", (), {"kind": "boolean", "levels": [], "key": "x", "label": "X", "sensitive": False})
    )
    cells = {}
    for code, numbers in printed.items():
        for stage, number in zip((None, "offered", "joined", "stayed"), numbers, strict=True):
            at = {"demographics_x": f"answer:{code}", **({"stage": stage} if stage else {})}
            cells[tuple(sorted(at.items()))] = number if isinstance(number, Printed) else Printed(number, "d")
    return {"reach_x": ShownTable("reach_x", "X", "people", (reach.STAGES, answers), cells)}


def test_gaps_are_differences_of_printed_shares_to_all_other_answers():
    panels, gaps = equity.METRIC.figures(reached(true=(100, 80, 60, 50), false=(50, 20, 15, NOT_SHOWN)))
    assert [row["share"] for row in panels["panels"][0]["rows"]] == [0.8, 0.6, 0.5]
    estimates = {row["label"]: row["estimate"] for row in gaps["rows"]}
    assert estimates["Yes: offered a place"] == pytest.approx(80 / 100 - 20 / 50)
    assert estimates["Yes: joined"] == pytest.approx(60 / 80 - 15 / 20)
    assert estimates["No: offered a place"] == pytest.approx(20 / 50 - 80 / 100)
    assert estimates["Yes: stayed"] is estimates["No: stayed"] is None
    known = newcombe(80, 100, 20, 50)
    assert (gaps["rows"][0]["lower"], gaps["rows"][0]["upper"]) == (known.lower, known.upper)
    old = equity.METRIC.figures(reached(true=(100, Printed(80, "older"), 60, 50), false=(50, 20, 15, 10)))[1]
    assert old["rows"][0]["estimate"] is None, "numbers of two days are not put in proportion"


@given(
    st.lists(st.integers(0, 99), min_size=4, max_size=4), st.lists(st.integers(0, 99), min_size=4, max_size=4)
)
def test_gaps_of_two_answers_are_each_other_s_opposite(one, other):
    one, other = (sorted(each, reverse=True) for each in (one, other))
    rows = equity.METRIC.figures(reached(true=one, false=other))[1]["rows"]
    for yes, no in zip(rows[:3], rows[3:], strict=True):
        if yes["estimate"] is None:
            assert no["estimate"] is None
        else:
            assert yes["estimate"] == pytest.approx(-no["estimate"])
            assert yes["lower"] <= yes["estimate"] <= yes["upper"]


def test_nobody_drawn_is_no_comparison_and_says_so(circle):
    circle.joined()
    found = circle.counted(trial)
    assert found("arms") == {("not_drawn",): 1, ("not_made",): 1, ("not_drawn", "not_made"): 1}
    tables = {each.name: each.whole(AS_OF) for each in found.all}
    assert trial.METRIC.notes(tables) == [trial.NO_COMPARISON]
    assert not found.exact


def test_every_person_is_in_one_place_of_every_table_of_people(circle):
    circle.knows("field", "categorical", levels=[{"key": "a"}])
    for n in range(7):
        person = circle.joined(created_at=JOINED, state="placed", attributes={"field": "a"})
        circle.did(person, "award", date(2020, 1, 1), code="K23")
        circle.made(person, date=AFTER)
        if n % 2:
            circle.did(person, "observation", date(2020, 1, 1), until=date(2026, 1, 1), sample="complete")
            circle.agreed(person, purpose="demographics")

    for outward in (False, True):
        for table in circle.counted(EVERY, outward=outward).all:
            inside = {name for name, _ in table.within} - {"reported", "unit"}
            if table.unit == "people" and not inside:
                assert sum(table.counts.values()) == 7, table.name
    names = [axis.name for table in circle.counted(EVERY).all for axis in table.axes]
    assert {name for name in names if names.count(name) > 1} == {"stage", "demographics_field"}
