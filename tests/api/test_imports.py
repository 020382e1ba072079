"""Imports over HTTP: announced, uploaded, applied by real workers, confirmed."""

import csv
import io
from uuid import UUID

import pytest
from sqlalchemy import text

from tenants.cohorts.participants import upsert_participant
from tests.conftest import eventually
from tests.factories.cohorts import (
    ATTRIBUTES,
    HEADER,
    MAPPING,
    TWO,
    changes,
    counted,
    make_cohort,
    people,
    send_file,
    url_of,
)


def rows(tenant, done, outcome="failed"):
    return tenant.api.get(f"{url_of(done)}/rows?limit=100&outcome={outcome}").get_json()["items"]


def test_a_roster_comes_in_with_everything_that_is_mapped(tenant, cohort, imported):
    done = imported(TWO)
    assert (done["state"], counted(done), done["progress"], done["error"]) == (
        "succeeded",
        {"created": 2},
        1,
        None,
    )
    found = people(tenant, cohort)
    assert found["A"]["name"] == "Ada"
    assert found["A"]["identifiers"] == {"orcid": "0000-1"}
    assert found["A"]["attributes"] == {
        "institution": "MIT",
        "methods": ["x", "y"],
        "rank": "fellow",
        "hours": 2,
    }
    assert (found["B"]["email"], found["B"]["attributes"]) == (None, {"institution": "Duke"})
    assert {each["state"] for each in found.values()} == {"eligible"}
    (change,) = changes(tenant, found["A"])
    assert (change["source"], change["state"], change["import_id"]) == ("roster", "eligible", done["id"])
    listed = rows(tenant, done, "created")
    assert [(each["line"], each["external_id"]) for each in listed] == [(2, "A"), (3, "B")]
    assert [each["id"] for each in tenant.api.get(f"{cohort}/imports").get_json()["items"]] == [done["id"]]


@pytest.mark.parametrize("mode", ["skip", "update", "replace"])
def test_repeating_an_import_changes_nothing_at_all(tenant, cohort, imported, mode):
    imported(TWO)
    before = people(tenant, cohort)
    done = imported(TWO, mode=mode)
    assert counted(done) == ({"skipped": 2} if mode == "skip" else {"unchanged": 2})
    assert people(tenant, cohort) == before
    assert len(changes(tenant, before["A"])) == 1


def test_update_keeps_what_an_empty_cell_does_not_say_and_replace_clears_it(tenant, cohort, imported):
    imported(TWO)
    later = HEADER + "A,,,,Duke,,,\nB,Ben,,,Duke,,,\n"
    done = imported(later)
    assert counted(done) == {"updated": 1, "unchanged": 1}
    ada = people(tenant, cohort)["A"]
    assert (ada["name"], ada["attributes"]["institution"], ada["attributes"]["hours"]) == ("Ada", "Duke", 2)
    assert changes(tenant, ada)[-1]["attributes"] == {"institution": "Duke"}
    done = imported(later, mode="replace")
    assert counted(done) == {"updated": 1, "unchanged": 1}
    ada = people(tenant, cohort)["A"]
    assert (ada["name"], ada["email"], ada["identifiers"]) == (None, None, {})
    assert ada["attributes"] == {"institution": "Duke"}
    assert changes(tenant, ada)[-1]["attributes"] == {"methods": None, "rank": None, "hours": None}


def test_replace_leaves_alone_what_is_not_mapped(tenant, cohort, imported):
    imported(TWO)
    done = imported(
        "id,hours\nA,5\nB,\n", mode="replace", mapping={"external_id": "id", "attributes": {"hours": "hours"}}
    )
    assert counted(done) == {"updated": 1, "unchanged": 1}
    ada = people(tenant, cohort)["A"]
    assert (ada["name"], ada["identifiers"]) == ("Ada", {"orcid": "0000-1"})
    assert ada["attributes"] == {"institution": "MIT", "methods": ["x", "y"], "rank": "fellow", "hours": 5}


def test_skip_leaves_who_is_there_and_adds_who_is_new(tenant, cohort, imported):
    imported(TWO)
    done = imported(HEADER + "A,Other,,,Yale,,,9\nC,Cy,,,Rice,,,\n", mode="skip")
    assert counted(done) == {"created": 1, "skipped": 1}
    found = people(tenant, cohort)
    assert (found["A"]["name"], found["C"]["name"]) == ("Ada", "Cy")
    assert "Yale" not in levels(tenant, cohort)["institution"]


def levels(tenant, cohort):
    program = tenant.api.get(cohort).get_json()["program_id"]
    listed = tenant.api.get(f"/v1/programs/{program}/attributes").get_json()["items"]
    return {each["key"]: [level["key"] for level in each["levels"]] for each in listed}


def test_levels_of_applied_rows_are_kept_in_the_order_of_the_file(tenant, cohort, imported):
    imported(HEADER + "A,,,,Yale,b;a,,\nB,,,,MIT,,,\nC,,bad,,Rice,,,\nB,,,,Duke,,,\n")
    kept = levels(tenant, cohort)
    assert (kept["institution"], sorted(kept["methods"])) == (["Yale", "MIT"], ["a", "b"])


def test_failed_rows_are_reported_with_line_column_code_and_message_and_left_out(tenant, cohort, imported):
    file = (
        HEADER + "A,Ada,nobody,,MIT,,,\n,Ghost,,,,,,\nB,Ben,,,,,dean,two\nC,Cy,,,MIT,,,\nC,Cy,,,MIT,,,\nD,D\n"
    )
    done = imported(file)
    assert (done["state"], counted(done)) == ("succeeded", {"created": 1, "failed": 5})
    listed = rows(tenant, done)
    assert [(each["line"], each["column"], each["code"], each["external_id"]) for each in listed] == [
        (2, "email", "invalid_email", "A"),
        (3, "id", "required", None),
        (4, "rank", "unknown_level", "B"),
        (6, "id", "duplicate_in_file", "C"),
        (7, None, "ragged_row", None),
    ]
    assert "Line 5" in listed[3]["message"]
    assert "dean" in listed[2]["message"]
    assert "hours" in listed[2]["message"]
    assert list(people(tenant, cohort)) == ["C"]


def test_a_required_attribute_is_needed_of_whoever_is_new_only(tenant, finished):
    cohort = make_cohort(tenant.api, [{**ATTRIBUTES[0], "required": True}])
    mapping = {"external_id": "id", "attributes": {"institution": "inst"}}

    def run(file):
        return finished(tenant.api, send_file(tenant.api, cohort, file, mapping=mapping))

    done = run("id,inst\nA,MIT\nB,\n")
    assert counted(done) == {"created": 1, "failed": 1}
    (failed,) = rows(tenant, done)
    assert (failed["line"], failed["column"], failed["code"]) == (3, "inst", "required")
    assert counted(run("id,inst\nA,\n")) == {"unchanged": 1}


def test_failed_rows_come_back_as_csv_that_no_spreadsheet_computes(tenant, imported):
    done = imported(HEADER + "=1+1,,nobody,,,,,\n-A,,@x,,,,,\n")
    for asked, headers in (
        (f"{url_of(done)}/rows?outcome=failed", {"Accept": "text/csv"}),
        (f"{url_of(done)}/rows?format=csv", {}),
    ):
        answer = tenant.api.get(asked, headers=headers)
        assert answer.mimetype == "text/csv"
        read = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
        assert [(each["line"], each["external_id"], each["code"]) for each in read] == [
            ("2", "'=1+1", "invalid_email"),
            ("3", "'-A", "invalid_email"),
        ]
    assert tenant.api.get(f"{url_of(done)}/rows", headers={"Accept": "*/*"}).mimetype == "application/json"
    assert tenant.api.get(f"{url_of(done)}/rows?outcome=lost").status_code == 422


def test_a_dry_run_counts_and_lists_and_applies_nothing(tenant, cohort, imported):
    imported(TWO)
    before, known = people(tenant, cohort), levels(tenant, cohort)
    done = imported(HEADER + "A,New,,,Yale,,,\nC,,,,,,,\nD,,x,,,,,\n", mode="replace", dry_run=True)
    assert (done["state"], done["applied_at"]) == ("succeeded", None)
    assert counted(done) == {"created": 1, "updated": 1, "failed": 1, "withdrawn": 1}
    assert (people(tenant, cohort), levels(tenant, cohort)) == (before, known)
    assert [each["subject_id"] for each in rows(tenant, done, "created")] == [None]
    assert tenant.api.post(f"{url_of(done)}/reversal").status_code == 409


def test_withdrawals_wait_for_a_confirmation(tenant, cohort, imported, finished):
    imported(TWO)
    before = people(tenant, cohort)
    done = imported(HEADER + "A,Ada B,,,MIT,,,\nC,,,,,,,\n", mode="replace")
    assert done["state"] == "needs_confirmation"
    assert counted(done) == {"created": 1, "updated": 1, "withdrawn": 1}
    assert people(tenant, cohort) == before
    assert tenant.api.post(f"{url_of(done)}/confirmation").status_code == 202
    done = finished(tenant.api, url_of(done))
    assert (done["state"], counted(done)) == ("succeeded", {"created": 1, "updated": 1, "withdrawn": 1})
    found = people(tenant, cohort)
    assert (found["B"]["state"], found["B"]["state_reason"]) == ("withdrawn", "absent from import")
    assert (found["A"]["name"], found["C"]["state"]) == ("Ada B", "eligible")
    assert tenant.api.post(f"{url_of(done)}/confirmation").status_code == 409
    again = imported(HEADER + "A,Ada B,,,MIT,,,\nC,,,,,,,\nB,Ben,,,Duke,,,\n", mode="replace")
    assert counted(again) == {"updated": 1, "unchanged": 2}
    assert people(tenant, cohort)["B"]["state"] == "eligible"


def test_as_many_withdrawals_as_allowed_need_no_confirmation(tenant, cohort, imported):
    imported(TWO)
    assert imported(HEADER + "A,Ada,,,MIT,,,\n", mode="replace", max_withdrawals=1)["state"] == "succeeded"
    assert people(tenant, cohort)["B"]["state"] == "withdrawn"


def test_somebody_whose_row_failed_is_present_all_the_same(tenant, cohort, imported):
    imported(TWO)
    done = imported(HEADER + "A,Ada,nobody,,MIT,,,\nB,Ben,,,Duke,,,\n", mode="replace")
    assert counted(done) == {"failed": 1, "unchanged": 1}
    assert people(tenant, cohort)["A"]["state"] == "eligible"


def test_nobody_is_withdrawn_unasked_while_a_row_does_not_say_whose_it_is(tenant, cohort, imported):
    imported(TWO)
    done = imported(HEADER + "A,Ada,,,MIT,,,\nB,Ben\n", mode="replace", max_withdrawals=1)
    assert (done["state"], counted(done)) == (
        "needs_confirmation",
        {"updated": 1, "failed": 1, "withdrawn": 1},
    )
    assert people(tenant, cohort)["B"]["state"] == "eligible"


def test_more_withdrawals_than_were_confirmed_are_asked_again(tenant, cohort, imported, finished):
    imported(TWO)
    done = imported(HEADER + "A,Ada,,,MIT,,,\n", mode="replace")
    tenant.api.post(f"{cohort}/participants", json={"external_id": "Z"})
    tenant.api.post(f"{url_of(done)}/confirmation")
    done = finished(tenant.api, url_of(done))
    assert (done["state"], done["counts"]["withdrawn"]) == ("needs_confirmation", 2)
    tenant.api.post(f"{url_of(done)}/confirmation")
    assert finished(tenant.api, url_of(done))["state"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/mapping"),
        ({"mapping": {}}, "/mapping/external_id"),
        ({"mapping": {"external_id": " "}}, "/mapping/external_id"),
        ({"mapping": {"external_id": "id", "attributes": {"nothing": "x"}}}, "/mapping/attributes/nothing"),
        (
            {"mapping": {"external_id": "id", "identifiers": {"passport": "x"}}},
            "/mapping/identifiers/passport",
        ),
        ({"mapping": {"external_id": "id", "doi": "x"}}, "/mapping/doi"),
        ({"mapping": {"external_id": "id", "name": "x"}, "kind": "products"}, "/mapping/name"),
        ({"mapping": {"external_id": "id"}, "kind": "people"}, "/kind"),
        ({"mapping": {"external_id": "id"}, "mode": "merge"}, "/mode"),
        ({"mapping": {"external_id": "id"}, "max_withdrawals": -1}, "/max_withdrawals"),
        ({"mapping": {"external_id": "id"}, "dry_run": "yes"}, "/dry_run"),
    ],
)
def test_an_import_that_cannot_work_is_refused_by_field(tenant, cohort, body, pointer):
    answer = tenant.api.post(f"{cohort}/imports", json=body)
    assert answer.status_code == 422
    assert pointer in [each["pointer"] for each in answer.get_json()["errors"]]
    assert tenant.api.get(f"{cohort}/imports").get_json()["items"] == []


def test_an_import_is_cancelled_before_it_is_applied(tenant, cohort, imported):
    url = tenant.api.post(f"{cohort}/imports", json={"mapping": MAPPING}).headers["Location"]
    assert tenant.api.post(f"{url}/cancellation").get_json()["state"] == "cancelled"
    assert tenant.api.put(f"{url}/file", data=TWO, content_type="text/csv").status_code == 409
    imported(TWO)
    waiting = imported(HEADER + "A,,,,,,,\n", mode="replace")
    assert tenant.api.post(f"{url_of(waiting)}/cancellation").get_json()["state"] == "cancelled"
    assert tenant.api.post(f"{url_of(waiting)}/confirmation").status_code == 409
    assert people(tenant, cohort)["B"]["state"] == "eligible"


def test_another_tenant_finds_no_import_and_cannot_act_on_one(tenant, cohort, imported, new_tenant):
    done = imported(TWO)
    stranger = new_tenant().api
    assert stranger.get(f"{cohort}/imports").status_code == 404
    assert stranger.post(f"{cohort}/imports", json={"mapping": MAPPING}).status_code == 404
    for path in ("", "/rows", "/rows?format=csv"):
        assert stranger.get(url_of(done) + path).status_code == 404
    for path in ("/confirmation", "/cancellation", "/reversal"):
        assert stranger.post(url_of(done) + path).status_code == 404
    assert stranger.put(f"{url_of(done)}/file", data=TWO, content_type="text/csv").status_code == 404


def test_a_list_of_imports_says_the_same_as_the_resource(tenant, cohort, imported):
    done = imported(TWO)
    assert tenant.api.get(f"{cohort}/imports").get_json()["items"] == [
        tenant.api.get(url_of(done)).get_json()
    ]


def test_who_is_added_singly_in_the_middle_of_an_import_is_updated_by_it(tenant, cohort, database, finished):
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with database.tenant(tenant.id) as session:
        upsert_participant(session, cohort_id=UUID(cohort.rpartition("/")[2]), external_id="B", name="Bea")
        url = send_file(tenant.api, cohort, TWO, mapping=MAPPING)
        eventually(lambda: session.scalar(waiting))
        session.commit()
    assert counted(finished(tenant.api, url)) == {"created": 1, "updated": 1}
    assert people(tenant, cohort)["B"]["name"] == "Ben"


def test_what_is_not_applied_leaves_nobody_behind(tenant, cohort, imported, database):
    imported(TWO)
    imported(HEADER + "C,Cy,,,,,,\n", dry_run=True)
    assert imported(HEADER + "D,Di,,,,,,\n", mode="replace")["state"] == "needs_confirmation"
    with database.tenant(tenant.id) as session:
        known = session.scalars(text("SELECT external_id FROM membership ORDER BY external_id")).all()
    assert known == ["A", "B"]


def test_who_asks_what_changed_misses_no_import_that_was_being_written(tenant, cohort, database):
    api, slow, quick = tenant.api, UUID(cohort.rpartition("/")[2]), f"{cohort}/participants"
    with database.tenant(tenant.id) as session:
        session.execute(text("SELECT now()"))
        upsert_participant(session, cohort_id=slow, external_id="early")
        session.execute(text("UPDATE participant SET updated_at = now()"))
        session.flush()
        late = api.post(quick, json={"external_id": "late"}).get_json()
        assert api.get(f"{quick}?updated_since=2020-01-01T00:00:00Z").get_json()["items"] == []
        session.commit()
    eventually(lambda: len(api.get(f"{quick}?updated_since=2020-01-01T00:00:00Z").get_json()["items"]) == 2)
    assert late["external_id"] in people(tenant, cohort)
