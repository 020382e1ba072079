"""Groups that lose somebody, what forms they have, and what they keep of their recipe; with a real worker."""

import pytest
from sqlalchemy import text

from tenants.groups.repair import ask_for_repair
from tests.conftest import eventually
from tests.factories.circles import circle_of
from tests.factories.matching import every, ready_to_match
from tests.factories.participants import add_participants

OPEN = "SELECT count(*) FROM job WHERE kind = 'group_repair' AND state IN ('queued', 'running')"


def changed(api, url, **changes):
    answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert answer.status_code == 200, answer.get_json()["errors"]
    return answer.get_json()


@pytest.fixture
def formed(tenant, database, proposed):
    """Two groups of four of a program that repairs automatically, formed by a run."""
    size = {"min": 3, "max": 4}
    ready = ready_to_match(tenant, database, people=8, institutions=1000, size=size, rules=[], emphasis=0)
    changed(tenant.api, f"/v1/programs/{ready.program_id}", repair="automatic")
    url, _ = proposed(ready)
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    return ready


def leave(database, tenant, group_id):
    """Somebody leaves a group, and its repair is asked for; the participant."""
    with database.tenant(tenant.id) as session:
        gone = text(
            "UPDATE group_member SET left_at = now() WHERE id = (SELECT id FROM group_member"
            " WHERE group_id = :group AND left_at IS NULL ORDER BY id LIMIT 1) RETURNING participant_id"
        )
        participant = session.scalar(gone, {"group": group_id})
        away = text("UPDATE participant SET state = 'withdrawn', version = version + 1 WHERE id = :one")
        session.execute(away, {"one": participant})
        ask_for_repair(session, group_id=group_id)
        session.commit()
    return participant


def ask_again(database, tenant, group_id):
    with database.tenant(tenant.id) as session:
        ask_for_repair(session, group_id=group_id)
        session.commit()


def settled(database, tenant):
    """Wait until no repair job is under way."""

    def none_open():
        with database.tenant(tenant.id) as session:
            return session.scalar(text(OPEN)) == 0

    eventually(none_open)


def repairs(tenant, ready):
    runs = every(tenant.api, f"/v1/matching-runs?cohort_id={ready.cohort_id}")
    return [run for run in runs if "keep_groups" in run["options"]]


def test_a_run_is_ordered_once_and_waits_to_be_accepted(tenant, database, formed, finished):
    group = every(tenant.api, "/v1/groups")[0]["id"]
    (newcomer,) = add_participants(
        database, tenant.id, formed.cohort_id, [{"award": "K01"}], prefix="N", state="waitlisted"
    )
    leave(database, tenant, group)
    settled(database, tenant)
    for _ in range(2):
        ask_again(database, tenant, group)
    settled(database, tenant)
    (run,) = repairs(tenant, formed)
    assert run["recipe_id"] == formed.recipe_id
    url = f"/v1/matching-runs/{run['id']}"
    assert finished(tenant.api, url)["state"] == "succeeded"
    ask_again(database, tenant, group)
    settled(database, tenant)
    assert len(repairs(tenant, formed)) == 1, "it waits for the organiser"
    assert tenant.api.get(f"/v1/groups/{group}").get_json()["needs_repair"] is True
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    whole = tenant.api.get(f"/v1/groups/{group}").get_json()
    assert (whole["needs_repair"], whole["member_count"]) == (False, 4)
    members = every(tenant.api, f"/v1/groups/{group}/members")
    assert newcomer in {each["participant_id"] for each in members if each["left_at"] is None}


def test_a_proposal_that_somebody_has_left_since_is_open_no_longer(tenant, database, formed, finished):
    group = every(tenant.api, "/v1/groups")[0]["id"]
    add_participants(
        database, tenant.id, formed.cohort_id, [{"award": "K01"}], prefix="N", state="waitlisted"
    )
    leave(database, tenant, group)
    settled(database, tenant)
    (first,) = repairs(tenant, formed)
    finished(tenant.api, f"/v1/matching-runs/{first['id']}")
    leave(database, tenant, group)
    settled(database, tenant)
    first, second = repairs(tenant, formed)
    finished(tenant.api, f"/v1/matching-runs/{second['id']}")
    stale = tenant.api.post(f"/v1/matching-runs/{first['id']}/acceptance")
    assert (stale.status_code, stale.get_json()["code"]) == (409, "stale_run")
    assert tenant.api.post(f"/v1/matching-runs/{second['id']}/acceptance").status_code == 201
    assert tenant.api.get(f"/v1/groups/{group}").get_json()["member_count"] == 3


def test_a_group_that_no_recipe_formed_is_marked_and_no_run_ordered(app, tenant, database, superuser):
    circle = circle_of(app, tenant, superuser)
    changed(tenant.api, f"/v1/programs/{circle.program_id}", repair="automatic")
    ask_again(database, tenant, circle.id)
    with database.tenant(tenant.id) as session:
        assert session.scalar(text("SELECT count(*) FROM job WHERE kind = 'group_repair'")) == 0
    assert tenant.api.get(circle.url).get_json()["needs_repair"] is True
    changed(tenant.api, circle.url, state="ended")
    assert every(tenant.api, "/v1/groups?needs_repair=true") == []


@pytest.mark.parametrize(
    ("people", "size", "seats", "expected"),
    [
        (4, {"min": 2, "max": 2}, None, "dyad"),
        (6, {"min": 3, "max": 3}, None, "small_group"),
        (6, {"min": 3, "max": 3}, "facilitator", "facilitated"),
        (6, {"min": 3, "max": 3}, "near-peer", "near_peer"),
    ],
)
def test_a_group_has_the_format_that_its_recipe_and_size_say(
    tenant, database, proposed, people, size, seats, expected
):
    ready = ready_to_match(tenant, database, people=people, institutions=1000, size=size, rules=[])
    if seats:
        attribute = {"key": "part", "label": "Part", "kind": "categorical"}
        tenant.api.post(f"/v1/programs/{ready.program_id}/attributes", json=attribute)
        for number, participant in enumerate(ready.participants):
            part = seats if number < 2 else "peer"
            changed(tenant.api, f"/v1/participants/{participant}", attributes={"part": part})
        rule = {"rule": "seats", "attribute": "part", "value": seats, "min": 1, "max": 1}
        changed(tenant.api, f"/v1/recipes/{ready.recipe_id}", rules=[rule])
    url, _ = proposed(ready)
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    groups = every(tenant.api, "/v1/groups")
    assert [group["format"] for group in groups] == [expected] * 2
    assert len(every(tenant.api, f"/v1/groups?format={expected}")) == 2
    assert [
        each["open_places"] for each in every(tenant.api, f"/v1/cohorts/{ready.cohort_id}/agreements")
    ] == [0, 0]


def test_a_pair_that_grows_is_a_small_group(tenant, database, proposed):
    pair = {"min": 2, "max": 3}
    ready = ready_to_match(tenant, database, people=2, institutions=1000, size=pair, rules=[])
    url, _ = proposed(ready)
    tenant.api.post(f"{url}/acceptance")
    (group,) = every(tenant.api, "/v1/groups")
    assert group["format"] == "dyad"
    add_participants(database, tenant.id, ready.cohort_id, [{"award": "K01"}], prefix="N", state="waitlisted")
    url, _ = proposed(ready, keep_groups={})
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    (group,) = every(tenant.api, "/v1/groups")
    assert (group["format"], group["member_count"]) == ("small_group", 3)


def test_what_a_group_keeps_of_its_recipe_is_ticked_by_both_and_seen_by_both(
    app, tenant, superuser, database
):
    circle = circle_of(app, tenant, superuser)
    url, mine = f"{circle.url}/fidelity", f"{circle.url}/fidelity/by-members"
    items = [each["item"] for each in tenant.api.get(url).get_json()["items"]]
    assert len(items) == 5
    ticked = circle.api().put(mine, json={"items": [{"item": items[1], "kept": True}]})
    assert ticked.get_json()["items"][1]["said_by"] == "group"
    said = {"items": [{"item": items[0], "kept": False}]}
    answer = tenant.api.put(url, json=said).get_json()
    assert [(each["kept"], each["said_by"]) for each in answer["items"][:3]] == [
        (False, "organiser"), (True, "group"), (None, None),
    ]  # fmt: skip
    assert circle.api(1).get(mine).get_json() == answer
    for wrong in ([{"item": "Nothing", "kept": True}], [{"item": items[0], "kept": True}] * 2):
        assert tenant.api.put(url, json={"items": wrong}).status_code == 422
    assert tenant.api.get(url).get_json() == answer


def test_a_recipe_says_what_its_groups_are_to_keep(tenant, database, proposed):
    ready = ready_to_match(
        tenant,
        database,
        people=4,
        institutions=1000,
        size={"min": 4, "max": 4},
        rules=[],
        fidelity=["Meets weekly"],
    )
    assert tenant.api.get(f"/v1/recipes/{ready.recipe_id}").get_json()["fidelity"] == ["Meets weekly"]
    url, _ = proposed(ready)
    tenant.api.post(f"{url}/acceptance")
    (group,) = every(tenant.api, "/v1/groups")
    listed = tenant.api.get(f"/v1/groups/{group['id']}/fidelity").get_json()
    assert [each["item"] for each in listed["items"]] == ["Meets weekly"]
