"""Documents that name people: whom they name, what they say of each, and who reads them. Everybody is invented."""

import csv
import io
import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from tenants.cohorts.models import Participant
from tenants.kernel.clock import now
from tenants.kernel.events import Event
from tenants.kernel.jobs import Job
from tenants.people.models import Membership
from tests.conftest import eventually
from tests.factories.consents import on_paper, says
from tests.factories.matching import every
from tests.factories.participants import add_participants
from tests.factories.people import holder, member_of
from tests.tenants.reporting.readers import sheets_of, squeezed, text_of_pdf

PURPOSE = "named_documents"
NAMES = ["Ada Invented", "Bo Invented", "=Cy()", "Di Silent"]
AGREED = ["N0", "N1", "N2"]
FORMS = ["json", "csv", "html", "pdf", "xlsx"]


@pytest.fixture
def program(tenant, database):
    """A program with four people, three of whom agreed to be named; ids by what they are of."""
    api = tenant.api
    program_id = api.post("/v1/programs", json={"name": "Scholars"}).get_json()["id"]
    knows = [
        {"key": "degree", "label": "Degrees", "kind": "set", "uses": ["reporting"],
         "levels": [{"key": "phd", "label": "PhD"}, {"key": "md", "label": "MD"}]},
        {"key": "project_title", "label": "Topic", "kind": "text", "uses": ["reporting"]},
        {"key": "appointment_start", "label": "From", "kind": "date", "uses": ["reporting"]},
        {"key": "origin", "label": "Origin", "kind": "text", "uses": ["matching"]},
    ]  # fmt: skip
    for each in knows:
        made = api.post(f"/v1/programs/{program_id}/attributes", json=each)
        assert made.status_code == 201, made.get_json()
    cohort = api.post("/v1/cohorts", json={"program_id": program_id, "name": "2026"}).get_json()["id"]
    told = {
        "degree": ["md", "phd"],
        "project_title": "Sleep",
        "appointment_start": "2024-07-01",
        "origin": "Secretland",
    }
    add_participants(database, tenant.id, cohort, [told, {}, {}, told], prefix="N")
    with database.tenant(tenant.id) as session:
        for number, name in enumerate(NAMES):
            whose = Membership.external_id == f"N{number}"
            session.execute(update(Membership).where(whose).values(name=name))
        rows = session.execute(
            select(Membership.external_id, Membership.id)
            .join(Participant, Participant.membership_id == Membership.id)
            .where(Participant.cohort_id == UUID(cohort))
        )
        members = {row.external_id: str(row.id) for row in rows}
        session.commit()
    on_paper(api, cohort, AGREED, PURPOSE)
    return {"program_id": program_id, "cohort_id": cohort, "members": members}


@pytest.fixture
def built(tenant, finished):
    """Order a document and wait until it is built; it."""

    def build(**body):
        made = tenant.api.post("/v1/named-documents", json=body)
        assert made.status_code == 202, made.get_json()
        found = finished(tenant.api, made.headers["Location"])
        assert found["state"] == "succeeded", found
        return found

    return build


def file_of(api, document, form="json"):
    return api.get(f"/v1/named-documents/{document['id']}/files/{form}")


def content(api, document):
    answer = file_of(api, document)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def made(api, *members, kind="manuscript", **more):
    body = {"kind": kind, "membership_ids": [*members], "visibility": "funder", **more}
    answer = api.post("/v1/products", json=body)
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()["id"]


def happened(api, member, kind, date, **more):
    body = {"kind": kind, "date": date, "membership_id": member, "visibility": "funder", **more}
    answer = api.post("/v1/career-events", json=body)
    assert answer.status_code == 201, answer.get_json()


def test_table_8b_names_those_alone_who_agreed_and_says_of_each_what_a_funder_may_know(
    tenant, program, built
):
    ada = program["members"]["N0"]
    happened(tenant.api, ada, "appointment", "2025-01-01", code="Instructor")
    happened(tenant.api, ada, "promotion", "2026-01-01", code="Assistant professor")
    happened(tenant.api, ada, "leave", "2025-06-01")
    happened(tenant.api, ada, "award", "2023-05-01", code="F32")
    happened(tenant.api, ada, "award", "2025-05-01", code="K23", project_number="5K23HL123456-02")
    happened(tenant.api, ada, "award", "2026-05-01", code="K01", visibility="program")
    same = {"title": "Won", "date": "2025-04-01", "project_number": "1K23HL123456-01"}
    made(tenant.api, ada, kind="proposal_awarded", **same)
    document = built(program_id=program["program_id"], kind="table_8b", formats=FORMS)
    assert (document["people"], document["named"], document["not_named"]) == (4, 3, 1)
    said = content(tenant.api, document)
    (table,) = said["sections"]
    rows = {row[0]: dict(zip(table["columns"], row, strict=True)) for row in table["rows"]}
    assert next(iter(rows)) == "Ada Invented"
    assert {*rows} == {"Ada Invented", "Bo Invented", "=Cy()"}
    mine = rows["Ada Invented"]
    assert mine["Doctoral Degree(s) and Year(s)"] == "MD, PhD"
    assert (mine["Start Date"], mine["Topic of Research Project"]) == ("07/2024", "Sleep")
    assert (mine["Initial Position"], mine["Current Position"]) == ("Instructor", "Assistant professor")
    assert mine["Subsequent Grant(s)/Role/Year Awarded"] == "K23HL123456/awardee/2025"
    assert mine["Faculty Member"] == mine["Summary of Support During Training"] == ""
    whole = json.dumps(said)
    for unsaid in ("Di Silent", "Secretland", "leave", "K01", "F32"):
        assert unsaid not in whole


def test_a_beginning_that_is_no_day_is_not_read_as_one(tenant, database, built):
    program_id = tenant.api.post("/v1/programs", json={"name": "Words"}).get_json()["id"]
    told = {"key": "appointment_start", "label": "From", "kind": "text", "uses": ["reporting"]}
    assert tenant.api.post(f"/v1/programs/{program_id}/attributes", json=told).status_code == 201
    cohort = tenant.api.post("/v1/cohorts", json={"program_id": program_id, "name": "2026"}).get_json()["id"]
    add_participants(database, tenant.id, cohort, [{"appointment_start": "In July"}], prefix="W")
    on_paper(tenant.api, cohort, ["W0"], PURPOSE)
    document = built(program_id=program_id, kind="table_8b", formats=["json"])
    ((row,),) = (each["rows"] for each in content(tenant.api, document)["sections"])
    assert row[3] == f"{document['as_of'][5:7]}/{document['as_of'][:4]}"


def test_every_form_of_a_named_document_has_its_rows_and_none_has_a_formula(tenant, program, built):
    document = built(program_id=program["program_id"], kind="table_8b", formats=FORMS)
    lines = list(csv.reader(io.StringIO(file_of(tenant.api, document, "csv").get_data(as_text=True))))
    assert lines[0][:2] == ["Section", "Trainee"]
    assert {line[1] for line in lines[1:]} == {"Ada Invented", "Bo Invented", "'=Cy()"}
    page = file_of(tenant.api, document, "html").get_data(as_text=True)
    printed = squeezed(text_of_pdf(file_of(tenant.api, document, "pdf").data))
    sheets = sheets_of(file_of(tenant.api, document, "xlsx").data)
    cells = {str(cell) for rows in sheets.values() for row in rows for cell in row}
    for name in NAMES[:3]:
        assert name in page
        assert squeezed(name) in printed
        assert name in cells
    assert not any("Silent" in whole for whole in (page, printed, *cells))


def test_a_progress_report_puts_products_where_their_kind_belongs_and_names_who_is_behind_them(
    app, tenant, program, built
):
    ada, bo, _, di = (program["members"][f"N{number}"] for number in range(4))
    made(tenant.api, ada, bo, di, title="Out", date="2026-02-01", doi="10.1000/out", state="published")
    made(tenant.api, ada, title="Draft", date="2026-02-01", state="in_preparation")
    made(tenant.api, ada, kind="software", title="Tool", date="2025-02-01")
    made(tenant.api, ada, kind="dataset", title="Inside", date="2026-03-01", visibility="program")
    made(tenant.api, di, kind="dataset", title="Of Di", date="2026-03-01")
    helped = made(tenant.api, di, kind="protocol", title="Helped", date="2026-03-01")
    role = tenant.api.put(f"/v1/products/{helped}/contributors/{bo}", json={"role": "informal"})
    assert role.status_code in (200, 201), role.get_json()
    document = built(cohort_id=program["cohort_id"], kind="rppr")
    parts = {part["id"]: part for part in content(tenant.api, document)["sections"]}
    assert [*parts] == ["C.1", "C.2", "C.3", "C.4", "C.5", "D.1"]
    (paper,) = parts["C.1"]["rows"]
    assert paper == [
        "Manuscript",
        "Out",
        "2026-02-01",
        "10.1000/out",
        "",
        "published",
        "Ada Invented; Bo Invented",
    ]
    assert [row[1] for row in parts["C.5"]["rows"]] == ["Tool"]
    assert (parts["C.2"]["rows"], parts["C.2"]["notes"]) == ([], ["Nothing to report."])
    assert [row[2] for row in parts["D.1"]["rows"]] == ["=Cy()", "Ada Invented", "Bo Invented"]
    since = built(cohort_id=program["cohort_id"], kind="rppr", since="2026-01-01")
    parts = {part["id"]: part for part in content(tenant.api, since)["sections"]}
    assert (len(parts["C.1"]["rows"]), parts["C.5"]["rows"]) == (1, [])
    one = member_of(app, tenant.id, membership_id=UUID(bo))
    mine = next(
        each for each in every(one.api, "/v1/me/shared") if each["named_document_id"] == document["id"]
    )
    first = mine["said"][0]
    assert (first["section"], first["row"][-1]) == ("C.1 Publications", "Bo Invented")
    assert "Ada" not in json.dumps(mine)


def test_once_somebody_withdrew_the_files_that_name_her_are_not_handed_out_and_she_is_not_named_anew(
    app, tenant, program, built
):
    one = member_of(app, tenant.id, membership_id=UUID(program["members"]["N0"]))
    other = member_of(app, tenant.id, membership_id=UUID(program["members"]["N3"]))
    document = built(program_id=program["program_id"], kind="table_8b")
    without = built(program_id=program["program_id"], kind="table_8b", since="2025-01-01")
    (mine, *_) = every(one.api, "/v1/me/shared")
    assert (mine["named_document_id"], mine["kind"], mine["report_id"]) == (document["id"], "table_8b", None)
    assert [each["row"][0] for each in mine["said"]] == ["Ada Invented"]
    assert every(other.api, "/v1/me/shared") == []
    assert file_of(tenant.api, document).status_code == 200
    withdrawn = says(one, program["program_id"], PURPOSE, "objected")
    assert withdrawn.status_code == 201, withdrawn.get_json()
    stale = file_of(tenant.api, document)
    assert (stale.status_code, stale.get_json()["code"]) == (409, "out_of_date")
    assert file_of(tenant.api, without).status_code == 200
    again = built(program_id=program["program_id"], kind="table_8b")
    assert (again["named"], again["not_named"]) == (2, 2)
    assert "Ada Invented" not in json.dumps(content(tenant.api, again))
    assert [each["named_document_id"] for each in every(one.api, "/v1/me/shared")] == [document["id"]]
    assert says(one, program["program_id"], PURPOSE, "granted").status_code == 201
    assert file_of(tenant.api, document).status_code == 200
    assert says(one, program["program_id"], "outcomes", "objected").status_code == 201
    assert file_of(tenant.api, document).get_json()["code"] == "out_of_date"


def test_once_what_it_tells_of_was_taken_back_from_the_funder_a_document_is_not_handed_out(
    tenant, program, built
):
    ada, bo, _ = (program["members"][name] for name in AGREED)
    shared = made(tenant.api, ada, bo, title="Shared", date="2026-01-01")
    happened(tenant.api, ada, "award", "2026-10-01", code="K23")
    award = every(tenant.api, "/v1/career-events")[0]["id"]
    kinds = {kind: built(program_id=program["program_id"], kind=kind) for kind in ("rppr", "table_8b")}

    def handed_out():
        return {kind: file_of(tenant.api, each).status_code for kind, each in kinds.items()}

    def seen(url, by):
        found = tenant.api.get(url)
        to = {"If-Match": found.headers["ETag"]}
        answer = tenant.api.patch(url, json={"visibility": by}, headers=to)
        assert answer.status_code == 200, answer.get_json()

    assert handed_out() == {"rppr": 200, "table_8b": 200}
    seen(f"/v1/products/{shared}", "program")
    assert handed_out() == {"rppr": 409, "table_8b": 200}
    seen(f"/v1/products/{shared}", "funder")
    assert handed_out() == {"rppr": 200, "table_8b": 200}
    seen(f"/v1/career-events/{award}", "program")
    assert handed_out() == {"rppr": 200, "table_8b": 409}


def test_who_came_after_the_day_of_a_document_is_not_in_it(tenant, program, built):
    yesterday = (now() - timedelta(days=1)).date().isoformat()
    document = built(program_id=program["program_id"], kind="table_8b", as_of=yesterday)
    assert (document["people"], document["named"]) == (0, 0)


def test_only_owners_and_admins_and_clients_that_were_made_for_it_read_documents_that_name_people(
    app, tenant, program, built
):
    document = built(program_id=program["program_id"], kind="rppr")
    url = f"/v1/named-documents/{document['id']}"
    for role in ("program_manager", "report_viewer", "facilitator", "auditor"):
        api = holder(app, tenant.id, role).api
        for path in (url, f"{url}/files/json", "/v1/named-documents"):
            assert api.get(path).status_code == 404, (role, path)
        order = {"program_id": program["program_id"], "kind": "rppr"}
        assert api.post("/v1/named-documents", json=order).status_code == 403
    for role in ("owner", "admin"):
        assert holder(app, tenant.id, role).api.get(f"{url}/files/json").status_code == 200
    plain = tenant.api.post("/v1/clients", json={"name": "Any"}).get_json()
    assert "reports:read" in plain["scopes"]
    assert not {"named_documents:read", "named_documents:write"} & {*plain["scopes"]}
    asked = tenant.api.post("/v1/clients", json={"name": "For it", "scopes": ["named_documents:read"]})
    assert asked.get_json()["scopes"] == ["named_documents:read"]


def test_no_event_and_no_job_carries_a_name_and_each_download_is_one(tenant, program, built, database):
    document = built(program_id=program["program_id"], kind="table_8b")
    assert file_of(tenant.api, document).status_code == 200
    with database.tenant(tenant.id) as session:
        about = select(Event).where(Event.subject_id == UUID(document["id"]))
        types = [each.type for each in session.scalars(about.order_by(Event.id))]
        told = json.dumps([str(row) for row in session.execute(text("SELECT * FROM event")).all()])
        jobs = json.dumps([str(row) for row in session.execute(text("SELECT * FROM job")).all()])
        seen = session.execute(text("SELECT count(*) FROM named_person")).scalar_one()
    ordered, *rest = [f"named_document.{each}" for each in ("ordered", "built", "downloaded")]
    assert types == [ordered, *rest]
    assert seen == 0
    assert not any(name in told or name in jobs for name in NAMES)


def test_the_files_go_after_their_time_and_what_was_said_of_somebody_stays_hers(
    app, tenant, program, built, database
):
    document = built(program_id=program["program_id"], kind="table_8b")
    one = member_of(app, tenant.id, membership_id=UUID(program["members"]["N0"]))
    with database.tenant(tenant.id) as session:
        due = (Job.kind == "named_document_expiry", Job.subject_id == UUID(document["id"]))
        session.execute(update(Job).where(*due).values(not_before=text("now()")))
        session.info["enqueued"] = True
        session.commit()
    eventually(lambda: file_of(tenant.api, document).status_code == 409)
    assert file_of(tenant.api, document).get_json()["code"] == "expired"
    assert len(every(one.api, "/v1/me/shared")) == 1


def test_a_document_is_ordered_for_one_place_and_days_that_make_sense(tenant, program):
    here, kind = {"program_id": program["program_id"]}, {"kind": "rppr"}
    for body, pointer in (
        ({**here, **kind, "cohort_id": program["cohort_id"]}, "/cohort_id"),
        (kind, "/cohort_id"),
        ({**here, "kind": "table_9"}, "/kind"),
        ({**here, **kind, "as_of": "2999-01-01"}, "/as_of"),
        ({**here, **kind, "since": "2026-02-01", "as_of": "2026-01-01"}, "/since"),
    ):
        answer = tenant.api.post("/v1/named-documents", json=body)
        assert answer.status_code == 422, answer.get_json()
        assert [each["pointer"] for each in answer.get_json()["errors"]] == [pointer]
