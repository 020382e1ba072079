"""Roles, and roles limited to a program or a cohort: what each opens on every documented route, and nothing else."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from tenants.kernel.permissions import IN_PLACES, LIMITABLE, PRIVATE, ROLES, SELF, Permission, Role
from tests.api.operations import GUARDED, belongings, call
from tests.factories.everything import url_of
from tests.factories.matching import every
from tests.factories.people import holder

OF_ONE = sorted(permission.value for permission in SELF | PRIVATE)
OF_THE_TENANT = {
    *("client_id", "connection_id", "membership_id", "invitation_id", "role_grant_id", "job_id"),
    *("partner_invitation_id", "received_partner_invitation_id", "nomination_id", "guest_id"),
    *("candidate_search_id", "sharing_agreement_id", "received_report_id"),
    *("pooled_report_id", "contribution_request_id"),
}
"""Ids of what is in no program: no limited role opens it."""
OF_NO_PLACE = ("/v1/metrics/{metric}", "/v1/organizations", "/v1/findings")
"""What is the same for everybody, and what is of somebody who is in both places."""
RESOURCES = [
    (method, path, operation, Permission(operation["security"][0]["oauth"][0]))
    for method, path, operation in GUARDED
    if "oauth" in operation["security"][0] and operation["security"][0]["oauth"][0] not in OF_ONE
    if not path.startswith(OF_NO_PLACE)
]


@pytest.fixture
def tenant(places):
    return places[0]


def limits(here: dict[str, str]) -> list[dict[str, UUID]]:
    return [{}, {"program_id": UUID(here["program_id"])}, {"cohort_id": UUID(here["cohort_id"])}]


def expected(role: Role, limited: bool, permission: Permission, path: str, *, here: bool) -> int:
    """What the permission table says of reading a path."""
    gives = ROLES[role] & LIMITABLE if limited else ROLES[role]
    if permission not in gives:
        return 404
    elsewhere = "{" in path and (not here or any(f"{{{name}}}" in path for name in OF_THE_TENANT))
    return 404 if limited and elsewhere else 200


def test_each_role_reads_what_the_table_says_where_it_holds_and_finds_nothing_else(app, tenant, places):
    _, here, there = places
    of_there = {value for name, value in there.items() if name not in OF_THE_TENANT and len(value) == 36}
    of_there -= set(here.values())
    wrong, read = [], 0
    for role in Role:
        for limit in limits(here) if role in IN_PLACES else [{}]:
            api = holder(app, tenant.id, role.value, **limit).api
            for method, path, operation, permission in RESOURCES:
                if method != "get":
                    continue
                for ids in (here, there) if "{" in path else (here,):
                    answer = call(api, method, url_of(path, ids), operation)
                    wanted = expected(role, bool(limit), permission, path, here=ids is here)
                    read += wanted == 200
                    if answer.status_code != wanted:
                        wrong.append((role.value, sorted(limit), path, ids is here, answer.status_code))
                    elif limit and any(each in answer.text for each in of_there):
                        wrong.append((role.value, sorted(limit), path, "tells of what is there"))
    assert wrong == []
    assert read > 150


def test_a_role_of_another_tenant_or_one_that_has_ended_opens_nothing(app, tenant, new_tenant, places):
    _, here, _ = places
    past = datetime(2020, 1, 1, tzinfo=UTC)
    ended = holder(app, tenant.id, "program_manager", expires_at=past).api
    stranger = holder(app, new_tenant().id, "owner").api
    for method, path, operation, _ in RESOURCES:
        if method == "get":
            assert call(ended, method, url_of(path, here), operation).status_code == 404, path
            if "{" in path:
                assert call(stranger, method, url_of(path, here), operation).status_code == 404, path


def test_whoever_manages_one_place_changes_nothing_in_the_other(app, tenant, places, superuser):
    _, here, there = places
    for limit in limits(here)[1:]:
        api = holder(app, tenant.id, "program_manager", **limit).api
        before = belongings(superuser, tenant.id)
        answers = {
            f"{method} {path}": call(api, method, url_of(path, there), operation)
            for method, path, operation, _ in RESOURCES
            if "{" in path
        }
        strange = {
            route: (answer.status_code, answer.text)
            for route, answer in answers.items()
            if not (answer.status_code == 404 or (answer.status_code == 403 and not route.startswith("get")))
        }
        assert strange == {}
        assert belongings(superuser, tenant.id) == before


def test_lists_of_a_limited_role_have_what_is_here(app, tenant, places):
    _, here, there = places
    ours, theirs = (
        {row["membership_id"] for row in every(tenant.api, f"/v1/cohorts/{ids['cohort_id']}/participants")}
        for ids in (here, there)
    )
    for limit in limits(here)[1:]:
        api = holder(app, tenant.id, "program_manager", **limit).api
        shown = {
            path: [row["id"] for row in every(api, path)]
            for path in ("/v1/programs", "/v1/cohorts", "/v1/recipes", "/v1/matching-runs", "/v1/groups",
                         "/v1/products", "/v1/career-events", "/v1/reports", "/v1/people")
        }  # fmt: skip
        assert shown["/v1/programs"] == [here["program_id"]]
        assert shown["/v1/cohorts"] == [here["cohort_id"]]
        assert shown["/v1/recipes"] == [here["recipe_id"]]
        assert shown["/v1/products"] == [here["product_id"]]
        assert shown["/v1/career-events"] == [here["career_event_id"]]
        assert here["report_id"] in shown["/v1/reports"]
        assert there["report_id"] not in shown["/v1/reports"]
        assert len(shown["/v1/matching-runs"]) == 2
        assert here["group_id"] in shown["/v1/groups"]
        assert ours <= set(shown["/v1/people"])
        assert not (theirs - ours) & set(shown["/v1/people"])
