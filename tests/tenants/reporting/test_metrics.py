"""Each metric on a small cohort counted by hand."""

import datetime as dt
from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tenants.cohorts.models import Attribute, Cohort, Participant, ParticipantChange, Program
from tenants.kernel.ids import new_id
from tenants.outcomes.models import CareerEvent, Product, ProductContributor
from tenants.people.models import ConsentEntry, Membership
from tenants.reporting.metrics import METRICS, coverage, demographics, groups, products, reach, time_to_r01
from tenants.reporting.metrics.follow_up import APART, Career, FollowUp, follow_up
from tenants.reporting.scope import Scope
from tests.factories.matching import statements

AS_OF = date(2026, 9, 1)
DAY = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


class Circle:
    """A program with a cohort, to which people and what they did are added."""

    def __init__(self, session):
        self.session = session
        self.program = self.add(Program(name="Circles", labels={}))
        self.cohorts = [self.add(Cohort(program_id=self.program.id, name=str(n))) for n in range(2)]

    def add(self, row):
        self.session.add(row)
        self.session.flush()
        return row

    def scope(self, *cohorts, **audience):
        ids = tuple(cohort.id for cohort in cohorts or self.cohorts[:1])
        return Scope(self.session.tenant_id, self.program.id, ids, AS_OF, **audience)

    def joined(self, membership=None, *, cohort=0, **values):
        membership = membership or self.add(Membership(external_id=str(uuid4()), identifiers={}))
        return self.add(Participant(cohort_id=self.cohorts[cohort].id, membership_id=membership.id, **values))

    def changed(self, participant, state, at):
        self.add(ParticipantChange(participant_id=participant.id, source="api", state=state, created_at=at))

    def agreed(self, *participants, purpose, funder=None):
        for each in participants:
            entry = {"membership_id": each.membership_id, "program_id": self.program.id, "purpose": purpose}
            said = {"decision": "granted", "said_by": "institution", "wording_version": "Invented form"}
            self.add(ConsentEntry(**entry, **said, funder=funder))

    def knows(self, key, kind, **told):
        told = {"levels": [], "uses": ["demographics"], "open": False, **told}
        fixed = {"label": key, "required": False, "sensitive": False, "answered_by": "either"}
        self.add(Attribute(program_id=self.program.id, key=key, kind=kind, **fixed, **told))

    def did(self, participant, kind, day=None, **more):
        fields = {"visibility": "program", "natural_key": str(uuid4()), **more}
        self.add(CareerEvent(membership_id=participant.membership_id, kind=kind, date=day, **fields))

    def made(self, *participants, **more):
        fields = {"kind": "talk", "visibility": "program", "natural_key": str(uuid4()), **more}
        product = self.add(Product(**fields))
        for participant in participants:
            self.add(ProductContributor(product_id=product.id, membership_id=participant.membership_id))

    def grouped(self, *participants, left=(), state="active", at=DAY):
        group = new_id()
        known = {"tenant": self.session.tenant_id, "cohort": self.cohorts[0].id, "group": group, "at": at}
        self.session.execute(
            text(
                "INSERT INTO peer_group (tenant_id, id, cohort_id, name, state, created_at)"
                " VALUES (:tenant, :group, :cohort, 'A', :state, :at)"
            ),
            {**known, "state": state},
        )
        for participant in participants:
            member = {"id": new_id(), "who": participant.id, "membership": participant.membership_id}
            self.session.execute(
                text(
                    "INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id, created_at)"
                    " VALUES (:tenant, :id, :group, :who, :membership, :at)"
                ),
                {**known, **member},
            )
            if participant in left:
                self.session.execute(
                    text("UPDATE group_member SET left_at = :at WHERE tenant_id = :tenant AND id = :id"),
                    {**known, "id": member["id"]},
                )


@pytest.fixture
def circle(tenant, database):
    with database.tenant(tenant.id) as session:
        yield Circle(session)


def numbers(breakdown):
    """The cells that are not empty."""
    return {cell.label: (cell.count, cell.people) for cell in breakdown.cells if cell.count}


def test_reach_counts_each_person_once_in_the_state_of_the_report_s_date(circle):
    applied, placed_later = circle.joined(state="applied"), circle.joined(state="placed")
    circle.changed(placed_later, "eligible", DAY)
    circle.changed(placed_later, "placed", LATER)
    entered_later = circle.joined(state="withdrawn")
    circle.changed(entered_later, "invited", LATER)
    circle.changed(entered_later, "withdrawn", LATER + dt.timedelta(days=1))
    again = circle.session.get_one(Membership, (applied.tenant_id, applied.membership_id))
    circle.joined(again, cohort=1, state="completed")
    one = reach.compute(circle.session, circle.scope())["by_state"]
    assert numbers(one) == {"applied": (1, 1), "eligible": (1, 1), "invited": (1, 1)}
    both = reach.compute(circle.session, circle.scope(*circle.cohorts))["by_state"]
    assert numbers(both) == {"completed": (1, 1), "eligible": (1, 1), "invited": (1, 1)}
    assert (both.total.count, both.total.people) == (3, 3)


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
    tables = groups.compute(circle.session, circle.scope())
    assert numbers(tables["by_state"]) == {"active": (3, 8), "ended": (1, 2)}
    assert numbers(tables["by_size"]) == {"2": (3, 6), "3": (1, 3)}
    assert numbers(tables["by_size"].outward) == {"2-4": (4, 8)}
    assert numbers(tables["spread_institution"]) == {
        "all_different": (2, 6),
        "repeated": (1, 2),
        "unknown": (1, 2),
    }
    assert (tables["by_state"].total.count, tables["by_state"].total.people) == (4, 8)
    institution.uses = ["reporting", "demographics"]
    circle.session.flush()
    assert "spread_institution" not in groups.compute(circle.session, circle.scope())
    institution.uses = ["matching"]
    circle.session.flush()
    assert "spread_institution" not in groups.compute(circle.session, circle.scope())


def test_products_are_counted_once_with_the_people_of_the_scope_behind_them(circle):
    one, two = circle.joined(), circle.joined()
    elsewhere = circle.joined(cohort=1)
    circle.made(one, two, elsewhere, date=date(2026, 1, 1))
    circle.made(one, date=None, visibility="funder")
    circle.made(one, kind="dataset", date=AS_OF)
    circle.made(one, kind="dataset", date=AS_OF + dt.timedelta(days=1))
    circle.made(two, kind="policy", visibility="me")
    circle.made(two, kind="policy", visibility="group")
    circle.made(elsewhere, kind="panel")
    internal = products.compute(circle.session, circle.scope())["by_kind"]
    assert numbers(internal) == {"talk": (2, 2), "dataset": (1, 1)}
    assert (internal.total.count, internal.total.people, internal.population) == (3, 2, 2)
    public = products.compute(circle.session, circle.scope(audience="public"))["by_kind"]
    assert numbers(public) == {"talk": (1, 1)}


def test_a_report_for_a_funder_knows_only_those_who_agreed_to_be_shared_with_it(circle):
    circle.program.funders = ["Fund", "Trust"]
    people = [circle.joined() for _ in range(4)]
    circle.agreed(*people[:3], purpose="funder_sharing", funder="Fund")
    circle.agreed(people[3], purpose="funder_sharing", funder="Trust")
    circle.grouped(*people)
    circle.grouped(people[3])
    for person in people:
        circle.made(person, visibility="funder")
    fund = circle.scope(audience="funder", funder="Fund")
    assert numbers(reach.compute(circle.session, fund)["by_state"]) == {"eligible": (3, 3)}
    assert numbers(groups.compute(circle.session, fund)["by_size"]) == {"3": (1, 3)}
    assert numbers(products.compute(circle.session, fund)["by_kind"]) == {"talk": (3, 3)}
    assert numbers(coverage.compute(circle.session, fund)["left_out"]) == {"left_out": (1, 1)}
    for name in ("Nobody's", None):
        nobody = circle.scope(audience="funder", funder=name)
        assert numbers(reach.compute(circle.session, nobody)["by_state"]) == {}
    public = circle.scope(audience="public")
    assert numbers(reach.compute(circle.session, public)["by_state"]) == {"eligible": (4, 4)}


def test_outcomes_that_the_basis_does_not_cover_are_not_looked_at(circle):
    circle.program.bases = {**circle.program.bases, "outcomes": "consent"}
    asked, not_asked = circle.joined(), circle.joined()
    circle.agreed(asked, purpose="outcomes")
    for person in (asked, not_asked):
        circle.made(person, visibility="funder")
        circle.did(person, "award", date(2020, 1, 1), code="K23")
    inward, public = circle.scope(), circle.scope(audience="public")
    for scope in (inward, public):
        assert numbers(products.compute(circle.session, scope)["by_kind"]) == {"talk": (1, 1)}
        followed = time_to_r01.compute(circle.session, scope)["curve"].people
        assert numbers(followed) == {"not_followed": (1, 1)}
    assert reach.compute(circle.session, inward)["by_state"].total.count == 2
    assert reach.compute(circle.session, public)["by_state"].total.count == 1
    told = coverage.compute(circle.session, inward)
    assert numbers(told["outcomes"]) == {"covered": (1, 1), "not_asked": (1, 1)}
    assert numbers(told["demographics"]) == {"not_asked": (2, 2)}
    assert numbers(coverage.compute(circle.session, public)["left_out"]) == {"left_out": (1, 1)}


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
    found = demographics.compute(circle.session, circle.scope())
    assert {key: numbers(table) for key, table in found.items()} == {
        "field": {
            "answered: a": (1, 1), "answered: b": (1, 1), "other answers": (1, 1), "declined": (1, 1),
            "not asked": (1, 1),
        },
        "origin": {
            "answered: a": (1, 1), "several answers": (1, 1), "no answer applies": (1, 1), "other answers": (1, 1),
            "not asked": (1, 1),
        },
        "parent": {
            "answered: true": (1, 1), "answered: false": (1, 1), "declined": (1, 1), "not asked": (2, 2)
        },
    }  # fmt: skip
    assert {(table.total.count, table.among) for table in found.values()} == {(5, 6)}
    circle.agreed(silent, purpose="demographics")
    again = demographics.compute(circle.session, circle.scope())
    assert numbers(again["origin"])["declined"] == (1, 1)


def test_time_to_r01_follows_people_on_one_clock_and_counts_the_others_apart(circle):
    start = date(2020, 1, 1)
    seen = {"until": date(2026, 1, 1), "sample": "complete"}

    def person(*awards, observed=True, k=start, since=start, **more):
        participant = circle.joined()
        if k:
            circle.did(participant, "award", k, code="K23")
        for day, code in awards:
            circle.did(participant, "award", day, code=code, before_first_k=more.get("flag", False))
        if observed:
            circle.did(participant, "observation", since, **{**seen, **more.get("observation", {})})

    person((date(2022, 1, 1), "R01"), (date(2021, 1, 1), "R21"))
    person((date(2024, 1, 1), "DP2"), (date(2025, 1, 1), "R01"), since=date(2021, 1, 1))
    person()
    person((date(2026, 2, 1), "R01"))  # after the end of the observation: censored
    person(k=None)
    person(observed=False)
    person((date(2022, 1, 1), "R01"), observation={"sample": "survivors"})
    person((date(2019, 1, 1), "R01"))
    person((None, "R01"), flag=True)
    person((None, "R01"))
    person((date(2020, 6, 1), "R01"), since=date(2021, 1, 1))
    person(observation={"until": start})
    table = time_to_r01.compute(circle.session, circle.scope())["curve"]
    assert numbers(table.people) == {
        "followed": (4, 4),
        "no_first_k": (1, 1),
        "not_followed": (1, 1),
        "survivors_sample": (1, 1),
        "earlier": (2, 2),
        "undated": (1, 1),
        "before_entry": (1, 1),
        "no_follow_up": (1, 1),
    }
    years = [731 / 365.25, 1461 / 365.25, 2192 / 365.25]
    assert table.curve.time == pytest.approx(years)
    assert table.curve.entry == pytest.approx((0, 0, 0, 366 / 365.25))
    assert table.curve.at_risk == (4, 3, 2)
    assert table.curve.events == (1, 1, 0)
    assert table.curve.censored == (0, 0, 2)
    assert table.curve.survival == pytest.approx((3 / 4, 1 / 2, 1 / 2))
    assert table.curve.median == pytest.approx(years[1])


def test_awards_after_the_report_s_date_are_not_known_yet(circle):
    participant = circle.joined()
    circle.did(participant, "award", date(2026, 1, 1), code="K01")
    circle.did(participant, "award", date(2026, 10, 1), code="R01")
    circle.did(participant, "observation", date(2026, 1, 1), until=date(2027, 1, 1), sample="complete")
    table = time_to_r01.compute(circle.session, circle.scope())["curve"]
    assert (table.curve.events, table.curve.censored) == ((0,), (1,))
    assert table.curve.time == pytest.approx([(AS_OF - date(2026, 1, 1)).days / 365.25])


def test_nobody_is_a_cohort_too(circle):
    for metric in METRICS:
        for table in metric.compute(circle.session, circle.scope()).values():
            breakdown = getattr(table, "people", table)
            assert breakdown.total.count == sum(cell.count for cell in breakdown.cells) == 0


@pytest.mark.parametrize("audience", [{}, {"audience": "public"}, {"audience": "funder", "funder": "Fund"}])
def test_no_statement_reads_people_without_asking_the_ledger(circle, database, audience):
    circle.knows("parent", "boolean")
    circle.joined()
    outcomes, people = ("career_event", "product_contributor"), (" participant ", " group_member ")
    with statements(database) as asked:
        for metric in METRICS:
            metric.compute(circle.session, circle.scope(**audience))
    reading = [each for each in asked if any(table in each for table in (*outcomes, "p.attributes -> k.key"))]
    outward = [each for each in asked if any(table in each for table in people)]
    assert len(reading) == 3
    assert len(outward) > 5
    for statement in [*reading, *(outward if audience else ())]:
        assert "FROM consent_entry" in statement


def test_a_metric_asks_as_often_for_many_people_as_for_none(circle, database):
    def number():
        with statements(database) as asked:
            for metric in METRICS:
                metric.compute(circle.session, circle.scope())
        return len(asked)

    before = number()
    for _ in range(20):
        participant = circle.joined()
        circle.made(participant)
        circle.did(participant, "award", AS_OF, code="K01")
    circle.session.flush()
    assert number() == before <= 12


days = st.none() | st.dates(date(2010, 1, 1), date(2030, 1, 1))


@given(
    career=st.builds(
        Career,
        first_k=days,
        first_r=days,
        earlier=st.booleans(),
        undated=st.booleans(),
        since=days,
        until=days,
        sample=st.sampled_from((None, "complete", "survivors")),
    ),
    as_of=st.dates(date(2010, 1, 1), date(2030, 1, 1)),
)
def test_whoever_is_followed_was_seen_from_entry_to_exit_in_a_complete_sample(career, as_of):
    found = follow_up(career, as_of)
    if isinstance(found, str):
        assert found in APART
        return
    assert isinstance(found, FollowUp)
    assert 0 <= found.entry < found.exit
    assert career.sample == "complete"
    assert not career.earlier
    assert not career.undated
    assert found.exit <= (min(career.until, as_of) - career.first_k).days / 365.25
    if not found.event:
        assert career.first_r is None or career.first_r > min(career.until, as_of)
