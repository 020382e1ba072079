"""Products and career events from files, applied by real workers."""

import csv
import io

import pytest

from tenants.cohorts.imports.actions import MAPPED
from tenants.outcomes.imports import OUTCOMES

PRODUCT = ("external_id", "kind", "title", "date", "doi", "pmid", "project_number", "visibility", "role")
CAREER = (
    "external_id",
    "kind",
    "code",
    "date",
    "until",
    "sample",
    "before_first_k",
    "project_number",
    "visibility",
)


@pytest.fixture
def cohort(tenant):
    """A cohort with the participants P0, P1 and P2."""
    program = tenant.api.post("/v1/programs", json={"name": "Circles"}).get_json()
    made = tenant.api.post("/v1/cohorts", json={"program_id": program["id"], "name": "2026"}).get_json()
    for number in range(3):
        tenant.api.post(f"/v1/cohorts/{made['id']}/participants", json={"external_id": f"P{number}"})
    return made["id"]


@pytest.fixture
def send(tenant, cohort, finished):
    """Import rows of a kind and wait for the end."""

    def run(kind, rows, *, into=None, **how):
        columns = PRODUCT if kind == "products" else CAREER
        asked = {"kind": kind, "mode": "update", "mapping": {name: name for name in columns}, **how}
        made = tenant.api.post(f"/v1/cohorts/{into or cohort}/imports", json=asked)
        assert made.status_code == 201, made.get_json()
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        url = f"/v1/imports/{made.get_json()['id']}"
        put = tenant.api.put(f"{url}/file", data=out.getvalue().encode(), content_type="text/csv")
        assert put.status_code == 202, put.get_json()
        return finished(tenant.api, url)

    return run


def counts(found):
    assert found["state"] == "succeeded", found
    return {outcome: number for outcome, number in found["counts"].items() if number}


def listed(tenant, path):
    return tenant.api.get(path).get_json()["items"]


def told(items):
    changing = ("id", "version", "created_at", "updated_at", "membership_id", "membership_ids")
    return [{key: value for key, value in item.items() if key not in changing} for item in items]


def paper(person, **more):
    return {"external_id": person, "kind": "manuscript", "title": "On peers", "doi": "10.5555/A", **more}


def test_two_rows_of_one_doi_are_one_product_with_two_contributors(tenant, send):
    found = send("products", [paper("P0"), paper("P1", doi="https://doi.org/10.5555/a")])
    assert counts(found) == {"created": 2}
    (product,) = listed(tenant, "/v1/products")
    assert (product["doi"], product["visibility"], len(product["membership_ids"])) == (
        "10.5555/a",
        "program",
        2,
    )


def test_rows_that_share_a_doi_or_a_pmid_are_one_product_and_the_tenants_if_it_has_it(tenant, send):
    told = {"doi": "", "title": ""}
    assert counts(send("products", [paper("P0", **told, pmid="77")])) == {"created": 1}
    rows = [paper("P1"), paper("P2", **told, pmid="77", role="informal"), paper("P0", pmid="77")]
    assert counts(send("products", rows)) == {"created": 2, "unchanged": 1}
    (product,) = listed(tenant, "/v1/products")
    assert (product["doi"], product["pmid"], len(product["membership_ids"])) == ("10.5555/a", "77", 3)
    roles = [row["role"] for row in listed(tenant, f"/v1/products/{product['id']}/contributors")]
    assert sorted(roles) == ["formal", "formal", "informal"]


def test_rows_of_one_project_or_of_one_title_alone_are_one_product_as_they_are_to_the_api(tenant, send):
    def proposal(person, number, **more):
        told = {"kind": "proposal_submitted", "title": "Peers", "project_number": number}
        return {"external_id": person, **told, **more}

    send(
        "products",
        [proposal("P0", "1R01ZZ000001-01"), {"external_id": "P0", "kind": "talk", "title": "Said"}],
    )
    again = [
        proposal("P1", "1R01ZZ000001-01A1"),
        proposal("P2", "2R01ZZ000001-06", kind="proposal_awarded"),
        proposal("P0", "3R01ZZ000001-02S1", kind="supplement"),
        proposal("P1", "R01ZZ000001-02S1", kind="supplement"),
        {"external_id": "P1", "kind": "talk", "title": "said ", "doi": "10.5555/said"},
        {"external_id": "P1", "kind": "panel", "title": "New"},
        {"external_id": "P2", "kind": "panel", "title": "New", "doi": "10.5555/new"},
    ]
    assert counts(send("products", again)) == {"created": 7}
    found = {each["kind"]: len(each["membership_ids"]) for each in listed(tenant, "/v1/products")}
    assert found == {"proposal_submitted": 2, "talk": 2, "proposal_awarded": 1, "supplement": 2, "panel": 2}
    assert len(listed(tenant, "/v1/products")) == 5
    assert counts(send("products", again)).get("created") is None
    assert len(listed(tenant, "/v1/products")) == 5


def test_a_title_that_two_things_have_is_neither_of_them(tenant, send):
    send("products", [paper("P0"), paper("P1", doi="10.5555/B"), paper("P2", doi="")])
    assert [len(each["membership_ids"]) for each in listed(tenant, "/v1/products")] == [1, 1, 1]


def test_a_role_is_changed_and_changed_back_and_a_proposal_has_the_state_of_its_kind(tenant, send, finished):
    proposal = {"external_id": "P0", "kind": "proposal_submitted", "project_number": "1R01ZZ000001-01"}
    rows = [paper("P0"), {**proposal, "date": "2026-01-10"}]
    assert counts(send("products", rows)) == {"created": 2}
    first, second = listed(tenant, "/v1/products")
    assert [first["state"], second["state"]] == [None, "submitted"]
    states = listed(tenant, f"/v1/products/{second['id']}/states")
    assert [(row["state"], row["date"]) for row in states] == [("submitted", "2026-01-10")]
    done = send("products", [paper("P0", role="informal")])
    assert counts(done) == {"updated": 1}
    url = f"/v1/products/{first['id']}/contributors"
    assert listed(tenant, url)[0]["role"] == "informal"
    assert tenant.api.post(f"/v1/imports/{done['id']}/reversal").status_code == 202
    assert finished(tenant.api, f"/v1/imports/{done['id']}")["state"] == "reversed"
    assert listed(tenant, url)[0]["role"] == "formal"


def test_a_repeated_import_changes_nothing(tenant, send):
    rows = [paper("P0"), paper("P1"), {"external_id": "P2", "kind": "talk", "title": "A talk"}]
    send("products", rows)
    before = listed(tenant, "/v1/products")
    assert counts(send("products", rows)) == {"unchanged": 3}
    assert listed(tenant, "/v1/products") == before
    career = [{"external_id": "P0", "kind": "award", "code": "K23", "date": "2020-07-01"}]
    assert counts(send("career_events", career)) == {"created": 1}
    before = listed(tenant, "/v1/career-events")
    assert counts(send("career_events", career)) == {"unchanged": 1}
    assert listed(tenant, "/v1/career-events") == before


def test_an_update_keeps_what_an_empty_cell_says_nothing_of_and_skip_keeps_everything(tenant, send):
    send("products", [paper("P0", date="2026-01-01")])
    assert counts(send("products", [paper("P0", title="Renamed")], mode="skip")) == {"skipped": 1}
    assert listed(tenant, "/v1/products")[0]["title"] == "On peers"
    assert counts(send("products", [paper("P0", title="Renamed", visibility="funder")])) == {"updated": 1}
    (product,) = listed(tenant, "/v1/products")
    assert (product["title"], product["date"], product["visibility"], product["version"]) == (
        "Renamed",
        "2026-01-01",
        "funder",
        2,
    )


def test_a_bad_row_is_reported_with_line_and_column_and_the_rest_is_applied(tenant, send, new_tenant):
    rows = [
        paper("P0"),
        paper("stranger"),
        paper("P1", doi="nonsense"),
        paper("P2", kind="song"),
        paper("", doi="10.5555/b"),
        paper("P0", title="Again"),
        {"external_id": "P1", "kind": "talk"},
        paper("P1", date="1 May"),
    ]
    found = send("products", rows)
    assert counts(found) == {"created": 1, "failed": 7}
    failed = listed(tenant, f"/v1/imports/{found['id']}/rows?outcome=failed")
    assert [(row["line"], row["column"], row["code"]) for row in failed] == [
        (3, "external_id", "unknown_person"),
        (4, "doi", "invalid_doi"),
        (5, "kind", "unknown_value"),
        (6, "external_id", "required"),
        (7, None, "duplicate_in_file"),
        (8, "title", "required"),
        (9, "date", "invalid_date"),
    ]
    assert len(listed(tenant, "/v1/products")) == 1


def test_somebody_of_another_cohort_is_unknown(tenant, cohort, send):
    program = tenant.api.get(f"/v1/cohorts/{cohort}").get_json()["program_id"]
    other = tenant.api.post("/v1/cohorts", json={"program_id": program, "name": "2027"}).get_json()["id"]
    found = send("products", [paper("P0")], into=other)
    assert counts(found) == {"failed": 1}
    assert listed(tenant, "/v1/products") == []


def test_a_dry_run_counts_and_applies_nothing(tenant, send):
    assert counts(send("products", [paper("P0"), paper("P9")], dry_run=True)) == {"created": 1, "failed": 1}
    assert listed(tenant, "/v1/products") == []


def test_a_reversal_deletes_what_was_created_and_restores_what_was_updated(tenant, send, finished):
    send("products", [paper("P0", date="2026-01-01"), paper("P0", doi="10.5555/b")])
    before = listed(tenant, "/v1/products")
    second = [
        paper("P0", title="Renamed"),
        paper("P1"),
        paper("P2", doi="10.5555/b"),
        {"external_id": "P2", "kind": "talk", "title": "A talk"},
    ]
    found = send("products", second)
    assert counts(found) == {"created": 3, "updated": 1}
    assert len(listed(tenant, "/v1/products")) == 3
    reversal = tenant.api.post(f"/v1/imports/{found['id']}/reversal")
    assert reversal.status_code == 202, reversal.get_json()
    assert finished(tenant.api, f"/v1/imports/{found['id']}")["state"] == "reversed"
    after = listed(tenant, "/v1/products")
    assert told(after) == told(before)
    assert [product["membership_ids"] for product in after] == [
        product["membership_ids"] for product in before
    ]
    assert [product["version"] for product in after] == [3, 3]


def test_a_reversal_undoes_nothing_once_a_product_was_changed_since(tenant, send, finished):
    found = send("products", [paper("P0"), paper("P1", doi="10.5555/b")])
    product = listed(tenant, "/v1/products")[0]
    url, held = f"/v1/products/{product['id']}", {"If-Match": f'"{product["version"]}"'}
    assert tenant.api.patch(url, json={"title": "By hand"}, headers=held).status_code == 200
    job = tenant.api.post(f"/v1/imports/{found['id']}/reversal").get_json()["job_id"]
    ended = finished(tenant.api, f"/v1/jobs/{job}")
    assert (ended["state"], ended["error"]["code"]) == ("failed", "changed_since")
    assert len(listed(tenant, "/v1/products")) == 2


def test_career_events_are_updated_by_their_key_and_reversed(tenant, send, finished):
    observation = {"external_id": "P0", "kind": "observation", "date": "2020-07-01", "sample": "complete"}
    first = [
        {**observation, "until": "2025-12-31"},
        {"external_id": "P0", "kind": "award", "code": "k23", "date": "2020-07-01"},
        {"external_id": "P0", "kind": "award", "code": "R01", "project_number": "1R01ZZ1"},
        {"external_id": "P1", "kind": "award", "code": "R01", "before_first_k": "yes"},
        {"external_id": "P1", "kind": "promotion"},
    ]
    assert counts(send("career_events", first)) == {"created": 4, "failed": 1}
    before = listed(tenant, "/v1/career-events")
    second = [
        {**observation, "until": "2026-08-31"},
        {
            "external_id": "P0",
            "kind": "award",
            "code": "R01",
            "date": "2026-02-01",
            "project_number": "1R01ZZ1",
        },
        {"external_id": "P1", "kind": "award", "code": "K01", "date": "2021-01-01"},
    ]
    found = send("career_events", second)
    assert counts(found) == {"created": 1, "updated": 2}
    by_code = {
        event["code"]: event for event in listed(tenant, "/v1/career-events?kind=award") if event["date"]
    }
    assert by_code["R01"]["date"] == "2026-02-01"
    tenant.api.post(f"/v1/imports/{found['id']}/reversal")
    assert finished(tenant.api, f"/v1/imports/{found['id']}")["state"] == "reversed"
    assert told(listed(tenant, "/v1/career-events")) == told(before)


def test_an_observation_never_comes_to_end_before_it_begins(tenant, send):
    begun = {"external_id": "P0", "kind": "observation", "sample": "complete"}
    send("career_events", [{**begun, "date": "2020-07-01", "until": "2025-12-31"}])
    found = send("career_events", [{**begun, "until": "2019-12-31"}])
    assert counts(found) == {"failed": 1}
    assert listed(tenant, "/v1/career-events")[0]["until"] == "2025-12-31"


def test_a_file_of_outcomes_must_say_its_kinds_and_replaces_nothing(tenant, cohort):
    for body, pointer in (
        ({"kind": "products", "mapping": {"external_id": "id", "title": "title"}}, "/mapping/kind"),
        (
            {"kind": "career_events", "mode": "replace", "mapping": {"external_id": "id", "kind": "kind"}},
            "/mode",
        ),
    ):
        answer = tenant.api.post(f"/v1/cohorts/{cohort}/imports", json=body)
        assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize("kind", sorted(OUTCOMES))
def test_a_mapping_may_name_exactly_what_such_a_file_can_say(kind):
    assert MAPPED[kind] == set(OUTCOMES[kind].columns)
