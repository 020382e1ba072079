"""Verification from outside, over HTTP, with a server that answers for the public sources."""

import pytest

from tests.conftest import until_finished
from tests.factories import outside as told
from tests.factories.consents import participant_as_member, says
from tests.factories.matching import every, program_to_match

AWARD, OTHERS = "K23MH000001", "K23MH000002"


def verify(tenant, **body):
    ordered = tenant.api.post("/v1/verifications", json={"fiscal_years": [2025], **body})
    assert ordered.status_code == 202, ordered.get_json()
    return until_finished(tenant.api, ordered.headers["Location"])


@pytest.fixture(scope="module")
def sources(outside):
    """The sources with what they have of Ada; of RePORTER two pages, whose first request it refuses for a second."""
    someone = [told.project(f"R01MH{n:06}", "Somebody", "Else", 2025) for n in range(500)]
    hers = told.project(AWARD, "Ada", "Invented", 2025)
    anothers = told.project(OTHERS, "Adam", "Invented", 2025)
    refused = []

    def busy(request):
        if request.source == "nih_reporter" and not refused:
            refused.append(request)
            return told.said({}, 429, Retry_After="1")
        return None

    answering = [
        told.reporter([*someone, hers, anothers]),
        told.pubmed,
        told.crossref,
        told.openalex,
        told.orcid,
        busy,
    ]
    outside.answering += answering
    yield outside
    for each in answering:
        outside.answering.remove(each)


@pytest.fixture(scope="module")
def world(app, new_tenant, workers, sources):
    """A cohort of Ada, and of Cleo who objects, and what was found for it."""
    tenant = new_tenant()
    program = program_to_match(tenant.api)
    made = tenant.api.post("/v1/cohorts", json={"program_id": program, "name": "Invented"}).get_json()
    people = {}
    for name, more in (("Ada", {"orcid": told.ORCID}), ("Cleo", {})):
        body = {
            "external_id": name,
            "name": f"{name} Invented",
            "identifiers": more,
            "attributes": {"institution": "Invented University"},
        }
        added = tenant.api.post(f"/v1/cohorts/{made['id']}/participants", json=body)
        people[name] = participant_as_member(app, tenant, added.get_json()["id"])
    assert says(people["Cleo"], program, "outcomes", "objected").status_code == 201
    first = verify(tenant, cohort_id=made["id"])
    return tenant, made["id"], people, first


def test_what_several_sources_say_is_one_finding_and_nothing_is_attached(world):
    tenant, _, people, verification = world
    assert (verification["state"], verification["unavailable"]) == ("succeeded", [])
    assert (verification["asked"], verification["skipped"], verification["found"]) == (1, 1, 4)
    found = {each["title"]: each for each in every(tenant.api, "/v1/findings")}
    assert {each["membership_id"] for each in found.values()} == {str(people["Ada"].id)}
    paper = found["An invented paper."]
    assert paper["sources"] == ["crossref", "openalex", "orcid", "pubmed"]
    assert (paper["doi"], paper["pmid"], paper["date"]) == (told.PAPER, "41000001", "2025-03-01")
    assert (paper["matched_by"], paper["score"]) == ("orcid", 1.0)
    award = found[f"Invented title of {AWARD}"]
    assert (award["kind"], award["code"], award["project_number"]) == ("award", "K23", AWARD)
    assert (award["matched_by"], award["institution"]) == ("name_and_institution", told.PLACE)
    assert set(found) == {"An invented paper.", award["title"], "Invented data", "An invented talk"}
    for outcomes in ("/v1/products", "/v1/career-events"):
        assert every(tenant.api, outcomes) == []


def test_a_source_is_asked_page_by_page_and_for_one_fiscal_year_at_a_time(world, sources):
    asked = [request for request in sources.requests if request.source == "nih_reporter"]
    asked = [
        request for request in asked if 2025 in request.body["criteria"]["fiscal_years"]
    ]  # others ask as well
    assert sorted({request.body["offset"] for request in asked}) == [0, 500]
    assert asked[1].at - asked[0].at >= 1  # the first was refused for so long
    for request in asked:
        assert (request.body["criteria"]["fiscal_years"], request.body["limit"]) == ([2025], 500)


def test_what_was_asked_lately_is_not_asked_again(world, sources):
    tenant, cohort, _, _ = world
    before = len(sources.requests)
    again = verify(tenant, cohort_id=cohort)
    assert (again["state"], again["found"], len(sources.requests)) == ("succeeded", 0, before)


def test_she_confirms_once_and_rejects_for_good(world):
    tenant, cohort, people, _ = world
    me = people["Ada"].api
    mine = {each["title"]: each["id"] for each in every(me, "/v1/me/findings?state=open")}
    assert every(people["Cleo"].api, "/v1/me/findings") == []
    award, paper = (
        f"/v1/me/findings/{mine[f'Invented title of {AWARD}']}",
        f"/v1/me/findings/{mine['An invented paper.']}",
    )
    talk = f"/v1/me/findings/{mine['An invented talk']}"
    assert people["Cleo"].api.post(f"{paper}/confirmation").status_code == 404
    confirmed = [me.post(f"{each}/confirmation").get_json() for each in (award, award, paper, paper)]
    assert {(each["state"], each["decided_by"]) for each in confirmed} == {("confirmed", "person")}
    [event] = every(tenant.api, "/v1/career-events")
    assert (event["id"], event["code"], event["date"]) == (
        confirmed[0]["career_event_id"],
        "K23",
        "2025-05-02",
    )
    assert event["project_number"] == AWARD
    [product] = every(tenant.api, "/v1/products")
    assert (product["id"], product["doi"], product["kind"]) == (
        confirmed[2]["product_id"],
        told.PAPER,
        "manuscript",
    )
    assert product["membership_ids"] == [str(people["Ada"].id)]
    assert me.post(f"{talk}/rejection").get_json()["state"] == "rejected"
    assert me.post(f"{talk}/confirmation").get_json()["code"] == "rejected"
    assert me.post(f"{paper}/rejection").get_json()["code"] == "confirmed"
    assert verify(tenant, cohort_id=cohort)["found"] == 0
    assert me.get(talk).get_json()["state"] == "rejected"


def test_what_is_recorded_already_is_hers_as_well_and_not_recorded_again(world):
    tenant, _, people, _ = world
    data = {"kind": "dataset", "doi": "10.5555/invented.data", "membership_ids": [str(people["Cleo"].id)]}
    recorded = tenant.api.post("/v1/products", json=data).get_json()
    hers = every(tenant.api, f"/v1/findings?state=open&membership_id={people['Ada'].id}")
    [open_] = [each for each in hers if each["title"] == "Invented data"]
    confirmed = tenant.api.post(f"/v1/findings/{open_['id']}/confirmation").get_json()
    assert (confirmed["product_id"], confirmed["decided_by"]) == (recorded["id"], "institution")
    shown = tenant.api.get(f"/v1/products/{recorded['id']}").get_json()
    assert set(shown["membership_ids"]) == {str(people["Ada"].id), str(people["Cleo"].id)}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"fiscal_years": [1970]}, "/fiscal_years/0"),
        ({"fiscal_years": [2099]}, "/fiscal_years/0"),
        ({"sources": ["rumour"]}, "/sources/0"),
        ({"membership_id": "01922b6e-0000-7000-8000-000000000004"}, "/membership_id"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(world, wrong, pointer):
    tenant, cohort, _, _ = world
    refused = tenant.api.post(
        "/v1/verifications", json={"cohort_id": cohort, "fiscal_years": [2025], **wrong}
    )
    assert (refused.status_code, [each["pointer"] for each in refused.get_json()["errors"]]) == (
        422,
        [pointer],
    )


def test_a_source_that_refuses_is_left_out_and_named_and_the_others_are_asked(world, sources):
    tenant, cohort, people, _ = world

    def broken(request):
        return told.said(b"<html>", 400) if request.source == "crossref" else None

    def strange(request):
        return told.said(b"no JSON") if request.source == "openalex" else None

    sources.answering += [broken, strange]
    one = {"cohort_id": cohort, "membership_id": str(people["Ada"].id)}
    found = verify(tenant, **one, fiscal_years=[2024], sources=["crossref", "openalex", "orcid"])
    sources.answering.remove(broken)
    sources.answering.remove(strange)
    assert (found["state"], found["unavailable"], found["asked"]) == (
        "succeeded",
        ["crossref", "openalex"],
        1,
    )


def test_what_waited_for_somebody_goes_when_she_objects(world):
    tenant, cohort, people, _ = world
    newer = verify(tenant, cohort_id=cohort, fiscal_years=[2026], sources=["openalex"])
    assert newer["found"] == 0  # OpenAlex says the same of every year, and all of it is found already
    program = tenant.api.get(f"/v1/cohorts/{cohort}").get_json()["program_id"]
    assert says(people["Ada"], program, "outcomes", "objected").status_code == 201
    ended = verify(tenant, cohort_id=cohort)
    assert (ended["asked"], ended["skipped"]) == (0, 2)
    assert "open" not in {each["state"] for each in every(tenant.api, "/v1/findings")}


def test_peers_are_found_among_public_awards_and_a_members_search_is_her_own(world, sources):
    tenant, _, people, _ = world
    near = told.project(
        "K23MH000009", "Nira", "Nearby", 2025, project_title="Implementation of care at schools"
    )
    far = told.project("K23MH000008", "Fara", "Faraway", 2025, pref_terms="Zebrafish")
    answering = told.reporter([far, near])
    sources.answering.append(answering)
    body = {
        "text": "The implementation of care",
        "activity_codes": ["k23"],
        "institutes": ["nimh"],
        "fiscal_years": [2025],
    }
    found = {}
    for api, path in (
        (tenant.api, "/v1/candidate-searches"),
        (people["Ada"].api, "/v1/me/candidate-searches"),
    ):
        ordered = api.post(path, json=body)
        assert ordered.status_code == 202, ordered.get_json()
        found[path] = until_finished(api, ordered.headers["Location"])
    sources.answering.remove(answering)
    for each in found.values():
        assert (each["state"], each["compared"]) == ("succeeded", 2)
        [candidate] = each["candidates"]
        assert (candidate["name"], candidate["shared_terms"]) == ("Nira Nearby", ["implementation", "care"])
        assert (candidate["institution"], candidate["institute"]) == (told.PLACE, "NIMH")
    asked = sources.requests[-1].body["criteria"]
    assert (asked["activity_codes"], asked["agencies"], asked["fiscal_years"]) == (["K23"], ["NIMH"], [2025])
    own = found["/v1/me/candidate-searches"]["id"]
    assert tenant.api.get(f"/v1/candidate-searches/{own}").status_code == 404
    assert [each["id"] for each in every(tenant.api, "/v1/candidate-searches")] == [
        found["/v1/candidate-searches"]["id"]
    ]
    assert every(people["Cleo"].api, "/v1/me/candidate-searches") == []
