"""A funder is told of a thing what those know of it who agreed, and nothing that only others do."""

import datetime as dt
from datetime import date

import pytest

from tenants.outcomes.models import PRODUCT_KINDS
from tenants.reporting.counting import Counting, shares
from tenants.reporting.metrics import network, products
from tenants.reporting.metrics.products import THINGS
from tenants.reporting.scope import Scope
from tenants.reporting.tables import NO, YES
from tests.factories.counted import AS_OF, Several

FUND = "Invented Foundation"
OUTSIDE = {"outward": True, "funders": (FUND,)}
AGREED, OTHERS = {shares(FUND): YES}, {shares(FUND): NO}
PAIRS = Several(products.METRIC, network.METRIC)
JOINED = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
BEFORE, AFTER = date(2024, 6, 1), date(2025, 6, 1)
SUBMITTED, AWARDED = "proposal_submitted", "proposal_awarded"


@pytest.fixture
def agreed(circle):
    """Somebody who agreed to be shared with the funder, and joined first."""
    circle.program.funders = [FUND]
    person = circle.joined(created_at=JOINED)
    circle.agreed(person, purpose="funder_sharing", funder=FUND)
    return person


def known(circle, kind, *people, number="1R01HL000001-01", **more):
    told = {"kind": kind, "project_number": number, "visibility": "funder", **more}
    return circle.made(*people, **told)


def kinds(found, **part):
    """The products by kind."""
    return {key[0]: n for key, n in found("products", **part).items() if key[0] in PRODUCT_KINDS}


@pytest.mark.parametrize(
    ("hers", "another_s", "alone", "together"),
    [(SUBMITTED, AWARDED, {SUBMITTED: 1}, {}), (AWARDED, SUBMITTED, {AWARDED: 1}, {AWARDED: 1})],
)
def test_what_another_recorded_of_a_thing_never_makes_the_funder_s_part_say_more(
    circle, agreed, hers, another_s, alone, together
):
    other = circle.joined(created_at=JOINED)
    known(circle, hers, agreed)
    assert kinds(circle.counted(products, **OUTSIDE), **AGREED) == alone
    known(circle, another_s, other)
    found = circle.counted(products, **OUTSIDE)
    assert kinds(found, **AGREED) == together
    assert kinds(found) == {AWARDED: 1}, "whoever is told of it, it is one, and of one kind"
    assert kinds(found, **OTHERS) == ({} if together else {AWARDED: 1})


def test_a_thing_that_counts_with_a_cohort_of_those_who_did_not_agree_is_not_told_of(circle):
    circle.program.funders = [FUND]
    first, later = circle.joined(), circle.joined(cohort=1)
    circle.agreed(later, purpose="funder_sharing", funder=FUND)
    circle.made(first, later, visibility="funder")
    circle.made(later, visibility="funder")
    found = circle.counted(products, *circle.cohorts, by_cohort=True, **OUTSIDE)
    cohorts = [str(each.id) for each in circle.cohorts]
    assert [kinds(found, cohort=each) for each in cohorts] == [{"talk": 1}, {"talk": 1}]
    assert [kinds(found, cohort=each, **AGREED) for each in cohorts] == [{}, {"talk": 1}]


def test_whoever_knows_a_thing_as_of_another_kind_is_no_cover_for_who_makes_it_be_told(circle, agreed):
    many = [circle.joined() for _ in range(12)]
    circle.agreed(*many, purpose="funder_sharing", funder=FUND)
    known(circle, AWARDED, agreed)
    known(circle, SUBMITTED, *many)
    found = circle.counted(products, **OUTSIDE)
    assert kinds(found, **AGREED) == {AWARDED: 1}
    assert {dict(key).get(shares(FUND)) for key in found.few("products")} == {YES}


def test_the_day_of_what_two_made_is_the_first_that_one_of_them_knows(circle, agreed):
    second, other = (circle.joined(created_at=JOINED) for _ in range(2))
    circle.agreed(second, purpose="funder_sharing", funder=FUND)
    known(circle, AWARDED, agreed, second, date=AFTER)
    known(circle, SUBMITTED, other, date=BEFORE)
    told = circle.counted(PAIRS, **OUTSIDE)
    assert told("pairs", **AGREED) == {("after",): 1}
    assert told("pairs") == {("after",): 1, ("before",): 2}
    known(circle, SUBMITTED, second, number="5R01HL000001-02", date=BEFORE)
    assert circle.counted(PAIRS, **OUTSIDE)("pairs", **AGREED) == {("before",): 1}
    assert circle.counted(PAIRS)("pairs") == {("before",): 3}


def test_of_two_who_are_behind_one_thing_by_two_records_a_pair_is_made(circle, agreed):
    second = circle.joined(created_at=JOINED)
    known(circle, AWARDED, agreed, date=AFTER)
    known(circle, SUBMITTED, second, date=None)
    assert circle.counted(PAIRS)("pairs") == {("after",): 1}


def test_a_pool_is_given_what_those_know_who_agreed(circle, agreed):
    other = circle.joined()
    known(circle, AWARDED, agreed, doi="10.5555/hers")
    known(circle, SUBMITTED, other, doi="10.5555/another-s")
    known(circle, SUBMITTED, agreed, number="Invented 7")
    known(circle, AWARDED, other, number="Invented 7")
    circle.made(other, doi="10.5555/another", visibility="funder")
    scope = Scope(circle.session.tenant_id, circle.program.id, (circle.cohorts[0].id,), AS_OF, **OUTSIDE)
    counting = Counting(circle.session, scope)
    counting.count_people(circle.program.funders)
    products.METRIC.count(counting)
    (thing,) = counting.run(THINGS, funder=FUND)
    assert (thing.product_kind, thing.people) == (AWARDED, [agreed.membership_id])
    told = {"kind": AWARDED, "doi": "10.5555/hers", "pmid": None, "project_number": "1R01HL000001-01"}
    assert thing.records == [told]
