"""What members read of their groups and do with them: rename, pause, take up again, end; and what a leaver finds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from tenants.kernel.clock import now
from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import acting, connection_of


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser)


def mine(circle):
    return f"/v1/me/groups/{circle.id}"


def edited(circle, number=0, api=None, **changes):
    api = api or circle.api(number)
    shown = circle.api().get(mine(circle))
    return api.patch(mine(circle), json=changes, headers={"If-Match": shown.headers.get("ETag", '"1"')})


def code_of(answer):
    return answer.status_code, answer.get_json()["code"]


def says(circle, number, answer):
    said = circle.api(number).put(f"{circle.url}/renewal", json={"answer": answer})
    assert said.status_code == 200, said.get_json()


def last_event(circle):
    told = "SELECT actor, changed FROM event WHERE subject_id = %s AND type = 'group.updated' ORDER BY id DESC LIMIT 1"
    return circle.superuser.execute(told, [circle.id]).fetchone()


def test_one_of_ones_groups_says_what_the_list_says(circle):
    (listed,) = every(circle.api(), "/v1/me/groups")
    shown = circle.api().get(mine(circle))
    assert (shown.get_json(), shown.headers["ETag"]) == (listed, f'"{listed["version"]}"')
    stranger = circle.add()
    circle.superuser.execute("DELETE FROM group_member WHERE membership_id = %s", [stranger])
    assert circle.api(3).get(mine(circle)).status_code == 404


def test_ones_groups_are_listed_by_state(circle):
    assert [row["id"] for row in every(circle.api(), "/v1/me/groups?state=active")] == [str(circle.id)]
    assert every(circle.api(), "/v1/me/groups?state=ended") == []
    assert circle.api().get("/v1/me/groups?state=happy").status_code == 422


@pytest.mark.parametrize("origin", ["matched", "self_formed"])
def test_any_member_renames_her_group_pauses_it_and_takes_it_up_again(circle, origin):
    circle.superuser.execute("UPDATE peer_group SET origin = %s WHERE id = %s", [origin, circle.id])
    assert edited(circle, 1, name="Eastgate").get_json()["name"] == "Eastgate"
    assert last_event(circle) == (None, ["name"]), "the tenant hears that, not who"
    assert circle.tenant.api.get(circle.url).get_json()["name"] == "Eastgate"
    assert edited(circle, 2, state="paused").get_json()["state"] == "paused"
    assert last_event(circle) == (None, ["state"])
    assert edited(circle, 0, state="active").get_json()["state"] == "active"
    stale = circle.api().patch(mine(circle), json={"name": "X"}, headers={"If-Match": '"1"'})
    assert code_of(stale) == (412, "stale_version")


def test_only_a_member_signed_in_as_herself_does(app, circle, tenant, database):
    circle.add(admitted=False)
    assert edited(circle, 3, name="X").status_code == 404
    employer = circle.api(0, connection_id=connection_of(database, tenant.id))
    assert edited(circle, api=employer, name="X").status_code == 404
    assert edited(circle, api=acting(app, tenant.id, circle.members[0]), name="X").status_code == 403
    circle.superuser.execute(
        "UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[1]]
    )
    assert edited(circle, 1, name="X").status_code == 404


def test_a_pause_keeps_the_years_of_a_group(circle):
    before = circle.api().get(f"{circle.url}/renewal").get_json()["renews_on"]
    circle.superuser.execute(
        "UPDATE peer_group SET active_on = active_on - 100, opened_at = opened_at - interval '100 days'"
        " WHERE id = %s", [circle.id]
    )  # fmt: skip
    then = circle.api().get(f"{circle.url}/renewal").get_json()["renews_on"]
    for state in ("paused", "active"):
        assert edited(circle, state=state).status_code == 200
    assert circle.api().get(f"{circle.url}/renewal").get_json()["renews_on"] == then != before


def test_a_group_ends_when_all_the_others_have_said_stop_those_who_are_away_too(circle):
    away = circle.api(2).put(f"{circle.url}/pause", json={"until": None})
    assert away.status_code == 200
    assert code_of(edited(circle, state="ended")) == (409, "not_all_stop")
    says(circle, 1, "stop")
    assert code_of(edited(circle, state="ended")) == (409, "not_all_stop")
    says(circle, 2, "stop")
    says(circle, 2, "go_on")
    assert code_of(edited(circle, state="ended")) == (409, "not_all_stop")
    says(circle, 2, "stop")
    assert edited(circle, state="ended").get_json()["state"] == "ended"
    assert last_event(circle) == (None, ["state"])
    participant = circle.participants[circle.members[1]]
    assert circle.tenant.api.get(f"/v1/participants/{participant}").get_json()["state"] == "waitlisted"
    assert code_of(edited(circle, name="X")) == (409, "group_ended")


def test_what_was_said_in_an_earlier_round_ends_nothing(circle):
    says(circle, 1, "stop")
    says(circle, 2, "stop")
    circle.superuser.execute(
        "UPDATE peer_group SET active_on = %s WHERE id = %s",
        [now().date() - timedelta(2 * 365), circle.id],
    )
    assert code_of(edited(circle, state="ended")) == (409, "not_all_stop")


def test_the_only_member_ends_her_group(app, tenant, superuser):
    alone = circle_of(app, tenant, superuser, people=1)
    assert edited(alone, state="ended").get_json()["state"] == "ended"


@pytest.mark.parametrize("before", ["announced", "confirmed"])
def test_a_group_that_is_not_active_yet_is_renamed_and_left_and_not_ended_by_one(
    app, tenant, superuser, before
):
    young = circle_of(app, tenant, superuser, state=before)
    assert edited(young, name="Eastgate").status_code == 200
    for state in ("active", "paused", "ended"):
        assert code_of(edited(young, state=state)) == (409, "not_a_next_state")


def test_of_an_end_and_a_wish_to_go_on_at_once_one_comes_first(circle):
    says(circle, 1, "stop")
    says(circle, 2, "stop")
    together = Barrier(2)
    ends, stays = circle.api(0), circle.api(2)
    tag = {"If-Match": ends.get(mine(circle)).headers["ETag"]}

    def end():
        together.wait(30)
        return ends.patch(mine(circle), json={"state": "ended"}, headers=tag).status_code

    def stay():
        together.wait(30)
        return stays.put(f"{circle.url}/renewal", json={"answer": "go_on"}).status_code

    with ThreadPoolExecutor(2) as threads:
        answers = [each.result() for each in (threads.submit(end), threads.submit(stay))]
    assert answers in ([200, 409], [409, 200])


def test_whoever_has_left_finds_the_group_whose_words_are_hers(circle):
    api = circle.api(2)
    assert api.post(f"{circle.url}/asks", json={"kind": "ask", "title": "Amberbay"}).status_code == 201
    assert every(api, "/v1/me/groups?left=true") == []
    assert api.post(f"{circle.url}/departure", json={}).status_code == 201
    assert every(api, "/v1/me/groups") == []
    assert api.get(mine(circle)).status_code == 404
    (row,) = every(api, "/v1/me/groups?left=true")
    assert (row["id"], row["left_at"] is None) == (str(circle.id), False)
    assert (row["member_count"], row["url"]) == (None, None), "how it fares without her is not told"
    assert len(every(api, f"/v1/groups/{row['id']}/my-words")) == 1
    assert every(api, "/v1/me/groups?left=true&state=ended") == []
    circle.take_in(circle.members[2])
    assert every(api, "/v1/me/groups?left=true") == [], "she is in it again"
    assert len(every(api, "/v1/me/groups")) == 1


def test_whoever_left_before_a_group_was_announced_never_hears_of_it(app, tenant, superuser):
    formed = circle_of(app, tenant, superuser, state="formed")
    gone = formed.members[2]
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [gone])
    tag = {"If-Match": tenant.api.get(formed.url).headers["ETag"]}
    assert tenant.api.patch(formed.url, json={"state": "announced"}, headers=tag).status_code == 200
    assert every(formed.api(2), "/v1/me/groups?left=true") == []
    assert len(every(formed.api(1), "/v1/me/groups")) == 1
    assert formed.api(1).post(f"{formed.url}/departure").status_code == 201
    assert len(every(formed.api(1), "/v1/me/groups?left=true")) == 1
