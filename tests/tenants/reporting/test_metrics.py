"""Each metric on a small cohort counted by hand."""

import datetime as dt
from datetime import date

import pytest

from tenants.cohorts.models import Attribute, Cohort
from tenants.outcomes.models import PRODUCT_KINDS, ProductContributor
from tenants.people.models import Membership
from tenants.reporting.counting import shares
from tenants.reporting.metrics import coverage, demographics, groups, products, reach, time_to_r01
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import YES
from tests.factories.counted import AS_OF, DAY, EVERY, LATER
from tests.factories.matching import statements


def test_reach_counts_each_person_once_in_the_state_of_the_report_s_date(circle):
    applied, placed_later = circle.joined(state="applied"), circle.joined(state="placed")
    circle.changed(placed_later, "eligible", DAY)
    circle.changed(placed_later, "placed", LATER)
    entered_later = circle.joined(state="withdrawn")
    circle.changed(entered_later, "invited", LATER)
    circle.changed(entered_later, "withdrawn", LATER + dt.timedelta(days=1))
    again = circle.session.get_one(Membership, (applied.tenant_id, applied.membership_id))
    circle.joined(again, cohort=1, state="completed")
    one = circle.counted(reach)
    assert one("states") == {("applied",): 1, ("eligible",): 1, ("invited",): 1}
    both = circle.counted(reach, *circle.cohorts)
    assert both("states") == {("completed",): 1, ("eligible",): 1, ("invited",): 1}


def test_reach_says_how_far_each_person_came(circle):
    for path in (
        ["eligible"],
        ["invited", "declined"],
        ["invited", "placed"],
        ["placed", "withdrawn"],
        ["placed", "paused"],
    ):
        participant = circle.joined(state=path[-1])
        for place, state in enumerate(path):
            circle.changed(participant, state, DAY + dt.timedelta(hours=place))
    assert circle.counted(reach)("stages") == {
        ("not_offered",): 1,
        ("offered",): 4,
        ("not_joined",): 1,
        ("joined",): 3,
        ("left",): 1,
        ("stayed",): 2,
    }


def test_groups_are_counted_by_state_size_and_spread(circle):
    institution = circle.add(
        Attribute(
            program_id=circle.program.id,
            key="institution",
            label="Institution",
            kind="text",
            open=True,
            required=False,
            sensitive=False,
            answered_by="either",
            uses=["reporting"],
            levels=[],
        )
    )
    names = ("A", "B", "C", "A", "A", "B", None, "C")
    people = [circle.joined(attributes={"institution": name} if name else {}) for name in names]
    circle.grouped(*people[:3])  # all different
    circle.grouped(*people[3:6], left=people[3:4])  # A and B are left
    circle.grouped(people[0], people[3], state="ended")  # A twice
    circle.grouped(*people[6:])  # one is unknown
    circle.grouped(people[7], people[6], at=LATER)
    found = circle.counted(groups)
    assert found("group_states") == {("active",): 3, ("ended",): 1}
    assert found("group_sizes") == {("2-4",): 4}
    assert found("spread_institution") == {("all_different",): 2, ("repeated",): 1, ("unknown",): 1}
    institution.uses = ["reporting", "demographics"]
    circle.session.flush()
    assert "spread_institution" not in {each.name for each in circle.counted(groups).all}
    institution.uses = ["matching"]
    circle.session.flush()
    assert "spread_institution" not in {each.name for each in circle.counted(groups).all}


def kinds(found, **part):
    """The products by kind alone."""
    return {
        key: number
        for key, number in found("products", **part).items()
        if key[0] in PRODUCT_KINDS and not key[1:]
    }


def test_products_are_formal_if_anybody_of_the_scope_is_so(circle):
    one, two, elsewhere = circle.joined(), circle.joined(), circle.joined(cohort=1)
    for roles in (
        ((one, "formal"), (two, "informal")),
        ((two, "informal"),),
        ((two, "informal"), (elsewhere, "formal")),
    ):
        product = circle.made()
        for person, role in roles:
            circle.add(
                ProductContributor(product_id=product.id, membership_id=person.membership_id, role=role)
            )
    found = circle.counted(products)
    assert kinds(found) == {("talk",): 3}
    assert found("products")["talk", "formal"] == found("products")["formal",] == 1
    assert found("products")["talk", "informal"] == 2


def test_outside_nothing_is_said_of_the_roles_of_those_who_did_not_agree(circle):
    circle.program.funders = ["Invented Foundation"]
    agreed, other = circle.joined(), circle.joined()
    circle.agreed(agreed, purpose="funder_sharing", funder="Invented Foundation")
    product = circle.made(visibility="funder")
    for person, role in ((agreed, "informal"), (other, "formal")):
        told = {"product_id": product.id, "membership_id": person.membership_id, "role": role}
        circle.add(ProductContributor(**told))
    for parts in ({}, {"funders": ("Invented Foundation",)}):
        found = circle.counted(products, outward=True, **parts)
        axes = {each.name for table in found.all for each in table.axes}
        assert axes == {"product_kind", "product_number"}
        assert kinds(found) == {("talk",): 1}


def test_products_are_counted_once_whoever_of_the_scope_is_behind_them(circle):
    one, two = circle.joined(), circle.joined()
    elsewhere = circle.joined(cohort=1)
    circle.made(one, two, elsewhere, date=date(2026, 1, 1))
    circle.made(one, date=None, visibility="funder")
    circle.made(one, kind="dataset", date=AS_OF)
    circle.made(one, kind="dataset", date=AS_OF + dt.timedelta(days=1))
    circle.made(two, kind="policy", visibility="me")
    circle.made(two, kind="policy", visibility="group")
    circle.made(elsewhere, kind="panel")
    internal = circle.counted(products)
    assert kinds(internal) == {("talk",): 2, ("dataset",): 1}
    assert internal("contributors") == {("2-4",): 1, ("1",): 1}
    public = circle.counted(products, outward=True)
    assert kinds(public) == {("talk",): 1}


def test_a_proposal_and_what_came_of_it_are_one_product(circle):
    one, two = circle.joined(), circle.joined()
    submitted = {"kind": "proposal_submitted", "project_number": "1R01HL000001-01A1"}
    circle.made(one, date=date(2025, 1, 1), **submitted)
    circle.made(one, two, date=date(2026, 1, 1), kind="proposal_awarded", project_number="5 R01HL000001-03")
    circle.made(one, kind="proposal_submitted", project_number="Invented 7")
    found = circle.counted(products)
    assert kinds(found) == {("proposal_awarded",): 1, ("proposal_submitted",): 1}
    assert found("contributors") == {("1",): 1, ("2-4",): 1}


def test_what_leaves_is_told_by_the_cohort_joined_last_and_to_funders_that_were_agreed_to(circle):
    circle.program.funders = ["Fund", "Trust"]
    people = [circle.joined() for _ in range(4)]
    circle.joined(
        circle.session.get_one(Membership, (people[0].tenant_id, people[0].membership_id)), cohort=1
    )
    circle.agreed(*people[:3], purpose="funder_sharing", funder="Fund")
    circle.agreed(people[3], purpose="funder_sharing", funder="Trust")
    circle.grouped(*people)
    circle.grouped(*people[:2])
    circle.made(*people[:2], visibility="funder")
    for person in people[2:]:
        circle.made(person, visibility="funder")
    parts = {"outward": True, "by_cohort": True, "funders": ("Fund",)}
    first, second = (str(cohort.id) for cohort in circle.cohorts)
    fund = {shares("Fund"): YES}
    told = circle.counted(reach, *circle.cohorts, **parts)
    assert told("states") == {("eligible",): 4}
    assert told("states", **fund) == {("eligible",): 3}
    assert told("states", cohort=second, **fund) == {("eligible",): 1}
    assert told("states", cohort=first) == {("eligible",): 3}
    formed = circle.counted(groups, *circle.cohorts, **parts)
    assert formed("group_states") == {("active",): 2}
    assert formed("group_states", **fund) == {("active",): 1}
    made = circle.counted(products, *circle.cohorts, **parts)
    assert kinds(made) == {("talk",): 3}
    assert kinds(made, **fund) == {("talk",): 2}
    assert kinds(made, cohort=second) == {("talk",): 1}, "of whoever joined first, in the cohort joined last"


def test_things_with_few_people_behind_them_are_marked_in_every_margin(circle):
    people = [circle.joined() for _ in range(12)]
    for person in people:
        circle.made(person, visibility="funder")
    for _ in range(20):
        circle.made(people[0], kind="dataset", visibility="funder")
    few = circle.counted(products, outward=True).few("products")
    assert {dict(key).get("product_kind") for key in few} == {"dataset"}


def test_whoever_did_not_agree_to_be_shared_is_no_cover_for_who_did(circle):
    circle.program.funders = ["Fund"]
    people = [circle.joined() for _ in range(15)]
    circle.agreed(people[0], purpose="funder_sharing", funder="Fund")
    circle.made(*people, visibility="funder")
    for _ in range(20):
        circle.made(people[0], visibility="funder")
    found = circle.counted(products, outward=True, funders=("Fund",))
    assert kinds(found, **{shares("Fund"): YES}) == {("talk",): 21}
    assert {dict(key).get(shares("Fund")) for key in found.few("products")} == {YES}


def test_outcomes_that_the_basis_does_not_cover_are_not_looked_at(circle):
    circle.program.bases = {**circle.program.bases, "outcomes": "consent"}
    asked, not_asked = circle.joined(), circle.joined()
    circle.agreed(asked, purpose="outcomes")
    for person in (asked, not_asked):
        circle.made(person, visibility="funder")
        circle.did(person, "award", date(2020, 1, 1), code="K23")
    for outward in (False, True):
        assert kinds(circle.counted(products, outward=outward)) == {("talk",): 1}
        apart = circle.counted(time_to_r01, outward=outward)("follow_up")
        assert apart == {("apart",): 1, ("not_followed",): 1}
    assert circle.counted(reach)("states") == {("eligible",): 2}
    assert circle.counted(reach, outward=True)("states") == {("eligible",): 1}
    told = circle.counted(coverage)
    assert told("outcomes_standing") == {("covered",): 1, ("not_asked",): 1}
    assert told("demographics_standing") == {("not_asked",): 2}
    outside = circle.counted(coverage, outward=True)
    assert outside("coverage") == {("yes",): 1, ("no",): 1}
    assert [each.name for each in outside.all] == ["coverage"]


def test_demographic_answers_are_counted_of_those_who_agreed_and_in_three_states(circle):
    levels = [{"key": "a"}, {"key": "b"}]
    circle.knows("field", "categorical", levels=levels)
    circle.knows("origin", "set", levels=levels)
    circle.knows("parent", "boolean")
    circle.knows("private", "categorical", levels=levels, uses=["matching", "reporting"])
    said = [
        {"field": "a", "origin": ["a"], "parent": True},
        {"field": "b", "origin": ["a", "b"], "parent": False},
        {"field": None, "origin": [], "parent": None},
        {"field": "gone", "origin": ["gone"]},
        {},
    ]
    people = [circle.joined(attributes={**each, "private": "a"}) for each in said]
    silent = circle.joined(attributes={"field": "a", "origin": None, "parent": True})
    circle.agreed(*people, purpose="demographics")
    found = circle.counted(demographics)
    assert {each.name: found(each.name) for each in found.all} == {
        "demographics_field": {
            ("answer:a",): 1, ("answer:b",): 1, ("other",): 1, ("declined",): 1, ("not_asked",): 1,
            ("not_agreed",): 1,
        },
        "demographics_origin": {
            ("answer:a",): 1, ("several",): 1, ("none_applies",): 1, ("other",): 1, ("not_asked",): 1,
            ("not_agreed",): 1,
        },
        "demographics_parent": {
            ("answer:true",): 1, ("answer:false",): 1, ("declined",): 1, ("not_asked",): 2, ("not_agreed",): 1
        },
    }  # fmt: skip
    circle.agreed(silent, purpose="demographics")
    again = circle.counted(demographics)
    assert again("demographics_origin")["declined",] == 1


def test_nobody_is_a_cohort_too(circle):
    for outward in (False, True):
        for table in circle.counted(EVERY, outward=outward).all:
            assert set(system_of((table.shape,)).values(table.counts)) == {0}


@pytest.mark.parametrize("parts", [{}, {"outward": True}, {"outward": True, "funders": ("Fund",)}])
def test_no_statement_reads_people_without_asking_the_ledger(circle, database, parts):
    circle.knows("parent", "boolean")
    circle.program.funders = ["Fund"]
    circle.joined()
    circle.session.flush()
    outcomes, people = ("career_event", "product_contributor"), (" participant ", " group_member ")
    with statements(database) as asked:
        circle.counted(EVERY, **parts)
    reading = [each for each in asked if any(table in each for table in (*outcomes, "attributes -> "))]
    outward = [each for each in asked if any(table in each for table in people)]
    assert len(reading) == 5 + bool(parts)  # outside, whose people they are
    assert len(outward) > 4
    for statement in [*reading, *(outward if parts else ())]:
        assert "FROM consent_entry" in statement or "FROM counted WHERE covered" in statement


def test_a_metric_asks_as_often_for_many_people_as_for_none(circle, database):
    def number():
        with statements(database) as asked:
            circle.counted(EVERY)
        return len(asked)

    before = number()
    for _ in range(20):
        participant = circle.joined()
        circle.made(participant)
        circle.did(participant, "award", AS_OF, code="K01")
    circle.session.flush()
    assert number() == before


def test_the_digest_is_of_the_rows_whatever_their_order(circle):
    first = circle.joined(state="placed")
    circle.made(first, visibility="funder")
    one = circle.counted(products, outward=True)
    assert circle.counted(products, outward=True).digest == one.digest
    second = circle.joined(state="placed")
    assert circle.counted(products, outward=True).digest != one.digest
    empty = circle.add(Cohort(program_id=circle.program.id, name="Empty"))
    wider = circle.counted(products, circle.cohorts[0], empty, outward=True)
    assert wider.digest != circle.counted(products, outward=True).digest, "it is told in other parts"
    circle.program.funders = ["Fund"]
    before = circle.counted(products, outward=True).digest
    circle.agreed(second, purpose="funder_sharing", funder="Fund")
    circle.session.flush()
    assert circle.counted(products, outward=True).digest != before
