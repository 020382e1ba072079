"""Leaving a group, being away from it, and who is in it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from threading import Barrier

import pytest

from tenants.kernel.clock import now
from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.planting import plant


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser)


def written(api, circle, words, builds_on):
    body = {"text": words, "builds_on": builds_on}
    return api.post(f"{circle.url}/charter/versions", json=body).status_code


def leave(circle, number=0, **then):
    return circle.api(number).post(f"{circle.url}/departure", json=then or None)


def state_of(circle, number=0):
    participant = circle.participants[circle.members[number]]
    return circle.tenant.api.get(f"/v1/participants/{participant}").get_json()["state"]


def twin(circle, number=0):
    """Another group of the cohort that she is in as well."""
    cursor, mine = circle.superuser.cursor(), {"tenant_id": circle.tenant.id}
    group = plant(cursor, "peer_group", **mine, cohort_id=circle.cohort_id, opened_at=now(), state="active")
    member = circle.members[number]
    plant(
        cursor, "group_member", **mine, group_id=group, membership_id=member, admitted_at=now(),
        participant_id=circle.participants[member],
    )  # fmt: skip
    return group


def test_whoever_leaves_needs_no_reason_and_keeps_her_own_words_only(circle):
    api = circle.api(0)
    assert written(api, circle, "Mine.", 0) == 201
    assert written(circle.api(1), circle, "Another's.", 1) == 201
    assert leave(circle).status_code == 201
    assert api.get(f"{circle.url}/charter/versions/1").get_json()["text"] == "Mine."
    for url in ("charter/versions/2", "charter", "roster", "admissions", "invitations", "admission-settings"):
        assert api.get(f"{circle.url}/{url}").status_code == 404, url
    assert leave(circle).status_code == 404
    assert api.post(f"{circle.url}/departure", json={"reason": "none of it"}).status_code == 422
    assert api.get("/v1/me/groups").get_json()["items"] == []


@pytest.mark.parametrize(("then", "state"), [({}, "waitlisted"), ({"then": "wait"}, "waitlisted"),
                                             ({"then": "stop"}, "withdrawn")])  # fmt: skip
def test_she_says_what_becomes_of_her_participation(circle, then, state):
    assert leave(circle, **then).status_code == 201
    assert state_of(circle) == state
    history = "SELECT source, state, reason FROM participant_change WHERE participant_id = %s"
    known = [circle.participants[circle.members[0]]]
    assert circle.superuser.execute(history, known).fetchall() == [("person", state, None)]


@pytest.mark.parametrize("then", ["wait", "stop"])
def test_whoever_is_in_another_group_too_stays_placed(circle, then):
    twin(circle)
    assert leave(circle, then=then).status_code == 201
    assert state_of(circle) == "placed"
    assert len(circle.api(0).get("/v1/me/groups").get_json()["items"]) == 1


def test_the_last_to_leave_ends_the_group_and_nothing_is_deleted(circle):
    written(circle.api(0), circle, "Ours.", 0)
    circle.add(admitted=False)
    for number in range(3):
        assert circle.tenant.api.get(circle.url).get_json()["state"] == "active"
        assert leave(circle, number).status_code == 201
    assert circle.tenant.api.get(circle.url).get_json()["state"] == "ended"
    assert state_of(circle, 3) == "waitlisted", "whoever waited to be let in can be placed again"
    told = "SELECT changed::text, counts ->> 'waitlisted', actor FROM event WHERE subject_id = %s"
    told += " AND type = 'group.updated'"
    assert circle.superuser.execute(told, [circle.id]).fetchall() == [("{state}", "1", None)]
    assert circle.api(0).get(f"{circle.url}/charter/versions/1").get_json()["text"] == "Ours."


def test_in_a_group_that_has_ended_words_are_read_and_removed_and_none_is_written(circle):
    api, today = circle.api(0), now().date().isoformat()
    ask = api.post(f"{circle.url}/asks", json={"kind": "ask", "title": "A"})
    link = {"kind": "guidance", "title": "A", "licence": "CC0", "url": "https://amberbay.example/"}
    shelf = api.post(f"{circle.url}/resources", json=link).headers["Location"]
    retrospective = api.post(f"{circle.url}/retrospectives").headers["Location"]
    seen = circle.tenant.api.get(circle.url).headers["ETag"]
    ended = circle.tenant.api.patch(circle.url, json={"state": "ended"}, headers={"If-Match": seen})
    assert ended.status_code == 200
    act = {"kind": "review", "giver_id": str(circle.members[0]), "receiver_id": str(circle.members[1]),
           "happened_on": today}  # fmt: skip
    for method, path, body in (
        ("POST", "asks", {"kind": "ask", "title": "A"}),
        ("POST", "acts", act),
        ("POST", "retrospectives", None),
        ("POST", "charter/versions", {"text": "A", "builds_on": 0}),
        ("POST", "check-ins", {"answers": {"worth_it": 3}}),
        ("POST", "resources", link),
        ("POST", "invitations", {"name": "A"}),
        ("PUT", "convener", {"membership_id": str(circle.members[1])}),
        ("PUT", "renewal", {"answer": "go_on"}),
        ("PUT", "pause", {"until": None}),
        ("PUT", "confirmation", {"answer": "confirmed"}),
    ):
        refused = api.open(f"{circle.url}/{path}", method=method, **({"json": body} if body else {}))
        assert (refused.status_code, refused.get_json()["code"]) == (409, "group_ended"), path
    url, tag = ask.headers["Location"], {"If-Match": ask.headers["ETag"]}
    refused = [
        api.patch(url, json={"title": "B"}, headers=tag),
        api.put(f"{retrospective}/phase", json={"phase": "rating"}),
        api.put(f"{shelf}/file", data=b"A", content_type="text/plain"),
    ]
    assert [(each.status_code, each.get_json()["code"]) for each in refused] == [(409, "group_ended")] * 3
    assert circle.tenant.api.post(f"{circle.url}/asks", json={"kind": "ask", "title": "A"}).status_code == 403
    assert api.get(url).get_json()["title"] == "A"
    assert api.delete(url, headers=tag).status_code == 204
    assert leave(circle).status_code == 201
    assert api.post(f"{circle.url}/asks", json={"kind": "ask", "title": "A"}).status_code == 404


def test_the_tenant_hears_that_somebody_left_and_when(circle, superuser):
    leave(circle)
    told = "SELECT actor, counts::text FROM event WHERE type = 'group.left' AND subject_id = %s"
    assert superuser.execute(told, [circle.id]).fetchall() == [(None, "{}")]
    members = every(circle.tenant.api, f"{circle.url}/members")
    assert len([row for row in members if row["left_at"]]) == 1


def test_two_last_members_who_leave_at_once_end_it_once(circle):
    leave(circle, 2)
    together, apis = Barrier(2), [circle.api(0), circle.api(1)]

    def go(api):
        together.wait(30)
        return api.post(f"{circle.url}/departure").status_code

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(go, apis)) == [201, 201]
    assert circle.tenant.api.get(circle.url).get_json()["state"] == "ended"
    told = "SELECT count(*) FROM event WHERE type = 'group.updated' AND subject_id = %s"
    assert circle.superuser.execute(told, [circle.id]).fetchone() == (1,)


def test_whoever_is_away_keeps_the_place_and_comes_back(circle):
    api = circle.api(0)
    day = (now().astimezone(UTC) + timedelta(days=90)).date().isoformat()
    assert api.put(f"{circle.url}/pause", json={"until": day}).get_json() == {"until": day}
    (mine,) = api.get("/v1/me/groups").get_json()["items"]
    assert (mine["paused"], mine["paused_until"], mine["member_count"]) == (True, day, 3)
    assert [row["paused"] for row in every(circle.api(1), f"{circle.url}/roster")] == [True, False, False]
    assert written(api, circle, "Still here.", 0) == 201
    assert state_of(circle) == "placed"
    for _ in range(2):
        assert api.delete(f"{circle.url}/pause").status_code == 204
    (mine,) = api.get("/v1/me/groups").get_json()["items"]
    assert (mine["paused"], mine["paused_until"]) == (False, None)


def test_a_pause_ends_on_its_day(circle, superuser):
    api = circle.api(0)
    today = now().astimezone(UTC).date()
    refused = api.put(f"{circle.url}/pause", json={"until": today.isoformat()})
    assert refused.get_json()["errors"][0]["pointer"] == "/until"
    assert api.put(f"{circle.url}/pause", json={"until": None}).status_code == 200
    superuser.execute("UPDATE group_member SET paused_until = %s WHERE group_id = %s", [today, circle.id])
    (mine,) = api.get("/v1/me/groups").get_json()["items"]
    assert (mine["paused"], mine["paused_until"]) == (False, None)


def test_a_pause_is_of_one_group(circle):
    other = twin(circle)
    assert circle.api(0).put(f"{circle.url}/pause", json={"until": None}).status_code == 200
    shown = {row["id"]: row["paused"] for row in circle.api(0).get("/v1/me/groups").get_json()["items"]}
    assert shown == {str(circle.id): True, str(other): False}


def test_members_see_who_is_in_their_group_and_addresses_of_those_who_want_that(circle, superuser):
    circle.add(admitted=False)
    address = "UPDATE membership SET email = 'ada@amberbay.example', name = 'Ada' WHERE id = %s"
    superuser.execute(address, [circle.members[0]])

    def hers():
        (found,) = (
            row for row in every(circle.api(1), f"{circle.url}/roster")
            if row["membership_id"] == str(circle.members[0])
        )  # fmt: skip
        return found["name"], found["email"]

    assert hers() == ("Ada", None)
    for decision, shown in (("granted", "ada@amberbay.example"), ("withdrawn", None)):
        said = {"program_id": str(circle.program_id), "purpose": "contact", "decision": decision,
                "wording_version": "1"}  # fmt: skip
        assert circle.api(0).post("/v1/me/consents", json=said).status_code == 201
        assert hers() == ("Ada", shown)
    since = [row["admitted_at"] is None for row in every(circle.api(1), f"{circle.url}/roster")]
    assert since == [False, False, False, True]
    for stranger in (circle.api(3), circle.tenant.api):
        assert stranger.get(f"{circle.url}/roster").status_code in (403, 404)
