"""What groups agree on over the API: places, renewals, turns, signatures, responsibilities."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier

import pytest

from tenants.groups.charter import write_charter
from tenants.groups.signatures import sign_charter
from tenants.kernel.clock import now
from tests.conftest import eventually
from tests.factories.circles import circle_of
from tests.factories.group_life import days_ahead
from tests.factories.matching import every
from tests.factories.people import acting, connection_of, member_of
from tests.planting import plant

TODAY = now().date()


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser)


@pytest.fixture
def announced(app, tenant, superuser):
    return circle_of(app, tenant, superuser, state="announced")


def put(circle, number, path, **body):
    return circle.api(number).put(f"{circle.url}/{path}", json=body)


def at_once(*acts):
    """The answers to what several do at the same moment."""
    start = Barrier(len(acts))

    def act(each):
        start.wait()
        return each()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def counts(circle):
    return circle.tenant.api.get(f"{circle.url}/agreements").get_json()


def state_of(circle, number):
    participant = circle.participants[circle.members[number]]
    return circle.tenant.api.get(f"/v1/participants/{participant}").get_json()["state"]


def told(superuser, tenant, type_):
    return superuser.execute(
        "SELECT e::text, actor FROM event e WHERE tenant_id = %s AND type = %s", [tenant.id, type_]
    ).fetchall()


def test_a_group_is_confirmed_once_all_have_confirmed(announced, superuser, tenant):
    for number in range(3):
        assert (
            announced.api(number).get(f"{announced.url}/confirmation").get_json()["group_state"]
            == "announced"
        )
        answer = put(announced, number, "confirmation", answer="confirmed")
        assert answer.status_code == 200
    said = answer.get_json()
    assert (said["group_state"], said["confirmed"], said["members"]) == ("confirmed", 3, 3)
    assert put(announced, 0, "confirmation", answer="confirmed").get_json()["answer"] == "confirmed"
    assert len(told(superuser, tenant, "group.confirmed")) == 1
    for row, actor in told(superuser, tenant, "group.place_confirmed"):
        assert actor is None
        assert not any(str(member) in row for member in announced.members)


def test_of_members_who_confirm_at_the_same_moment_none_is_lost(app, tenant, superuser):
    circle = circle_of(app, tenant, superuser, people=5, state="announced")
    apis = [circle.api(number) for number in range(5)]
    answers = at_once(
        *(lambda api=api: api.put(f"{circle.url}/confirmation", json={"answer": "confirmed"}) for api in apis)
    )
    assert [answer.status_code for answer in answers] == [200] * 5
    assert [answer.get_json()["group_state"] for answer in answers].count("confirmed") == 1
    assert len(told(superuser, tenant, "group.confirmed")) == 1


def test_whoever_declines_leaves_as_she_says_and_the_group_needs_repair(announced, superuser, tenant):
    assert put(announced, 0, "confirmation", answer="confirmed").status_code == 200
    declined = put(announced, 1, "confirmation", answer="declined", then="withdrawn")
    assert (declined.status_code, declined.get_json()["answer"]) == (200, "declined")
    assert announced.api(1).get(f"{announced.url}/confirmation").status_code == 404
    assert [state_of(announced, number) for number in range(3)] == ["placed", "withdrawn", "placed"]
    told_of = counts(announced)
    assert (told_of["counts"]["confirmed"], told_of["counts"]["declined"]) == (1, 1)
    assert told_of["counts"]["silent"] is None
    group = tenant.api.get(announced.url).get_json()
    assert (group["state"], group["needs_repair"], group["member_count"]) == ("announced", True, 2)
    assert [each["id"] for each in every(tenant.api, "/v1/groups?needs_repair=true")] == [str(announced.id)]
    assert put(announced, 2, "confirmation", answer="confirmed").get_json()["group_state"] == "confirmed"
    jobs = superuser.execute(
        "SELECT count(*) FROM job WHERE tenant_id = %s AND kind = 'group_repair'", [tenant.id]
    )
    assert jobs.fetchone() == (0,), "by hand unless the program says otherwise"


def test_a_decline_orders_a_repair_where_the_program_repairs_automatically(announced, superuser, tenant):
    at = {"tenant_id": tenant.id}
    job = plant(superuser.cursor(), "job", kind="matching_run", state="succeeded", queue="long", **at)
    run = plant(superuser.cursor(), "matching_run", cohort_id=announced.cohort_id, job_id=job, **at)
    superuser.execute("UPDATE peer_group SET matching_run_id = %s WHERE id = %s", [run, announced.id])
    superuser.execute("UPDATE program SET repair = 'automatic' WHERE id = %s", [announced.program_id])
    assert put(announced, 0, "confirmation", answer="declined").status_code == 200
    ordered = "SELECT subject_id FROM job WHERE tenant_id = %s AND kind = 'group_repair'"
    assert superuser.execute(ordered, [tenant.id]).fetchall() == [(announced.id,)]


def test_whoever_declines_is_waitlisted_unless_she_says_otherwise_or_is_in_another_group(
    announced, superuser, tenant
):
    assert put(announced, 0, "confirmation", answer="declined").status_code == 200
    assert state_of(announced, 0) == "waitlisted"
    other = plant(
        superuser.cursor(), "peer_group", tenant_id=tenant.id, cohort_id=announced.cohort_id, state="active"
    )
    plant(
        superuser.cursor(), "group_member", tenant_id=tenant.id, group_id=other, membership_id=announced.members[1],
        participant_id=announced.participants[announced.members[1]],
    )  # fmt: skip
    assert put(announced, 1, "confirmation", answer="declined", then="withdrawn").status_code == 200
    assert state_of(announced, 1) == "placed"
    assert put(announced, 2, "confirmation", answer="confirmed").get_json()["group_state"] == "announced", (
        "alone"
    )


def test_a_decline_takes_along_and_ends_what_a_departure_does(announced, superuser, tenant):
    announced.add(admitted=False)
    row = "SELECT id FROM group_member WHERE membership_id = %s"
    place = str(superuser.execute(row, [announced.members[3]]).fetchone()[0])
    made = announced.api(0).post(f"{announced.url}/admissions", json={"group_member_id": place})
    assert announced.api(0).post(f"{announced.url}/invitations", json={"name": "N"}).status_code == 201
    for number in range(3):
        assert put(announced, number, "confirmation", answer="declined").status_code == 200
    left = "SELECT count(*) FROM group_invitation WHERE group_id = %s"
    assert superuser.execute(left, [announced.id]).fetchone() == (0,)
    row = "SELECT state FROM admission WHERE id = %s"
    assert superuser.execute(row, [made.get_json()["id"]]).fetchone() == ("ended",)
    assert tenant.api.get(announced.url).get_json()["state"] == "ended"
    assert state_of(announced, 3) == "waitlisted"


@pytest.mark.parametrize("goes", ["departure", "pause"])
def test_a_group_is_confirmed_when_whoever_had_not_is_gone_or_away(announced, tenant, goes):
    for number in (0, 1):
        assert put(announced, number, "confirmation", answer="confirmed").status_code == 200
    api, url = announced.api(2), f"{announced.url}/{goes}"
    said = api.post(url) if goes == "departure" else api.put(url, json={"until": None})
    assert said.status_code in (200, 201)
    group = tenant.api.get(announced.url).get_json()
    assert (group["state"], group["needs_repair"]) == ("confirmed", goes == "departure")


def test_nobody_waits_for_whoever_is_away_to_confirm_or_to_take_her_turn(announced, tenant):
    assert announced.api(0).put(f"{announced.url}/pause", json={"until": None}).status_code == 200
    me = str(announced.members[0])
    assert announced.api(1).get(f"{announced.url}/convener").get_json()["next_membership_id"] != me
    assert put(announced, 1, "convener", membership_id=me).status_code == 422
    for number in (1, 2):
        assert put(announced, number, "confirmation", answer="confirmed").status_code == 200
    assert tenant.api.get(announced.url).get_json()["state"] == "confirmed"


def test_a_decline_and_a_confirmation_at_once_leave_one_outcome(announced):
    assert put(announced, 0, "confirmation", answer="confirmed").status_code == 200
    one, two = announced.api(1), announced.api(2)
    url = f"{announced.url}/confirmation"
    answers = at_once(
        lambda: one.put(url, json={"answer": "declined"}), lambda: two.put(url, json={"answer": "confirmed"})
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert announced.tenant.api.get(announced.url).get_json()["state"] == "confirmed"


def test_places_are_confirmed_while_a_group_is_announced(circle):
    refused = put(circle, 0, "confirmation", answer="declined")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_asked")


def test_the_silent_are_counted_once_the_day_is_past(announced, tenant):
    url = f"/v1/cohorts/{announced.cohort_id}"
    for day, silent in ((TODAY + timedelta(2), None), (TODAY - timedelta(2), 2)):
        tag = {"If-Match": tenant.api.get(url).headers["ETag"]}
        assert tenant.api.patch(url, json={"confirm_by": day.isoformat()}, headers=tag).status_code == 200
        put(announced, 0, "confirmation", answer="confirmed")
        assert counts(announced)["counts"]["silent"] == silent
    listed = every(tenant.api, f"/v1/cohorts/{announced.cohort_id}/agreements")
    assert listed == [counts(announced)]
    text = tenant.api.get(f"/v1/cohorts/{announced.cohort_id}/agreements").text
    assert not any(str(member) in text for member in announced.members)


def test_a_repair_by_hand_is_marked_and_the_mark_taken_away(circle, tenant):
    for wanted in (True, False):
        tag = {"If-Match": tenant.api.get(circle.url).headers["ETag"]}
        marked = tenant.api.patch(
            circle.url, json={"needs_repair": wanted, "format": "community"}, headers=tag
        )
        assert (marked.status_code, marked.get_json()["needs_repair"]) == (200, wanted)
    assert [each["format"] for each in every(tenant.api, "/v1/groups?format=community")] == ["community"]
    assert every(tenant.api, "/v1/groups?format=dyad") == []
    mine = circle.api().get("/v1/me/groups").get_json()["items"]
    assert [each["format"] for each in mine] == ["community"]


def test_the_convener_goes_round_and_anybody_passes_it_on(circle, superuser):
    def convener(number=0):
        return circle.api(number).get(f"{circle.url}/convener").get_json()

    one, two, three = map(str, circle.members)
    assert (convener()["membership_id"], convener()["next_membership_id"]) == (None, one)
    for giver, taker, following in ((1, one, two), (2, three, two), (0, two, one), (0, one, three)):
        passed = put(circle, giver, "convener", membership_id=taker).get_json()
        assert (passed["membership_id"], passed["next_membership_id"]) == (taker, following)
    assert [turn["membership_id"] for turn in convener(2)["turns"]] == [one, two, three, one]
    assert circle.api(1).get(f"{circle.url}/note-taker").get_json()["turns"] == []
    assert put(circle, 0, "note-taker", membership_id=one).get_json()["membership_id"] == one
    circle.add()
    assert convener(3) == convener(0), "a newcomer is told the same"
    assert convener()["next_membership_id"] == str(circle.members[3])
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[0]])
    assert convener(1)["membership_id"] is None
    gone = put(circle, 1, "convener", membership_id=one)
    assert (gone.status_code, gone.get_json()["errors"][0]["pointer"]) == (422, "/membership_id")


def test_whoever_passes_it_to_the_next_each_time_gives_everybody_as_many_turns(app, tenant, superuser):
    circle = circle_of(app, tenant, superuser, people=4)
    api, url = circle.api(), f"{circle.url}/convener"
    following, had = api.get(url).get_json()["next_membership_id"], []
    for _ in range(12):
        had.append(following)
        following = api.put(url, json={"membership_id": following}).get_json()["next_membership_id"]
    assert had == [str(each) for each in circle.members] * 3


def test_of_several_who_take_the_role_at_once_one_has_it_and_each_is_on_record(circle):
    apis = [circle.api(number) for number in range(3)]
    takes = [{"membership_id": str(member)} for member in circle.members]
    url = f"{circle.url}/convener"
    answers = at_once(
        *(lambda api=api, take=take: api.put(url, json=take) for api, take in zip(apis, takes, strict=True))
    )
    assert [answer.status_code for answer in answers] == [200] * 3
    shown = apis[0].get(url).get_json()
    assert shown["membership_id"] == shown["turns"][0]["membership_id"]
    assert {turn["membership_id"] for turn in shown["turns"]} == {str(member) for member in circle.members}


def test_a_group_renews_each_year_and_nobodys_silence_ends_it(circle, superuser, tenant):
    for days, number in ((0, 1), (330, 1), (365 + 330, 1), (365 + 345, 2)):
        superuser.execute(
            "UPDATE peer_group SET active_on = %s WHERE id = %s", [TODAY - timedelta(days), circle.id]
        )
        assert circle.api().get(f"{circle.url}/renewal").get_json()["number"] == number
    assert put(circle, 0, "renewal", answer="go_on").status_code == 200
    shown = put(circle, 1, "renewal", answer="stop").get_json()
    assert [each["answer"] for each in shown["answers"]] == ["go_on", "stop"]
    assert put(circle, 1, "renewal", answer="go_on").get_json()["answers"][1]["answer"] == "go_on"
    seen = counts(circle)
    assert seen["renews_on"] == shown["renews_on"] == shown["look_back_by"]
    assert not {"going_on", "stopping"} & seen["counts"].keys()
    assert tenant.api.get(circle.url).get_json()["state"] == "active"


@pytest.mark.parametrize(
    ("going_on", "people", "word"), [(3, 5, "most_go_on"), (2, 5, "not_most"), (4, 4, None)]
)
def test_the_tenant_hears_a_word_of_a_round_that_has_ended_and_nobodys_leaving_changes_it(
    app, tenant, superuser, going_on, people, word
):
    circle = circle_of(app, tenant, superuser, people=people)
    known = [circle.id]
    superuser.execute(
        "UPDATE group_member SET admitted_at = now() - interval '2 years' WHERE group_id = %s", known
    )
    active_on = "UPDATE peer_group SET active_on = %s WHERE id = %s"
    superuser.execute(active_on, [TODAY - timedelta(400), circle.id])
    for number in range(people):
        answer = "go_on" if number < going_on else "stop"
        assert put(circle, number, "renewal", answer=answer).status_code == 200
    assert counts(circle)["last_renewal"] is None, "this round goes on"
    superuser.execute(active_on, [TODAY - timedelta(2 * 365), circle.id])
    assert counts(circle)["last_renewal"] == word
    for number in (0, people - 1):
        assert circle.api(number).post(f"{circle.url}/departure").status_code == 201
    put(circle, 1, "renewal", answer="stop")
    assert counts(circle)["last_renewal"] == word


def test_the_door_of_renewals_takes_no_round_and_no_day_of_ones_own(circle, database):
    with database.tenant(circle.tenant.id) as session, pytest.raises(Exception, match="does not exist"):
        session.connection().exec_driver_sql(
            "SELECT door.last_renewal(%s, 1, current_date - 1)", (circle.id,)
        )


def test_counts_do_not_tell_by_somebodys_leaving_what_she_had_said(app, tenant, superuser):
    circle = circle_of(app, tenant, superuser, people=5, state="announced")
    url = f"/v1/cohorts/{circle.cohort_id}"
    tag = {"If-Match": tenant.api.get(url).headers["ETag"]}
    day = (TODAY - timedelta(2)).isoformat()
    assert tenant.api.patch(url, json={"confirm_by": day}, headers=tag).status_code == 200
    write(circle, 0)
    for number in (0, 1):
        assert put(circle, number, "charter/versions/1/signature").status_code == 200
        listed = circle.api(number).get(f"{circle.url}/responsibilities").get_json()["version"]
        assert put(circle, number, "responsibilities", version=listed).status_code == 200
        assert put(circle, number, "confirmation", answer="confirmed").status_code == 200
    before = counts(circle)["counts"]
    assert (before["signed"], before["accepted"], before["confirmed"], before["silent"]) == (2, 2, 2, 3)
    for number in (1, 2):  # she who has said all of it, and she who has said nothing
        assert circle.api(number).post(f"{circle.url}/departure").status_code == 201
        after = counts(circle)["counts"]
        assert after == {**before, "members": 5 - number}


def test_a_group_is_not_confirmed_by_one_who_is_left_and_one_who_has_gone(announced, tenant):
    for number in (0, 1):
        assert put(announced, number, "confirmation", answer="confirmed").status_code == 200
    assert announced.api(0).post(f"{announced.url}/departure").status_code == 201
    assert announced.api(2).post(f"{announced.url}/departure").status_code == 201
    assert tenant.api.get(announced.url).get_json()["state"] == "announced"


def test_those_who_come_into_a_group_that_opens_anew_are_not_told_what_was_done_before(circle, superuser):
    met = {
        "starts_at_local": days_ahead(3), "time_zone": "UTC", "rrule": "FREQ=WEEKLY",
        "join_link": "https://video.example/amberbay",
    }  # fmt: skip
    assert circle.api().post(f"{circle.url}/meeting-series", json=met).status_code == 201
    me = str(circle.members[1])
    assert put(circle, 1, "convener", membership_id=me).status_code == 200
    settings = circle.api().get(f"{circle.url}/content-settings")
    changed = circle.api().put(
        f"{circle.url}/content-settings",
        json={"keep_days": 90, "notes": True},
        headers={"If-Match": settings.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.get_json()
    # As an accepted run does where nobody goes on who was let in.
    superuser.execute("UPDATE group_member SET left_at = now() WHERE group_id = %s", [circle.id])
    superuser.execute("UPDATE peer_group SET opened_at = now() WHERE id = %s", [circle.id])
    circle.add()
    api = circle.api(3)
    (first, *_) = every(api, f"{circle.url}/meetings")
    assert api.get(f"{circle.url}/meetings/{first['id']}").get_json()["join_link"] is None
    assert api.get(f"{circle.url}/convener").get_json()["turns"] == []
    assert api.get(f"{circle.url}/content-settings").get_json()["keep_days"] == 90, "as they were agreed"
    assert put(circle, 3, "convener", membership_id=str(circle.members[3])).status_code == 200
    assert len(api.get(f"{circle.url}/convener").get_json()["turns"]) == 1


def test_only_a_group_that_is_active_renews(announced):
    assert announced.api().get(f"{announced.url}/renewal").get_json()["renews_on"] is None
    refused = put(announced, 0, "renewal", answer="go_on")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_active")


def write(circle, builds_on):
    body = {"text": f"Invented {builds_on}", "builds_on": builds_on}
    return circle.api().post(f"{circle.url}/charter/versions", json=body)


def test_members_sign_the_charter_in_force_and_sign_anew_when_it_changes(circle, superuser, tenant):
    sign = "charter/versions/{}/signature"
    assert put(circle, 0, sign.format(1)).get_json()["code"] == "not_in_force"
    write(circle, 0)
    for number in (0, 1, 1):
        assert put(circle, number, sign.format(1)).status_code == 200
    signed = circle.api(2).get(f"{circle.url}/charter/signatures").get_json()
    assert (signed["number"], signed["member_count"]) == (1, 3)
    assert [each["membership_id"] for each in signed["signatures"]] == [
        str(each) for each in circle.members[:2]
    ]
    assert len(told(superuser, tenant, "charter.signed")) == 2
    assert (counts(circle)["charter_version"], counts(circle)["counts"]["signed"]) == (1, 2)
    written = write(circle, 1)
    assert circle.api().get(written.headers["Location"]).get_json()["number"] == 2
    assert put(circle, 2, sign.format(1)).get_json()["code"] == "not_in_force"
    assert circle.api().get(f"{circle.url}/charter/signatures").get_json()["signatures"] == []
    earlier = f"{circle.url}/charter/versions/1/signatures"
    assert circle.api(2).get(earlier).get_json() == signed
    assert circle.api(1).post(f"{circle.url}/departure").status_code == 201
    left = circle.api(2).get(earlier).get_json()
    assert (left["member_count"], left["signatures"]) == (2, signed["signatures"]), (
        "who has left signed it too"
    )
    assert circle.api(1).get(earlier).status_code == 404
    assert circle.api(2).get(f"{circle.url}/charter/versions/3/signatures").status_code == 404
    circle.add()
    assert circle.api(3).get(earlier).status_code == 404, "a version from before is not for her"
    assert circle.api(3).get(f"{circle.url}/charter/versions/2/signatures").get_json()["signatures"] == []
    assert put(circle, 2, sign.format(2)).status_code == 200
    circle.add()
    assert len(circle.api(3).get(f"{circle.url}/charter/signatures").get_json()["signatures"]) == 1


@contextmanager
def herself(circle, database, superuser, number):
    """A session of a member who signed in as herself."""
    member = circle.members[number]
    (person,) = superuser.execute("SELECT person_id FROM membership WHERE id = %s", [member]).fetchone()
    with database.tenant(circle.tenant.id) as session:
        session.identify(membership_id=member, person_id=person)
        yield session


def waits(superuser):
    """Whether somebody waits for a lock."""
    blocked = "SELECT count(*) > 0 FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0"
    return superuser.execute(blocked).fetchone()[0]


def test_who_signs_while_a_version_is_written_is_refused(circle, database, superuser):
    write(circle, 0)
    signer = circle.api(1)
    with ThreadPoolExecutor(1) as pool, herself(circle, database, superuser, 0) as session:
        write_charter(session, group_id=circle.id, text="Invented anew", builds_on=1)
        signing = pool.submit(signer.put, f"{circle.url}/charter/versions/1/signature")
        eventually(lambda: waits(superuser))
        session.commit()
        assert signing.result().get_json()["code"] == "not_in_force"
    assert circle.api().get(f"{circle.url}/charter/signatures").get_json()["signatures"] == []


def test_who_writes_while_somebody_signs_waits_until_she_has(circle, database, superuser):
    write(circle, 0)
    writer = circle.api(1)
    body = {"text": "Invented anew", "builds_on": 1}
    with ThreadPoolExecutor(1) as pool, herself(circle, database, superuser, 0) as session:
        sign_charter(session, group_id=circle.id, number=1)
        writing = pool.submit(writer.post, f"{circle.url}/charter/versions", json=body)
        eventually(lambda: waits(superuser))
        session.commit()
        assert writing.result().status_code == 201
    assert circle.api().get(f"{circle.url}/charter/signatures").get_json()["number"] == 2


def test_responsibilities_are_accepted_in_the_version_that_was_read(circle, tenant):
    shown = circle.api().get(f"{circle.url}/responsibilities").get_json()
    assert (shown["version"], len(shown["items"])) == (0, 5)
    assert put(circle, 0, "responsibilities", version=0).status_code == 200
    assert counts(circle)["counts"]["accepted"] == 1
    url = f"/v1/programs/{circle.program_id}/responsibilities"
    listed = tenant.api.get(url)
    assert (listed.headers["ETag"], listed.get_json()["ours"]) == ('"0"', True)
    own = tenant.api.put(url, json={"items": ["I come."]}, headers={"If-Match": '"0"'})
    assert own.get_json() == {"items": ["I come."], "version": 1, "ours": False}
    assert tenant.api.put(url, json={"items": ["Late"]}, headers={"If-Match": '"0"'}).status_code == 412
    assert put(circle, 1, "responsibilities", version=0).get_json()["code"] == "responsibilities_have_changed"
    assert counts(circle)["counts"]["accepted"] == 0
    accepted = put(circle, 1, "responsibilities", version=1).get_json()["accepted"]
    assert [each["membership_id"] for each in accepted] == [str(circle.members[1])]


def test_of_two_who_write_the_first_of_a_programs_own_one_succeeds(circle, tenant, app):
    url = f"/v1/programs/{circle.program_id}/charter-template"

    def write_one(text):
        api = app.test_client()
        api.token = tenant.api.token
        return api.put(url, json={"text": text}, headers={"If-Match": '"0"'}).status_code

    assert sorted(at_once(lambda: write_one("One"), lambda: write_one("Two"))) == [200, 412]
    shown = circle.api().get(f"{circle.url}/charter/template").get_json()
    assert (shown["text"] in ("One", "Two"), shown["version"]) == (True, 1)


def test_the_template_is_ours_until_the_program_has_its_own(circle):
    shown = circle.api().get(f"{circle.url}/charter/template").get_json()
    assert shown["ours"]
    assert shown["text"].startswith("1. Why we meet")
    assert "12. Review" in shown["text"]


def test_who_agreed_is_for_the_group_alone(circle, app, tenant, database):
    write(circle, 0)
    put(circle, 0, "charter/versions/1/signature")
    put(circle, 0, "convener", membership_id=str(circle.members[0]))
    admin = member_of(app, tenant.id, "admin", own_client=True).api
    employer = acting(
        app, tenant.id, circle.members[0], own_client=True, connection_id=connection_of(database, tenant.id)
    )
    paths = ("confirmation", "renewal", "convener", "note-taker", "charter/signatures", "responsibilities")
    for path in paths:
        assert circle.api(1).get(f"{circle.url}/{path}").status_code == 200
        for api in (admin, employer):
            assert api.get(f"{circle.url}/{path}").status_code == 404
    with database.tenant(tenant.id) as session:
        rows = "SELECT (SELECT count(*) FROM member_answer) + (SELECT count(*) FROM turn)"
        assert session.connection().exec_driver_sql(rows).scalar_one() == 0
    with database.tenant(tenant.id, membership_id=circle.members[1]) as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM member_answer").scalar_one() == 0
