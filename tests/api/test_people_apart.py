"""People of one tenant apart: whatever is somebody's own or her group's, tried by another who may do more elsewhere."""

import re
from uuid import UUID

import psycopg
import pytest

from tests.api.operations import OPERATIONS, belongings, call
from tests.conftest import until_settled
from tests.factories.everything import (
    asked_to_facilitate,
    one_of_everything,
    own_product,
    own_survey,
    signed_in,
    url_of,
)
from tests.factories.group_life import nudged
from tests.factories.matching import every
from tests.factories.partners import nomination
from tests.factories.people import let_in, scopes_of

OWN = [
    (method, path, operation)
    for method, path, operation in OPERATIONS
    if re.search(r"\{\w+_id\}", path) and (path.startswith("/v1/me/") or "group_content" in scopes_of(path))
]
LISTED = ("group_id", "session_id", "authorization_id", "application_id")
LISTS = [path for method, path, _ in OPERATIONS if method == "get" and re.fullmatch(r"/v1/me/[\w-]+", path)]


@pytest.fixture(scope="module")
def two(new_tenant, database, finished):
    """Two in groups of their own, by what they are in the tenant, each with the ids of all that is hers."""
    tenant = new_tenant()
    everything = one_of_everything(tenant, database, finished)
    first = everything["group_id"]
    second = next(group["id"] for group in every(tenant.api, "/v1/groups") if group["id"] != first)
    found = {}
    for role, group in (("member", first), ("program_manager", second)):
        if role != "member":
            let_in(tenant, group, role)
        api = tenant.group_person
        herself = UUID(api.get("/v1/me").get_json()["id"])
        tenant.api.delete(f"/v1/groups/{group}/facilitator")
        found[role] = (
            api,
            {
                **tenant.wrote,
                **own_product(api, "Invented"),
                **own_survey(tenant, database, api),
                "nudge_id": nudged(database, tenant.id, group),
                "facilitation_id": asked_to_facilitate(tenant, database, group, api),
                "nomination_id": nomination(tenant, everything["received_partner_invitation_id"], herself),
                "group_id": group,
                "session_id": signed_in(database, tenant.id, api),
                "authorization_id": every(api, "/v1/me/authorizations")[0]["id"],
                "application_id": every(api, "/v1/me/applications")[0]["id"],
            },
        )
    until_settled(database, tenant.id)
    return tenant, found


@pytest.mark.parametrize(("whose", "who"), [("member", "program_manager"), ("program_manager", "member")])
def test_what_is_anothers_own_is_unknown_on_every_route_and_nothing_changes(two, servers, whose, who):
    tenant, found = two
    assert len(OWN) > 5
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as superuser:
        before = belongings(superuser, tenant.id)
        answers = {
            f"{method} {path}": call(
                found[who][0], method, url_of(path, found[whose][1]), operation
            ).status_code
            for method, path, operation in OWN
        }
        assert {route: status for route, status in answers.items() if status != 404} == {}
        assert belongings(superuser, tenant.id) == before


@pytest.mark.parametrize("who", ["member", "program_manager"])
def test_she_herself_is_answered_where_the_other_is_not(two, who):
    """Else the test above would pass on routes that answer 404 to everybody."""
    api, ids = two[1][who]
    reads = {path: call(api, method, url_of(path, ids), op) for method, path, op in OWN if method == "get"}
    assert len(reads) > 3
    assert {path: answer.status_code for path, answer in reads.items() if answer.status_code != 200} == {}


def test_lists_of_ones_own_show_nothing_of_anothers(two):
    seen = {
        who: {path: api.get(path).get_data(as_text=True) for path in LISTS}
        for who, (api, _) in two[1].items()
    }
    assert len(LISTS) > 5
    for whose, who in (("member", "program_manager"), ("program_manager", "member")):
        hers = [two[1][whose][1][name] for name in LISTED]
        assert all(any(id_ in text for text in seen[whose].values()) for id_ in hers), (
            "each is in a list of hers"
        )
        assert [path for path, text in seen[who].items() if any(id_ in text for id_ in hers)] == []
