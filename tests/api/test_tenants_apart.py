"""Tenants apart: every documented route, called by somebody it is not for."""

import pytest

from tenants.kernel.ids import new_id
from tests.api.operations import (
    GUARDED,
    OPERATIONS,
    WITH_IDS,
    belongings,
    call,
    parameters,
)
from tests.contract import document
from tests.factories.everything import url_of
from tests.factories.matching import ready_to_match
from tests.factories.people import api_for

PUBLIC = {"/.well-known/oauth-authorization-server", "/healthz", "/readyz", "/v1/openapi.json"}


@pytest.fixture
def inhabited(places):
    """A tenant with one of everything that has an id in a path, and these ids by parameter."""
    tenant, _, there = places
    return tenant, there


PUBLISHED = "/v1/network-resources"
"""What people of one tenant show all of them."""
FOR_ALL = ("/v1/metrics", "/v1/outcome-kinds")
"""What is the same for every tenant."""


def test_there_is_one_of_everything_to_try(inhabited):
    _, ids = inhabited
    assert parameters() <= set(ids)


def test_another_tenants_ids_are_unknown_on_every_route_and_nothing_changes(inhabited, new_tenant, superuser):
    owner, ids = inhabited
    stranger = new_tenant()
    before = belongings(superuser, owner.id)
    answers = {
        f"{method} {path}": call(
            api_for(stranger, path, method), method, url_of(path, ids), operation
        ).status_code
        for method, path, operation in WITH_IDS
    }
    assert {route: status for route, status in answers.items() if status != 404} == {
        f"get {PUBLISHED}/{{network_resource_id}}": 200
    }
    assert belongings(superuser, owner.id) == before


def test_the_owner_is_answered_where_the_stranger_is_not(inhabited):
    """Else the test above would pass on routes that answer 404 to everybody."""
    owner, ids = inhabited
    reads = {
        path: call(api_for(owner, path), "get", url_of(path, ids), op)
        for m, path, op in WITH_IDS
        if m == "get"
    }
    assert {path: answer.status_code for path, answer in reads.items() if answer.status_code != 200} == {}


def test_an_id_of_nothing_is_unknown_on_every_route(tenant):
    nothing = {"number": "1"} | {name: str(new_id()) for name in parameters()}
    answers = {
        f"{method} {path}": call(
            api_for(tenant, path, method), method, url_of(path, nothing), operation
        ).status_code
        for method, path, operation in WITH_IDS
    }
    assert {route: status for route, status in answers.items() if status != 404} == {}


def test_what_is_no_id_at_all_is_unknown_too(tenant):
    for _, path, _ in WITH_IDS:
        for strange in ("x", "0", "'", "%00", "..", "00000000-0000-0000-0000-00000000000g"):
            answer = api_for(tenant, path).get(url_of(path, dict.fromkeys(parameters(), strange)))
            assert answer.status_code in (404, 405), (path, strange)


def test_without_a_token_every_route_asks_for_one(app):
    anybody = app.test_client()
    ids = {"number": "1"} | {name: str(new_id()) for name in parameters()}
    wrong = []
    for method, path, operation in GUARDED:
        if path.startswith("/oauth/"):
            continue
        answer = call(anybody, method, url_of(path, ids), operation)
        challenge = answer.headers.get("WWW-Authenticate", "")
        if answer.status_code != 401 or not challenge.startswith("Bearer"):
            wrong.append((method, path, answer.status_code, challenge))
    assert wrong == []


def test_a_token_without_the_routes_scope_is_refused(new_tenant, superuser):
    holder = new_tenant(scopes=["audit:read"])
    ids = {"number": "1"} | {name: str(new_id()) for name in parameters()}
    before = belongings(superuser, holder.id)
    wrong = []
    for method, path, operation in GUARDED:
        needed = [scope for each in operation["security"] for scope in each.get("oauth", ())]
        if path.startswith("/oauth/") or "audit:read" in needed:
            continue
        answer = call(holder.api, method, url_of(path, ids), operation)
        if answer.status_code != 403 or answer.get_json()["code"] != "insufficient_scope":
            wrong.append((method, path, answer.status_code))
        elif needed[0] not in answer.get_json()["detail"]:
            wrong.append((method, path, answer.get_json()["detail"]))
    assert wrong == []
    assert belongings(superuser, holder.id) == before


def test_all_that_is_public_is_meant_to_be():
    assert {path for _, path, operation in OPERATIONS if not operation.get("security")} == PUBLIC


def test_lists_show_nothing_of_another_tenant(inhabited, new_tenant):
    stranger = new_tenant()
    shown = {}
    for method, path, _ in GUARDED:
        own = (
            "/v1/tenant",
            "/v1/events",
            "/v1/clients",
            "/v1/me",
            "/v1/me/authorizations",
            "/v1/me/notice-preferences",
            "/v1/people",
            "/v1/me/readers",
            PUBLISHED,
            "/v1/me/mentors",
            "/v1/organizations",
            *FOR_ALL,
        )
        if method == "get" and "{" not in path and path not in own:
            shown[path] = api_for(stranger, path).get(path).get_json()["items"]
    assert shown
    assert {path: items for path, items in shown.items() if items} == {}


def test_another_tenants_id_in_a_body_is_an_error_of_its_field(inhabited, new_tenant, database):
    owner, ids = inhabited
    other = new_tenant()
    own = ready_to_match(other, database, people=2)
    member = owner.api.get(f"/v1/participants/{ids['participant_id']}").get_json()["membership_id"]
    terms = {"terms": [{"attribute": "award", "prefer": "similar"}]}
    asked = {
        "/program_id": [
            ("/v1/cohorts", {"name": "Fall", "program_id": ids["program_id"]}),
            ("/v1/recipes", {"name": "Mine", "program_id": ids["program_id"], **terms}),
            ("/v1/reports", {"audience": "internal", "program_id": ids["program_id"]}),
        ],
        "/cohort_id": [
            ("/v1/matching-runs", {"cohort_id": ids["cohort_id"], "recipe_id": own.recipe_id}),
            ("/v1/matching-runs", {"cohort_id": ids["cohort_id"], "recipe": terms, "simulation": True}),
            ("/v1/reports", {"audience": "internal", "cohort_id": ids["cohort_id"]}),
        ],
        "/recipe_id": [("/v1/matching-runs", {"cohort_id": own.cohort_id, "recipe_id": ids["recipe_id"]})],
        "/membership_id": [
            ("/v1/career-events", {"kind": "promotion", "date": "2024-05-01", "membership_id": member})
        ],
        "/participants/0": [
            (
                f"/v1/cohorts/{own.cohort_id}/separations",
                {"participants": [ids["participant_id"], own.participants[0]]},
            )
        ],
        "/membership_ids/0": [
            ("/v1/products", {"kind": "talk", "title": "Mine", "membership_ids": [member]})
        ],
    }
    for pointer, requests in asked.items():
        for url, body in requests:
            answer = other.api.post(url, json=body)
            assert answer.status_code == 422, (url, answer.get_json())
            assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [(pointer, "unknown")]


def test_another_tenants_id_in_a_filter_finds_nothing(inhabited, new_tenant):
    owner, ids = inhabited
    member = owner.api.get(f"/v1/participants/{ids['participant_id']}").get_json()["membership_id"]
    external = owner.api.get(f"/v1/participants/{ids['participant_id']}").get_json()["external_id"]
    stranger, tried = new_tenant(), 0
    for path, item in document()["paths"].items():
        for parameter in item.get("get", {}).get("parameters", ()):
            name = parameter["name"]
            if parameter["in"] == "query" and name.endswith("_id") and "{" not in path:
                tried += 1
                known = {**ids, "external_id": external}
                if path in ("/v1/career-events", "/v1/products"):
                    known["membership_id"] = member
                if path == "/v1/findings":
                    found = owner.api.get(f"{path}/{ids['finding_id']}").get_json()
                    known["membership_id"] = found["membership_id"]
                asked = f"{path}?{name}={known[name]}"
                assert stranger.api.get(asked).get_json()["items"] == [], asked
                assert owner.api.get(asked).get_json()["items"] != [], asked
    assert tried >= 8
