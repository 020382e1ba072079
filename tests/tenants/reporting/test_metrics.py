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
from tenants.reporting.counting import Counting, shares
from tenants.reporting.metrics import METRICS, coverage, demographics, groups, products, reach, time_to_r01
from tenants.reporting.metrics.follow_up import APART, Career, FollowUp, follow_up
from tenants.reporting.scope import Scope
from tenants.reporting.suppression.model import Printed, key_of
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import YES
from tests.factories.matching import statements

AS_OF = date(2026, 9, 1)
DAY = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


class Tables:
    """The tables that were counted, as they are before anything is hidden."""

    def __init__(self, found, digest):
        self.all = found.tables
        self.exact = found.exact
        self.digest = digest

    def __call__(self, name, **part):
        """The cells of a table that are not empty, in one part of its spread."""
        table = next(each for each in self.all if each.name == name)
        cells = {key: number for key, number in table.whole(AS_OF).cells.items() if number.value}
        if part:
            whole = {key_of({**dict(table.within), **dict(key), **part}): key for key in table.keys()}  # noqa: SIM118 - it is no mapping
            cells = {
                whole[key]: number for key, number in sums(table).items() if key in whole and number.value
            }
        return {tuple(code for _, code in key): number.value for key, number in cells.items() if key}

    def few(self, name):
        return next(each for each in self.all if each.name == name).few


def sums(table):
    """Every cell with what it is a part of."""
    system = system_of((table.shape,))
    return dict(zip(system.keys, map(Printed, system.values(table.counts).tolist()), strict=True))


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

    def counted(self, metric, *cohorts, **parts):
        """What a metric counts, by name of the table and, outside, of the funder whose part is told."""
        ids = tuple(cohort.id for cohort in cohorts or self.cohorts[:1])
        scope = Scope(self.session.tenant_id, self.program.id, ids, AS_OF, **parts)
        with self.session.begin_nested() as savepoint:
            counting = Counting(self.session, scope)
            counting.count_people(self.program.funders)
            found = metric.METRIC.count(counting)
            savepoint.rollback()
        return Tables(found, counting.digest)

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
    assert internal("products") == {("talk",): 2, ("dataset",): 1}
    assert internal("contributors") == {("2-4",): 1, ("1",): 1}
    public = circle.counted(products, outward=True)
    assert public("products") == {("talk",): 1}


def test_what_leaves_is_told_by_the_cohort_joined_last_and_to_funders_that_were_agreed_to(circle):
    circle.program.funders = ["Fund", "Trust"]
    people = [circle.joined() for _ in range(4)]
    circle.joined(
        circle.session.get_one(Membership, (people[0].tenant_id, people[0].membership_id)), cohort=1
    )
    circle.agreed(*people[:3], purpose="funder_sharing", funder="Fund")
    circle.agreed(people[3], purpose="funder_sharing", funder="Trust")
    circle.grouped(*people)
    circle.grouped(people[3])
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
    assert made("products") == {("talk",): 3}
    assert made("products", **fund) == {("talk",): 2}
    assert made("products", cohort=second) == {("talk",): 1}, (
        "of whoever joined first, in the cohort joined last"
    )


def test_things_with_few_people_behind_them_are_marked_in_every_margin(circle):
    people = [circle.joined() for _ in range(12)]
    for person in people:
        circle.made(person, visibility="funder")
    for _ in range(20):
        circle.made(people[0], kind="dataset", visibility="funder")
    few = circle.counted(products, outward=True).few("products")
    assert {dict(key).get("product_kind") for key in few} == {"dataset"}


def test_outcomes_that_the_basis_does_not_cover_are_not_looked_at(circle):
    circle.program.bases = {**circle.program.bases, "outcomes": "consent"}
    asked, not_asked = circle.joined(), circle.joined()
    circle.agreed(asked, purpose="outcomes")
    for person in (asked, not_asked):
        circle.made(person, visibility="funder")
        circle.did(person, "award", date(2020, 1, 1), code="K23")
    for outward in (False, True):
        assert circle.counted(products, outward=outward)("products") == {("talk",): 1}
        assert circle.counted(time_to_r01, outward=outward)("follow_up") == {("not_followed",): 1}
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
    found = circle.counted(time_to_r01)
    assert found("follow_up") == {
        ("followed",): 4,
        ("no_first_k",): 1,
        ("not_followed",): 1,
        ("survivors_sample",): 1,
        ("earlier",): 2,
        ("undated",): 1,
        ("before_entry",): 1,
        ("no_follow_up",): 1,
    }
    exits = found("exits")
    assert {key: number for key, number in exits.items() if len(key) == 2 and "-" not in key[0]} == {
        ("y3", "award"): 1,
        ("y4", "award"): 1,
        ("y7", "end"): 2,
    }
    assert (exits["y0-3", "award"], exits["y0-5", "award"], exits["award",]) == (1, 2, 2)
    assert found("entries")["start",] == 3
    assert found("entries")["y2",] == 1
    (series,) = found.exact[0]["series"]
    years = [0, 731 / 365.25, 1461 / 365.25, 2192 / 365.25]
    assert [point["x"] for point in series["points"]] == pytest.approx(years)
    assert [point["at_risk"] for point in series["points"]] == [3, 4, 3, 2]
    assert [point["y"] for point in series["points"]] == pytest.approx([0, 1 / 4, 1 / 2, 1 / 2])
    assert series["median"]["estimate"] == pytest.approx(years[2])


def test_awards_after_the_report_s_date_are_not_known_yet(circle):
    participant = circle.joined()
    circle.did(participant, "award", date(2026, 1, 1), code="K01")
    circle.did(participant, "award", date(2026, 10, 1), code="R01")
    circle.did(participant, "observation", date(2026, 1, 1), until=date(2027, 1, 1), sample="complete")
    found = circle.counted(time_to_r01)
    assert found("exits")["y1", "end"] == 1
    assert ("award",) not in found("exits")


def test_nobody_is_a_cohort_too(circle):
    for metric in METRICS:
        for outward in (False, True):
            for table in circle.counted(Module(metric), outward=outward).all:
                assert set(system_of((table.shape,)).values(table.counts)) == {0}


class Module:
    """Where a metric stands."""

    def __init__(self, metric):
        self.METRIC = metric


@pytest.mark.parametrize("parts", [{}, {"outward": True}, {"outward": True, "funders": ("Fund",)}])
def test_no_statement_reads_people_without_asking_the_ledger(circle, database, parts):
    circle.knows("parent", "boolean")
    circle.program.funders = ["Fund"]
    circle.joined()
    circle.session.flush()
    outcomes, people = ("career_event", "product_contributor"), (" participant ", " group_member ")
    with statements(database) as asked:
        for metric in METRICS:
            circle.counted(Module(metric), **parts)
    reading = [each for each in asked if any(table in each for table in (*outcomes, "attributes -> "))]
    outward = [each for each in asked if any(table in each for table in people)]
    assert len(reading) == 3
    assert len(outward) > 5
    for statement in [*reading, *(outward if parts else ())]:
        assert "FROM consent_entry" in statement or "FROM counted WHERE covered" in statement


def test_a_metric_asks_as_often_for_many_people_as_for_none(circle, database):
    def number():
        with statements(database) as asked:
            for metric in METRICS:
                circle.counted(Module(metric))
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
    circle.program.funders = ["Fund"]
    before = circle.counted(products, outward=True).digest
    circle.agreed(second, purpose="funder_sharing", funder="Fund")
    circle.session.flush()
    assert circle.counted(products, outward=True).digest != before


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
