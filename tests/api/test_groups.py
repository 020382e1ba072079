"""Groups and their members, over HTTP."""

from itertools import product
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tenants.groups.models import GROUP_STATES
from tests.factories.matching import every, ready_to_match


@pytest.fixture
def groups(tenant, database, finished):
    """Two groups that an accepted run formed."""
    ready = ready_to_match(tenant, database, people=8, institutions=1000, size={"min": 4, "max": 4})
    url = tenant.api.post("/v1/matching-runs", json=ready.order()).headers["Location"]
    finished(tenant.api, url)
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    return every(tenant.api, "/v1/groups")


def moved(api, url, **changes):
    """The answer to an edit of the version that is current."""
    etag = api.get(url).headers["ETag"]
    return api.patch(url, json=changes, headers={"If-Match": etag})


def test_a_group_says_the_same_alone_and_in_the_list(tenant, groups):
    url = f"/v1/groups/{groups[0]['id']}"
    assert tenant.api.get(url).get_json() == groups[0]
    assert groups[0]["member_count"] == 4
    members = every(tenant.api, f"{url}/members?limit=3")
    assert len({member["membership_id"] for member in members}) == 4
    assert members[0]["name"].startswith("Invented ")
    assert members[0]["left_at"] is None


def test_groups_are_listed_by_cohort_and_state(tenant, groups):
    moved(tenant.api, f"/v1/groups/{groups[0]['id']}", state="announced")
    cohort = groups[0]["cohort_id"]
    assert len(every(tenant.api, f"/v1/groups?cohort_id={cohort}&limit=1")) == 2
    assert every(tenant.api, f"/v1/groups?cohort_id={uuid4()}") == []
    assert [g["id"] for g in every(tenant.api, "/v1/groups?state=announced")] == [groups[0]["id"]]
    assert tenant.api.get("/v1/groups?state=happy").get_json()["errors"][0]["pointer"] == "?state"


def test_a_group_goes_from_state_to_state_and_nothing_is_lost_at_its_end(tenant, groups):
    url = f"/v1/groups/{groups[0]['id']}"
    for state in ("announced", "confirmed", "active", "paused", "active", "ended"):
        assert moved(tenant.api, url, state=state).get_json()["state"] == state
    group = tenant.api.get(url).get_json()
    assert (group["member_count"], group["version"]) == (4, 7)
    assert len(every(tenant.api, f"{url}/members")) == 4


def states(api, participants):
    """State, since when and why, by participant."""
    found = {each: api.get(f"/v1/participants/{each}").get_json() for each in participants}
    return {each: (one["state"], one["state_reason"]) for each, one in found.items()}


def test_whoever_stayed_until_the_end_can_be_placed_again(tenant, database, groups, finished):
    one, other = groups
    members = [each["participant_id"] for each in every(tenant.api, f"/v1/groups/{one['id']}/members")]
    others = [each["participant_id"] for each in every(tenant.api, f"/v1/groups/{other['id']}/members")]
    gone, away, twice, *rest = members
    for person, state in ((gone, "withdrawn"), (away, "paused")):
        assert moved(tenant.api, f"/v1/participants/{person}", state=state).status_code == 200
    with database.tenant(tenant.id) as session:
        join = (
            "INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id)"
            " SELECT tenant_id, uuidv7(), :group, id, membership_id FROM participant WHERE id = :person"
        )
        session.execute(text(join), {"group": other["id"], "person": twice})
        session.commit()
    assert moved(tenant.api, f"/v1/groups/{one['id']}", state="announced").status_code == 200
    assert states(tenant.api, rest) == dict.fromkeys(rest, ("placed", None))
    assert moved(tenant.api, f"/v1/groups/{one['id']}", state="ended").status_code == 200
    free = dict.fromkeys(rest, ("waitlisted", "Their group has ended."))
    assert states(tenant.api, rest) == free
    kept = {gone: ("withdrawn", None), away: ("paused", None), twice: ("placed", None)}
    assert states(tenant.api, [*kept, *others]) == kept | dict.fromkeys(others, ("placed", None))
    (last, *_) = every(tenant.api, f"/v1/participants/{rest[0]}/changes")[::-1]
    assert (last["state"], last["reason"], last["source"]) == (
        "waitlisted",
        "Their group has ended.",
        "api",
    )
    with database.tenant(tenant.id) as session:
        told = "SELECT counts FROM event WHERE type = 'group.updated' ORDER BY id DESC LIMIT 1"
        assert session.scalar(text(told)) == {"waitlisted": len(rest)}

    assert moved(tenant.api, f"/v1/groups/{other['id']}", state="ended").status_code == 200
    recipe = {"terms": [{"attribute": "award", "prefer": "similar"}], "size": {"min": 2, "max": 12}}
    body = {"cohort_id": one["cohort_id"], "simulation": True, "recipe": recipe}
    run = tenant.api.post("/v1/matching-runs", json=body).headers["Location"]
    assert finished(tenant.api, run)["state"] == "succeeded"
    placed = {each["participant_id"] for each in every(tenant.api, f"{run}/placements")}
    assert placed == {twice, *rest, *others}


def test_a_run_that_goes_on_from_a_group_that_ended_meanwhile_is_stale(tenant, groups, finished):
    recipe = every(tenant.api, "/v1/recipes")[0]["id"]
    body = {"cohort_id": groups[0]["cohort_id"], "recipe_id": recipe, "keep_groups": {}}
    run = tenant.api.post("/v1/matching-runs", json=body).headers["Location"]
    assert finished(tenant.api, run)["state"] == "succeeded"
    assert moved(tenant.api, f"/v1/groups/{groups[0]['id']}", state="ended").status_code == 200
    refused = tenant.api.post(f"{run}/acceptance")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "stale_run")


STEPS = {
    ("formed", "announced"),
    ("announced", "confirmed"),
    ("confirmed", "active"),
    ("active", "paused"),
    ("paused", "active"),
    *((state, "ended") for state in GROUP_STATES if state != "ended"),
    *((state, state) for state in GROUP_STATES),
}


def test_a_state_is_followed_only_by_its_next_ones(tenant, database, groups):
    url = f"/v1/groups/{groups[0]['id']}"
    put = text("UPDATE peer_group SET state = :state WHERE id = :id")
    for before, after in product(GROUP_STATES, GROUP_STATES):
        with database.tenant(tenant.id) as session:
            session.execute(put, {"state": before, "id": UUID(groups[0]["id"])})
            session.commit()
        answer = moved(tenant.api, url, state=after)
        allowed = (before, after) in STEPS
        assert answer.status_code == (200 if allowed else 409), (before, after)
        assert tenant.api.get(url).get_json()["state"] == (after if allowed else before)


def test_a_refused_step_changes_not_even_the_name(tenant, groups):
    url = f"/v1/groups/{groups[0]['id']}"
    refused = moved(tenant.api, url, name="Owls", state="active")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_a_next_state")
    assert tenant.api.get(url).get_json() == groups[0]


def test_a_group_is_renamed_in_the_version_that_was_read(tenant, groups):
    url = f"/v1/groups/{groups[0]['id']}"
    assert tenant.api.patch(url, json={"name": "Owls"}).status_code == 428
    edited = moved(tenant.api, url, name="  Owls ")
    assert (edited.get_json()["name"], edited.headers["ETag"]) == ("Owls", '"2"')
    stale = tenant.api.patch(url, json={"name": "Bats"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    for wrong in ({"name": ""}, {"state": "happy"}, {"opened_at": None}, {"member_count": 7}, {"name": None}):
        assert moved(tenant.api, url, **wrong).status_code == 422


def test_an_edit_that_changes_nothing_keeps_the_version(tenant, groups):
    url = f"/v1/groups/{groups[0]['id']}"
    assert moved(tenant.api, url, state="formed").get_json() == groups[0]


def test_another_tenants_group_is_unknown(tenant, new_tenant, groups):
    other = new_tenant().api
    url = f"/v1/groups/{groups[0]['id']}"
    assert other.get(url).status_code == 404
    assert other.get(f"{url}/members").status_code == 404
    assert other.patch(url, json={"name": "Owls"}, headers={"If-Match": '"1"'}).status_code == 404
    assert every(other, "/v1/groups") == []
    assert every(other, f"/v1/groups?cohort_id={groups[0]['cohort_id']}") == []


def test_the_application_can_neither_admit_nor_delete(tenant, database, groups):
    for statement in (
        "UPDATE peer_group SET opened_at = NULL",
        "UPDATE group_member SET admitted_at = NULL",
        "DELETE FROM group_member",
        "DELETE FROM peer_group",
    ):
        with database.tenant(tenant.id) as session, pytest.raises(ProgrammingError, match="denied"):
            session.execute(text(statement))
