"""Whoever a program's basis does not cover is in nothing that a job reads; with real workers."""

from uuid import UUID

import pytest
from sqlalchemy import text

from tenants.kernel.rows import row_of
from tenants.matching.models import MatchingRun
from tenants.matching.questions import question, question_of_proposal
from tests.factories.consents import bases, funders, on_paper, participant_as_member, says
from tests.factories.matching import every, partition, ready_to_match, statements
from tests.factories.participants import add_participants
from tests.factories.reports import cells

FUND = "Invented Foundation"
NONE = {"not_asked": 0, "objected": 0, "withdrawn": 0}
POISON = {"rank": "no level at all"}
"""A value that fails every run that reads it."""
BY_RANK = {"terms": [{"attribute": "rank", "prefer": "similar"}], "rules": []}


@pytest.fixture
def objects(app, tenant):
    """Let the person of a participant object to a purpose of a program."""

    def say(ready, participant_id, purpose="matching"):
        member = participant_as_member(app, tenant, participant_id)
        assert says(member, ready.program_id, purpose, "objected").status_code == 201
        return member

    return say


def refused(answer):
    return answer.status_code, answer.get_json()["code"]


def seen_in(api, url):
    """Everybody whom a run shows anywhere."""
    shown = {each["participant_id"] for each in every(api, f"{url}/unplaced")}
    return shown.union(*partition(api, url))


def test_a_run_does_not_read_who_objected_and_says_how_many(tenant, database, proposed, objects):
    ready = ready_to_match(tenant, database, people=20, **BY_RANK)
    (silent,) = add_participants(database, tenant.id, ready.cohort_id, [POISON], prefix="Q")
    _, run = proposed(ready)
    assert run["error"]["code"] == "invalid_value"
    member = objects(ready, silent)
    url, run = proposed(ready)
    assert (run["state"], run["placed_count"], run["unplaced_count"]) == ("succeeded", 20, 0)
    assert run["left_out"] == {**NONE, "objected": 1}
    assert run["reasons"] == ["1 person is left out: the basis of matching does not cover them."]
    assert seen_in(tenant.api, url) == set(ready.participants)
    assert says(member, ready.program_id, "matching", "granted").status_code == 201
    assert proposed(ready)[1]["error"]["code"] == "invalid_value"
    assert says(member, ready.program_id, "matching", "withdrawn").status_code == 201
    assert proposed(ready)[1]["left_out"] == {**NONE, "withdrawn": 1}


def test_under_consent_whoever_was_not_asked_is_not_read_and_the_change_holds_at_once(
    tenant, database, proposed
):
    ready = ready_to_match(tenant, database, people=20, **BY_RANK)
    add_participants(database, tenant.id, ready.cohort_id, [POISON] * 3, prefix="Q")
    bases(tenant.api, ready.program_id, matching="consent")
    _, run = proposed(ready)
    assert (run["state"], run["left_out"]) == ("infeasible", {**NONE, "not_asked": 23})
    on_paper(tenant.api, ready.cohort_id, [f"P{number}" for number in range(12)], "matching")
    on_paper(tenant.api, ready.cohort_id, ["Q0"], "contact")
    url, run = proposed(ready)
    assert (run["state"], run["left_out"]) == ("succeeded", {**NONE, "not_asked": 11})
    assert seen_in(tenant.api, url) == set(ready.participants[:12])
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    bases(tenant.api, ready.program_id, matching="institution")
    assert proposed(ready)[1]["error"]["code"] == "invalid_value"


def test_what_the_solver_is_handed_and_every_row_that_is_read_are_without_them(
    tenant, database, proposed, objects
):
    ready = ready_to_match(tenant, database, people=12)
    silent = ready.participants[5]
    url, _ = proposed(ready)
    objects(ready, silent)
    with database.tenant(tenant.id) as session, statements(database) as asked:
        run = row_of(session, MatchingRun, UUID(url.rpartition("/")[2]))
        found = question(session, run)
    assert UUID(silent) not in found.people
    assert "P5" not in found.pool.ids
    assert len(found.people) == len(found.pool.ids) == 11
    reading = [each for each in asked if "participant.attributes" in each]
    assert reading
    assert all("FROM consent_entry" in each and "s.covered" in each for each in reading)


def test_a_proposal_with_somebody_who_has_objected_since_is_stale(tenant, database, proposed, objects):
    ready = ready_to_match(tenant, database, people=12)
    url, _ = proposed(ready)
    objects(ready, ready.participants[0])
    assert refused(tenant.api.post(f"{url}/acceptance")) == (409, "stale_run")
    moved = {"moves": [{"participant_id": ready.participants[0], "position": None}]}
    answer = tenant.api.post(f"{url}/adjustments", json=moved)
    assert answer.get_json()["errors"][0]["pointer"] == "/moves/0/participant_id"
    with database.tenant(tenant.id) as session:
        run = row_of(session, MatchingRun, UUID(url.rpartition("/")[2]))
        with pytest.raises(Exception, match="covers 1 of its people no longer"):
            question_of_proposal(session, run)


def test_an_adjustment_leaves_out_who_has_objected_since(tenant, database, proposed, finished, objects):
    ready = ready_to_match(tenant, database, people=14, size={"min": 4, "max": 7}, rules=[])
    url, _ = proposed(ready)
    objects(ready, ready.participants[0])
    locked = {"locked": [ready.participants[1]]}
    adjusted = tenant.api.post(f"{url}/adjustments", json=locked)
    assert adjusted.status_code == 202, adjusted.get_json()
    run = finished(tenant.api, adjusted.headers["Location"])
    assert (run["state"], run["left_out"]) == ("succeeded", {**NONE, "objected": 1})
    assert seen_in(tenant.api, adjusted.headers["Location"]) == set(ready.participants[1:])


def test_a_group_with_somebody_who_objected_stays_as_it_is(tenant, database, proposed, objects):
    ready = ready_to_match(tenant, database, people=12, size={"min": 3, "max": 7}, rules=[])
    url, _ = proposed(ready)
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    before = members(tenant.api, ready)
    silent = ready.participants[0]
    (closed,) = (group_id for group_id, people in before.items() if silent in people)
    objects(ready, silent)
    add_participants(database, tenant.id, ready.cohort_id, [{"award": "K01"}], prefix="N")
    url, run = proposed(ready, keep_groups={})
    assert (run["state"], run["left_out"]) == ("succeeded", {**NONE, "objected": 1})
    assert not seen_in(tenant.api, url) & before[closed]
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    after = members(tenant.api, ready)
    assert after[closed] == before[closed]
    assert sum(map(len, after.values())) == 13


def members(api, ready):
    """Who is in each group, by its id."""
    return {
        group["id"]: {
            each["participant_id"]
            for each in every(api, f"/v1/groups/{group['id']}/members")
            if each["left_at"] is None
        }
        for group in every(api, f"/v1/groups?cohort_id={ready.cohort_id}")
    }


def test_nobody_who_objected_is_drawn_to_start_now_or_later(tenant, database, proposed, objects):
    ready = ready_to_match(tenant, database, people=24, rules=[])
    silent = ready.participants[3]
    objects(ready, silent)
    url, run = proposed(ready, randomise={"design": "waitlist", "share": 0.5})
    assert run["left_out"]["objected"] == 1
    assert seen_in(tenant.api, url) == set(ready.participants) - {silent}
    later = every(tenant.api, f"{url}/unplaced")[0]["participant_id"]
    objects(ready, later)
    assert refused(tenant.api.post(f"{url}/acceptance")) == (409, "stale_run")


@pytest.fixture
def outcomes(tenant, database):
    """A cohort of 40 people, each of whom has given a talk that a funder may know of."""
    ready = ready_to_match(tenant, database, people=40)
    for participant_id in ready.participants:
        member = tenant.api.get(f"/v1/participants/{participant_id}").get_json()["membership_id"]
        talk = {"kind": "talk", "title": f"Invented {member}", "visibility": "funder"}
        made = tenant.api.post("/v1/products", json={**talk, "membership_ids": [member]})
        assert made.status_code == 201, made.get_json()
    return ready


@pytest.fixture
def report(tenant, finished):
    """Order a report on a cohort, wait for it, and read it."""

    def run(ready, audience, **more):
        order = {"cohort_id": ready.cohort_id, "audience": audience, **more}
        ordered = tenant.api.post("/v1/reports", json=order)
        assert ordered.status_code == 202, ordered.get_json()
        url = ordered.headers["Location"]
        assert finished(tenant.api, url)["state"] == "succeeded"
        return tenant.api.get(f"{url}/files/json").get_json()

    return run


def totals(found):
    """People in reach, products, and people by their products, as a report shows them."""
    return tuple(cells(found, table)[()] for table in ("states", "products", "contributors"))


def test_reports_leave_out_the_outcomes_of_whoever_objected(tenant, outcomes, report, objects):
    ready = outcomes
    for participant_id in ready.participants[:12]:
        objects(ready, participant_id, "outcomes")
    inside = report(ready, "internal")
    assert totals(inside) == (40, 28, 28)
    standing = {key: number for key, number in cells(inside, "outcomes_standing").items() if number}
    assert standing == {("covered",): 28, ("objected",): 12, (): 40}
    outside = report(ready, "public")
    assert totals(outside) == (28, 28, 28)
    assert cells(outside, "coverage") == {("yes",): 28, ("no",): 12, (): 40}


def test_a_report_for_a_funder_is_about_those_alone_who_agreed_to_be_shared_with_it_by_name(
    app, tenant, outcomes, report
):
    ready = outcomes
    # Without any one institution's four, enough are left on either side to be told of.
    some = [f"P{n}" for n in range(26)]
    funders(tenant.api, ready.program_id, FUND, "Another")
    assert totals(report(ready, "funder", funder=FUND)) == (0, 0, 0)
    on_paper(tenant.api, ready.cohort_id, some, "funder_sharing", funder=FUND)
    assert totals(report(ready, "funder", funder=FUND)) == (26, 26, 26)
    assert totals(report(ready, "funder", funder="Another")) == (0, 0, 0)
    member = participant_as_member(app, tenant, ready.participants[0])
    assert says(member, ready.program_id, "funder_sharing", "withdrawn", funder=FUND).status_code == 201
    again = report(ready, "funder", funder=FUND)
    assert totals(again) == (26, 26, 26), "one person less is not told"
    frozen = [
        table for section in again["sections"] for table in section["tables"] if table["name"] == "states"
    ]
    assert next(cell["frozen"] for cell in frozen[0]["cells"] if not cell["at"])


def test_demographic_answers_of_whoever_did_not_agree_are_not_counted(tenant, database, report):
    ready = ready_to_match(tenant, database, people=0)
    parent = {"key": "parent", "label": "Parent", "kind": "boolean", "uses": ["demographics"]}
    assert tenant.api.post(f"/v1/programs/{ready.program_id}/attributes", json=parent).status_code == 201
    people = [{"parent": number % 2 == 0} for number in range(40)] + [{"parent": None}] * 12 + [{}] * 12
    add_participants(database, tenant.id, ready.cohort_id, people)

    def answered(audience):
        found = cells(report(ready, audience), "demographics_parent")
        return {key[0] if key else "total": number for key, number in found.items()}

    nobody = dict.fromkeys(("answer:true", "answer:false", "other", "declined", "not_asked"), 0)
    assert answered("internal") == {**nobody, "not_agreed": 64, "total": 64}
    on_paper(tenant.api, ready.cohort_id, [f"P{number}" for number in range(64)], "demographics")
    whole = {"answer:true": 20, "answer:false": 20, "other": 0, "declined": 12, "not_asked": 12}
    all_agreed = {**whole, "not_agreed": 0, "total": 64}
    assert answered("internal") == answered("public") == all_agreed
    add_participants(database, tenant.id, ready.cohort_id, [{"parent": True}] * 5, prefix="Q")
    assert answered("internal") == {**whole, "not_agreed": 5, "total": 69}
    assert answered("public") == all_agreed, "that there are five more is not told"
    add_participants(database, tenant.id, ready.cohort_id, [{"parent": True}] * 6, prefix="R")
    assert answered("public") == {**whole, "not_agreed": 11, "total": 75}


def test_the_ledger_of_another_tenant_changes_nothing_here(tenant, database, new_tenant, app, proposed):
    ready = ready_to_match(tenant, database, people=12)
    other = new_tenant()
    there = ready_to_match(other, database, people=1)
    member = participant_as_member(app, other, there.participants[0])
    assert says(member, there.program_id, "matching", "objected").status_code == 201
    assert proposed(ready)[1]["left_out"] == NONE
    with database.tenant(tenant.id) as session:
        assert session.scalar(text("SELECT count(*) FROM consent_entry")) == 0
