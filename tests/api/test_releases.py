"""Releases between a funder and an institution, built by real workers. Everybody is invented."""

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import update

from tenants.kernel.jobs import Job
from tenants.reporting.models import FORMATS, ReportFile
from tenants.reporting.remaking import remade
from tests.cli.test_commands import run
from tests.conftest import eventually
from tests.factories.consents import says
from tests.factories.events import sealed
from tests.factories.matching import every
from tests.factories.people import holder, member_of
from tests.factories.releases import FUND, agreed, offered, program_for, slug_of, stepped, written

STATES = "states"
APPROVER = "A client of Invented Society"
FAR = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def funder(new_tenant):
    return new_tenant()


@pytest.fixture
def program(tenant):
    """The institution's program and its cohort, with forty people who agreed to be shared with the funder."""
    return program_for(tenant, people=40)


@pytest.fixture
def built(tenant, finished):
    """Draft a release and wait for its report."""

    def run(**body):
        made = tenant.api.post("/v1/releases", json=body)
        assert made.status_code == 201, made.get_json()
        release = made.get_json()
        assert finished(tenant.api, f"/v1/reports/{release['report_id']}")["state"] == "succeeded"
        return release["id"]

    return run


def cell(document, table, at=None):
    tables = [each for section in document["sections"] for each in section["tables"] if each["name"] == table]
    return next(each for each in tables[0]["cells"] if each["at"] == (at or {}))


def kinds(tenant):
    """The types of the events of a tenant."""
    sealed(tenant.api.application.extensions["database"], tenant.id)
    return [each["type"] for each in every(tenant.api, "/v1/events")]


def test_a_release_goes_its_way_to_the_funder_who_returns_it_and_accepts_its_correction(
    tenant, funder, program, built, database, environment
):
    agreement = agreed(funder, tenant, program["program_id"])
    release = built(sharing_agreement_id=agreement)
    url = f"/v1/releases/{release}"
    assert tenant.api.post(f"{url}/approval").get_json()["code"] == "wrong_state"
    assert tenant.api.post(f"{url}/sending").get_json()["code"] == "wrong_state"
    assert every(funder.api, "/v1/received-reports") == []
    sent = stepped(tenant.api, release)
    assert (sent["state"], sent["addressee_name"], sent["nil"]) == ("sent", "Invented Society", False)
    assert sent["coverage"]["text"] == "40 of 40 people are counted."
    (arrived,) = every(funder.api, "/v1/received-reports")
    assert (arrived["id"], arrived["state"], arrived["funder"]) == (release, "received", FUND)
    assert arrived["coverage"] == sent["coverage"]
    files = f"/v1/received-reports/{release}/files"
    for form in FORMATS:
        theirs = tenant.api.get(f"/v1/reports/{sent['report_id']}/files/{form}").data
        received = funder.api.get(f"{files}/{form}")
        assert received.data == theirs
        same = {"If-None-Match": received.headers["ETag"]}
        assert funder.api.get(f"{files}/{form}", headers=same).status_code == 304
    cover = funder.api.get(f"{files}/json").get_json()["cover"]
    assert cover["approved_by"] == {"name": APPROVER, "at": sent["approved_at"][:10]}
    assert funder.api.get(f"/v1/reports/{sent['report_id']}").status_code == 404
    assert funder.api.get(url).status_code == 404
    back = f"/v1/received-reports/{release}/return"
    assert funder.api.post(back, json={}).status_code == 422
    assert funder.api.post(back, json={"comment": "Who is new?"}).get_json()["state"] == "returned"
    assert funder.api.post(back, json={"comment": "Again"}).get_json()["code"] == "answered"
    found = tenant.api.get(url).get_json()
    assert (found["state"], found["comment"]) == ("returned", "Who is new?")
    program["add"](30, start=40)
    again = built(sharing_agreement_id=agreement, supersedes_id=release)
    corrected = stepped(tenant.api, again)
    assert tenant.api.get(url).get_json()["state"] == "superseded"
    cells = funder.api.get(f"/v1/received-reports/{again}/corrections").get_json()["cells"]
    assert cells == tenant.api.get(f"/v1/releases/{again}/corrections").get_json()["cells"]
    assert corrected["corrected_cells"] == len(cells) > 0
    (total,) = [each for each in cells if (each["table"], each["at"]) == (STATES, {})]
    assert (total["before"]["value"], total["after"]["value"]) == (40, 70)
    assert funder.api.post(f"/v1/received-reports/{again}/acceptance", json={}).status_code == 201
    assert tenant.api.get(f"/v1/releases/{again}").get_json()["state"] == "accepted"
    states = {each["id"]: each["state"] for each in every(funder.api, "/v1/received-reports")}
    assert states == {release: "superseded", again: "accepted"}
    with database.tenant(tenant.id) as session:
        assert all(remade(session, report_id=each["report_id"]) for each in (sent, corrected))
    asked = ("release", "remake", corrected["report_id"], "--tenant", str(tenant.id))
    again = run(*asked, **environment)
    assert (again.returncode, again.stdout) == (0, "The same files.\n"), again.stderr
    told = ["release.sent", "release.returned", "release.accepted"]
    assert [each for each in kinds(tenant) if each in told] == [told[0], told[1], told[0], told[2]]
    assert kinds(funder).count("received_report.received") == 2


def test_what_was_sent_stands_and_the_next_leaves_out_who_withdrew(app, tenant, funder, program, built):
    agreement = agreed(funder, tenant, program["program_id"], metrics=["coverage", "reach"])
    people = [
        row["membership_id"]
        for row in every(tenant.api, f"/v1/cohorts/{program['cohort_id']}/participants?limit=100")
    ]
    one = member_of(app, tenant.id, membership_id=UUID(people[0]))
    first = built(sharing_agreement_id=agreement)
    viewer = holder(app, funder.id, "report_viewer").api
    assert every(one.api, "/v1/me/shared") == []
    stepped(tenant.api, first)
    (mine,) = every(one.api, "/v1/me/shared")
    assert (mine["sent_to"], mine["funder"], mine["with_outcomes"]) == ("Invented Society", FUND, True)
    pulled = viewer.get(f"/v1/received-reports/{first}/files/json")
    assert [each["id"] for each in pulled.get_json()["sections"]] == ["coverage", "reach"]
    waiting = built(sharing_agreement_id=agreement)
    for each in people[:12]:
        member = one if each == people[0] else member_of(app, tenant.id, membership_id=UUID(each))
        said = says(member, program["program_id"], "funder_sharing", "withdrawn", funder=FUND)
        assert said.status_code == 201, said.get_json()
    url = f"/v1/releases/{waiting}"
    for step in ("review", "approval"):
        assert tenant.api.post(f"{url}/{step}").status_code == 201
    written(tenant.api, tenant.api.get(url).get_json())
    stale = tenant.api.post(f"{url}/sending")
    assert (stale.status_code, stale.get_json()["code"]) == (409, "out_of_date")
    report = tenant.api.post(f"{url}/redraft").get_json()
    assert (report["state"], report["approved_by"]) == ("drafted", None)
    eventually(
        lambda: tenant.api.get(f"/v1/reports/{report['report_id']}").get_json()["state"] == "succeeded"
    )
    stepped(tenant.api, waiting)
    assert viewer.get(f"/v1/received-reports/{first}/files/json").data == pulled.data
    later = viewer.get(f"/v1/received-reports/{waiting}/files/json").get_json()
    assert (cell(pulled.get_json(), STATES)["value"], cell(later, STATES)["value"]) == (40, 28)
    rows = {each["shared_at"]: each["with_outcomes"] for each in every(one.api, "/v1/me/shared")}
    assert [rows[moment] for moment in sorted(rows)] == [True, False]
    assert viewer.post(f"/v1/received-reports/{waiting}/acceptance", json={}).status_code == 403
    assert viewer.get("/v1/releases").get_json()["items"] == []


def test_nobody_of_the_tenant_can_list_who_was_counted(tenant, funder, program, built, database):
    built(sharing_agreement_id=agreed(funder, tenant, program["program_id"]))
    counted = "SELECT count(*) FROM counted_person"
    with database.tenant(tenant.id) as session:
        assert session.connection().exec_driver_sql(counted).scalar_one() == 0
        assert session.connection().exec_driver_sql("DELETE FROM counted_person").rowcount == 0
    member = every(tenant.api, f"/v1/cohorts/{program['cohort_id']}/participants?limit=100")[0][
        "membership_id"
    ]
    with database.tenant(tenant.id, membership_id=UUID(member)) as session:
        assert session.connection().exec_driver_sql(counted).scalar_one() == 1


def test_the_institution_alone_learns_who_is_on_the_funders_list(tenant, funder, program):
    member = every(tenant.api, f"/v1/cohorts/{program['cohort_id']}/participants?limit=100")[0][
        "membership_id"
    ]
    award = {"kind": "award", "code": "K23", "date": "2024-05-01", "membership_id": member}
    made = tenant.api.post("/v1/career-events", json={**award, "project_number": "5K23XX000001-02"})
    assert made.status_code == 201, made.get_json()
    agreement = offered(funder, tenant, awards=["1K23XX000001-01", "K23XX000002"])
    url = f"/v1/sharing-agreements/{agreement}"
    (match,) = every(tenant.api, f"{url}/matches")
    assert (match["membership_id"], match["project_number"]) == (member, "5K23XX000001-02")
    assert funder.api.get(f"{url}/matches").get_json()["code"] == "not_yours"
    assert every(tenant.api, "/v1/sharing-agreements")[0]["program_id"] is None
    signed = {"decision": "signed", "program_id": program["program_id"]}
    assert tenant.api.put(f"{url}/signature", json=signed).get_json()["program_id"] == program["program_id"]
    theirs = funder.api.get(url).get_json()
    assert (theirs["state"], theirs["program_id"], theirs["next_due_on"]) == ("signed", None, None)


def test_an_agreement_is_signed_declined_or_ended_by_those_who_may(tenant, funder, new_tenant, program):
    url = f"/v1/sharing-agreements/{offered(funder, tenant)}"

    def said(api, decision, **more):
        answer = api.put(f"{url}/signature", json={"decision": decision, **more})
        found = answer.get_json()
        return found["state"] if answer.status_code == 200 else (answer.status_code, found["code"])

    assert said(funder.api, "signed") == (409, "not_open")
    assert said(tenant.api, "signed") == (422, "invalid")
    assert said(new_tenant().api, "signed") == (404, "not_found")
    assert said(tenant.api, "signed", program_id=program["other_id"]) == (422, "invalid")
    assert said(tenant.api, "signed", program_id=program["program_id"]) == "signed"
    assert said(tenant.api, "declined") == (409, "not_open")
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    assert said(funder.api, "ended", ends_on="2020-01-01") == (422, "invalid")
    assert said(funder.api, "ended", ends_on=tomorrow.isoformat()) == "signed"
    assert tenant.api.get(url).get_json()["ends_on"] == tomorrow.isoformat()
    assert said(tenant.api, "ended") == "ended"
    refused = tenant.api.post("/v1/releases", json={"sharing_agreement_id": url.rpartition("/")[2]})
    assert refused.get_json()["errors"][0]["code"] == "not_in_force"
    rows = [(each["by"], each["decision"]) for each in every(tenant.api, f"{url}/signatures")]
    assert rows == [("partner", "signed"), ("us", "signed"), ("partner", "ended"), ("us", "ended")]
    url = f"/v1/sharing-agreements/{offered(tenant, funder, by='institution', program_id=program['program_id'])}"
    assert said(funder.api, "declined") == "declined"
    assert said(funder.api, "signed") == (409, "not_open")


def test_an_offer_that_makes_no_sense_is_refused_by_field(tenant, funder, program):
    def refused(**body):
        asked = {"partner": slug_of(tenant), "offered_by": "funder", "funder": FUND, **body}
        answer = funder.api.post("/v1/sharing-agreements", json=asked)
        assert answer.status_code == 422, answer.get_json()
        return answer.get_json()["errors"][0]["pointer"]

    assert refused(partner="nobody-at-all") == refused(partner=slug_of(funder)) == "/partner"
    assert refused(metrics=["reach", "luck"]) == "/metrics/1"
    assert refused(ends_on="2020-01-01") == "/ends_on"
    assert refused(offered_by="institution") == "/program_id"
    assert refused(program_id=program["program_id"]) == "/program_id"


def test_whoever_drafted_does_not_approve_where_another_may(app, tenant, program, finished):
    drafter, other = (holder(app, tenant.id, "program_manager").api for _ in range(2))
    made = drafter.post("/v1/releases", json={"program_id": program["program_id"]}).get_json()
    finished(tenant.api, f"/v1/reports/{made['report_id']}")
    url = f"/v1/releases/{made['id']}"
    assert drafter.post(f"{url}/review").status_code == 201
    assert drafter.post(f"{url}/approval").get_json()["code"] == "four_eyes"
    approved = other.post(f"{url}/approval").get_json()
    assert approved["approved_by"] != made["drafted_by"]
    written(tenant.api, approved)
    published = drafter.post(f"{url}/sending").get_json()
    assert (published["state"], published["sharing_agreement_id"]) == ("sent", None)


def test_a_report_that_is_due_is_drafted_on_its_day_with_all_rows_though_nobody_is_in_it(
    tenant, funder, database, finished
):
    program = program_for(tenant, people=0)
    agreement = agreed(funder, tenant, program["program_id"], first_due_on="2026-01-15")
    found = eventually(lambda: every(tenant.api, "/v1/releases"))
    (due,) = found
    assert (due["due_on"], due["drafted_by"], due["sharing_agreement_id"]) == ("2026-01-15", None, agreement)
    finished(tenant.api, f"/v1/reports/{due['report_id']}")
    sent = stepped(tenant.api, due["id"])
    assert (sent["nil"], sent["corrected_cells"]) == (True, 0)
    document = funder.api.get(f"/v1/received-reports/{due['id']}/files/json").get_json()
    assert cell(document, STATES)["value"] == 0
    with database.tenant(tenant.id) as session:  # the day on which somebody would be reminded
        now = dt.datetime.now(dt.UTC)
        session.execute(update(Job).where(Job.kind == "release_due").values(not_before=now))
        session.commit()
    url = f"/v1/sharing-agreements/{agreement}"
    eventually(lambda: tenant.api.get(url).get_json()["next_due_on"] > now.date().isoformat())
    assert tenant.api.get(url).get_json()["next_due_on"].endswith("-01-15")
    assert len(every(tenant.api, "/v1/releases")) == 1


def test_files_name_the_approver_before_they_are_sent_and_nothing_else_of_them_changes(
    app, tenant, program, built, database
):
    approver = holder(app, tenant.id, "program_manager")
    release = built(program_id=program["program_id"], formats=["json", "csv", "html"])
    url = f"/v1/releases/{release}"
    report = f"/v1/reports/{tenant.api.get(url).get_json()['report_id']}"
    before = tenant.api.get(f"{report}/files/json").get_json()
    assert before["cover"]["approved_by"] is None
    assert "Not approved" in tenant.api.get(f"{report}/files/csv").get_data(as_text=True)
    for api, step in ((tenant.api, "review"), (approver.api, "approval")):
        assert api.post(f"{url}/{step}").status_code == 201
    written(tenant.api, tenant.api.get(url).get_json())
    after = tenant.api.get(f"{report}/files/json").get_json()
    named = after["cover"].pop("approved_by")
    assert named["at"] == tenant.api.get(url).get_json()["approved_at"][:10]
    del before["cover"]["approved_by"]
    assert after == before
    said = f'Approved by,"{named["name"]}, {named["at"]}"'
    assert said in tenant.api.get(f"{report}/files/csv").get_data(as_text=True)
    assert f"{named['name']}, {named['at']}" in tenant.api.get(f"{report}/files/html").get_data(as_text=True)
    with database.tenant(tenant.id) as session:
        assert remade(session, report_id=report.rpartition("/")[2])
        session.execute(
            update(Job).where(Job.kind == "release_files").values(state="queued", finished_at=None)
        )
        session.execute(update(Job).where(Job.kind == "release_files").values(not_before=FAR))
        session.commit()
    waits = tenant.api.post(f"{url}/sending")
    assert (waits.status_code, waits.get_json()["code"]) == (409, "not_ready")


def test_a_file_that_was_received_is_the_addressees_own_and_counts_among_what_it_keeps(
    tenant, funder, program, built, database
):
    sent = stepped(tenant.api, built(sharing_agreement_id=agreed(funder, tenant, program["program_id"])))
    theirs = {"tenant": funder.id, "release": sent["id"]}
    held = (
        "SELECT count(*), bool_and(k.size = f.size) FROM received_file f JOIN kept_file k ON k.id = f.file_id"
        " WHERE f.received_report_id = %(release)s AND k.tenant_id = %(tenant)s"
    )
    with database.tenant(funder.id) as session:
        assert session.connection().exec_driver_sql(held, theirs).one() == (len(FORMATS), True)
    with database.tenant(tenant.id) as session:
        assert session.connection().exec_driver_sql(held, theirs).one()[0] == 0


def test_what_would_not_be_the_same_but_for_the_approver_is_not_written_and_not_sent(
    tenant, program, built, database
):
    url = f"/v1/releases/{built(program_id=program['program_id'], formats=['json'])}"
    report = tenant.api.get(url).get_json()["report_id"]
    with database.tenant(tenant.id) as session:  # as if reports said something else by now
        session.execute(update(ReportFile).where(ReportFile.report_id == report).values(sha256="0" * 64))
        session.commit()
    for step in ("review", "approval"):
        assert tenant.api.post(f"{url}/{step}").status_code == 201
    ended = eventually(
        lambda: (found := tenant.api.get(f"/v1/reports/{report}").get_json())["state"] == "failed" and found
    )
    assert ended["error"]["code"] == "definitions_changed"
    assert tenant.api.post(f"{url}/sending").get_json()["code"] == "not_ready"
    assert tenant.api.post(f"{url}/redraft").get_json()["state"] == "drafted"
