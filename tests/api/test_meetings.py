"""When groups meet, over the API: for their members, while the tenant sees dates and counts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tenants.kernel.clock import now
from tenants.kernel.permissions import Role
from tests.conftest import open_another
from tests.contract import edit
from tests.factories.circles import circle_of
from tests.factories.group_life import days_ahead
from tests.factories.matching import every
from tests.factories.people import acting, member_of

LINK = "https://video.example/amberbay-7"
PLACE = "Room 7, Amberbay"


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def circle(app, database, root):
    """A group of three, who have been in it for a day. Each test adds meetings of its own."""
    made = circle_of(app, open_another(app, database), root)
    root.execute(
        "UPDATE group_member SET admitted_at = now() - interval '1 day' WHERE group_id = %s", [made.id]
    )
    return made


@pytest.fixture(scope="module")
def api(circle):
    return circle.api()


def ago(minutes):
    """A local time in UTC, so long ago."""
    return f"{now() - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}"


def series_of(api, circle, **said):
    asked = {
        "starts_at_local": days_ahead(3),
        "time_zone": "America/Chicago",
        "rrule": "FREQ=WEEKLY;COUNT=6",
        **said,
    }
    made = api.post(f"{circle.url}/meeting-series", json=asked)
    assert made.status_code == 201, made.get_json()
    return made.headers["Location"], made.get_json()


def meeting_of(api, circle, **said):
    asked = {"starts_at_local": days_ahead(4), "time_zone": "UTC", **said}
    made = api.post(f"{circle.url}/meetings", json=asked)
    assert made.status_code == 201, made.get_json()
    return made.headers["Location"], made.get_json()


def left_alone(root, circle):
    """No job looks after this group's meetings any more."""
    end = "UPDATE job SET state = 'cancelled' WHERE kind = 'meetings' AND state IN ('queued', 'running')"
    root.execute(f"{end} AND subject_id = %s", [circle.id])


def meetings_of(api, circle, series):
    return [row for row in every(api, f"{circle.url}/meetings") if row["meeting_series_id"] == series["id"]]


def refused(answer, status, pointer_or_code):
    body = answer.get_json()
    assert answer.status_code == status, body
    assert pointer_or_code in (body["code"], *(each["pointer"] for each in body.get("errors", ())))


def test_a_group_says_in_which_rhythm_it_meets_and_has_its_meetings_for_a_year(api, circle):
    url, series = series_of(api, circle, rrule=None, time_zone="US/Eastern", join_link=LINK, place=PLACE)
    assert series == api.get(url).get_json()
    assert (series["minutes"], series["time_zone"], series["kind"]) == (60, "US/Eastern", "regular")
    assert series["rrule"].startswith("FREQ=MONTHLY;BYDAY=")
    meetings = meetings_of(api, circle, series)
    assert len(meetings) in (13, 14)
    assert {row["starts_at_local"][11:] for row in meetings} == {"10:00:00"}
    assert len({datetime.fromisoformat(row["starts_at"]).hour for row in meetings}) == 2, "the clock changes"
    assert [row["starts_at"] for row in meetings] == sorted(row["starts_at"] for row in meetings)
    assert {(row["state"], row["sequence"]) for row in meetings} == {("planned", 0)}
    one = api.get(f"{circle.url}/meetings/{meetings[0]['id']}").get_json()
    assert (one["join_link"], one["place"]) == (LINK, PLACE)
    listed = next(row for row in every(api, f"{circle.url}/meeting-series") if row["id"] == series["id"])
    assert listed == {key: value for key, value in series.items() if key not in ("join_link", "place")}


def test_where_it_is_may_be_left_open_and_taken_back(api, circle):
    for made in (series_of(api, circle, join_link=None, place=None), meeting_of(api, circle, join_link=None)):
        url, shown = made
        assert (shown["join_link"], shown["place"]) == (None, None)
        assert edit(api, url, join_link=LINK, place=PLACE).get_json()["join_link"] == LINK
        assert edit(api, url, join_link=None).get_json()["place"] == PLACE
        assert api.get(url).get_json()["join_link"] is None


def test_two_meet_every_other_week_and_a_kick_off_is_one_meeting_in_person(app, database, root):
    pair = circle_of(app, open_another(app, database), root, people=2)
    api = pair.api()
    assert series_of(api, pair, rrule=None)[1]["rrule"] == "FREQ=WEEKLY;INTERVAL=2"
    url, kick_off = series_of(api, pair, kind="kick_off", rrule=None, starts_at_local=days_ahead(500))
    assert (kick_off["rrule"], kick_off["in_person"]) == (None, True)
    assert [row["starts_at_local"] for row in meetings_of(api, pair, kick_off)] == [days_ahead(500)]
    refused(edit(api, url, rrule="FREQ=DAILY"), 422, "/rrule")
    assert edit(api, url, starts_at_local=days_ahead(450)).status_code == 200
    assert [row["starts_at_local"] for row in meetings_of(api, pair, kick_off)] == [days_ahead(450)]


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"rrule": "FREQ=HOURLY"}, "/rrule"),
        ({"rrule": "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"}, "/rrule"),
        ({"rrule": "FREQ=DAILY" + ";" * 200}, "/rrule"),
        ({"rrule": "FREQ=DAILY\nRDATE:20300101"}, "/rrule"),
        ({"kind": "kick_off", "rrule": "FREQ=DAILY"}, "/rrule"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"starts_at_local": "2027-02-30T10:00:00"}, "/starts_at_local"),
        ({"starts_at_local": "2027-02-03T10:00:00Z"}, "/starts_at_local"),
        ({"starts_at_local": "0001-01-01T00:00:00"}, "/starts_at_local"),
        ({"starts_at_local": "9999-12-31T23:59:59"}, "/starts_at_local"),
        ({"starts_at_local": ago(60 * 24 * 40)}, "/starts_at_local"),
        ({"minutes": 14}, "/minutes"),
        ({"minutes": 481}, "/minutes"),
        ({"join_link": "http://video.example/x"}, "/join_link"),
        ({"join_link": "javascript:alert(1)"}, "/join_link"),
        ({"join_link": "https://a:b@video.example"}, "/join_link"),
        ({"join_link": "https://video.example/\r\nATTENDEE:mailto:x@y.example"}, "/join_link"),
        ({"join_link": "https://[/"}, "/join_link"),
    ],
)
def test_a_rhythm_that_cannot_be_is_refused_by_field(api, circle, said, pointer):
    asked = {"starts_at_local": days_ahead(3), "time_zone": "UTC", "rrule": "FREQ=WEEKLY;COUNT=2", **said}
    refused(api.post(f"{circle.url}/meeting-series", json=asked), 422, pointer)


def test_a_change_of_the_rhythm_reaches_what_is_to_come_and_nobody_changed(api, circle, root):
    url, series = series_of(api, circle, join_link=LINK)
    ids = [row["id"] for row in meetings_of(api, circle, series)]
    past = "UPDATE meeting SET starts_at = now() - interval '9 days', due_at = now() - interval '9 days' WHERE id = %s"
    root.execute(past, [ids[0]])
    at = f"{circle.url}/meetings/"
    assert edit(api, at + ids[2], state="skipped").get_json()["state"] == "skipped"
    moved = edit(api, at + ids[3], starts_at_local=days_ahead(26, 8)).get_json()
    assert (moved["state"], moved["sequence"]) == ("moved", 1)
    before = {row["id"]: row for row in meetings_of(api, circle, series)}
    assert edit(api, url, starts_at_local=days_ahead(3, 15), minutes=90).status_code == 200
    after = {row["id"]: row for row in meetings_of(api, circle, series)}
    assert [after[each] for each in (ids[0], ids[2], ids[3])] == [
        before[each] for each in (ids[0], ids[2], ids[3])
    ]
    for each in (ids[1], ids[4], ids[5]):
        assert after[each]["starts_at_local"][11:] == "15:00:00"
        assert (after[each]["minutes"], after[each]["sequence"]) == (90, 1)
    assert before.keys() <= after.keys()
    planned = [row["starts_at_local"][:10] for row in after.values() if row["state"] == "planned"]
    assert len(planned) == len(set(planned))
    assert before[ids[2]]["starts_at_local"][:10] not in planned, "what was skipped stays so"
    tag = {"If-Match": api.get(url).headers["ETag"]}
    assert api.delete(url, headers=tag).status_code == 204
    assert api.get(url).status_code == 404
    ended = {row["id"]: row["state"] for row in meetings_of(api, circle, series)}
    assert ended.pop(ids[0]) == "held"
    assert ended.pop(ids[2]) == "skipped"
    assert set(ended.values()) == {"cancelled"}


def test_a_rhythm_of_years_ago_can_be_changed_and_one_without_a_meeting_to_come_is_ended(api, circle, root):
    url, series = series_of(api, circle, rrule="FREQ=WEEKLY")
    left_alone(root, circle)
    old = "UPDATE meeting_series SET starts_at_local = starts_at_local - interval '2100 days' WHERE id = %s"
    root.execute(old, [series["id"]])
    assert edit(api, url, rrule="FREQ=WEEKLY;INTERVAL=2").status_code == 200
    left_alone(root, circle)
    planned = [row for row in meetings_of(api, circle, series) if row["state"] == "planned"]
    assert 28 <= len(planned) <= 29
    refused(edit(api, url, rrule="FREQ=WEEKLY;COUNT=9"), 422, "/rrule")
    assert [row for row in meetings_of(api, circle, series) if row["state"] == "planned"] == planned


def test_a_group_has_five_hundred_meetings_to_come_at_most(app, database, root):
    circle = circle_of(app, open_another(app, database), root, people=1)
    api = circle.api()
    for _ in range(9):
        series_of(api, circle, rrule="FREQ=DAILY")
    for path in ("meetings", "meeting-series"):
        asked = {"starts_at_local": days_ahead(3), "time_zone": "UTC"}
        refused(api.post(f"{circle.url}/{path}", json=asked), 409, "too_many_meetings")


def test_a_shorter_rhythm_cancels_what_falls_away_and_a_longer_one_adds(api, circle):
    url, series = series_of(api, circle)
    ids = [row["id"] for row in meetings_of(api, circle, series)]
    edit(api, url, rrule="FREQ=WEEKLY;COUNT=2")
    assert [row["state"] for row in meetings_of(api, circle, series)] == ["planned"] * 2 + ["cancelled"] * 4
    edit(api, url, rrule="FREQ=WEEKLY;COUNT=4")
    rows = meetings_of(api, circle, series)
    assert [row["id"] for row in rows if row["state"] == "planned"][:2] == ids[:2]
    assert sorted(row["state"] for row in rows) == ["cancelled"] * 4 + ["planned"] * 4


def test_a_meeting_is_moved_skipped_cancelled_and_restored(api, circle):
    _, series = series_of(api, circle)
    first = meetings_of(api, circle, series)[0]
    at = f"{circle.url}/meetings/{first['id']}"
    seen = [
        edit(api, at, **change).get_json()
        for change in (
            {"starts_at_local": days_ahead(5, 9)}, {"state": "skipped"}, {"state": "planned"},
            {"state": "cancelled"}, {"state": "planned", "starts_at_local": first["starts_at_local"]},
            {"place": PLACE}, {"place": PLACE}, {"minutes": 60},
        )
    ]  # fmt: skip
    assert [each["state"] for each in seen] == ["moved", "skipped", "moved", "cancelled"] + ["planned"] * 4
    assert [each["sequence"] for each in seen] == [1, 2, 3, 4, 5, 6, 7, 7], (
        "each word is said anew; no change is none"
    )
    refused(api.patch(at, json={"state": "skipped"}, headers={"If-Match": '"1"'}), 412, "stale_version")
    refused(edit(api, at, starts_at_local=ago(5), time_zone="UTC"), 422, "/starts_at_local")


def test_what_has_begun_stays_as_it_is_and_takes_a_count_of_guests(api, circle):
    url, meeting = meeting_of(api, circle, starts_at_local=ago(90))
    assert meeting["state"] == "held"
    for change in ({"state": "cancelled"}, {"starts_at_local": days_ahead(2)}, {"join_link": LINK}):
        refused(edit(api, url, **change), 409, "meeting_has_begun")
    noted = edit(api, url, guest_count=1).get_json()
    assert (noted["guest_count"], noted["sequence"]) == (1, 0)
    refused(
        api.post(f"{circle.url}/meetings", json={"starts_at_local": ago(60 * 24 * 32), "time_zone": "UTC"}),
        422,
        "/starts_at_local",
    )


def test_each_says_of_herself_whether_she_came_and_others_see_how_many(api, circle, root):
    url, _ = meeting_of(api, circle, starts_at_local=ago(-14))
    later, _ = meeting_of(api, circle, starts_at_local=ago(-60))
    refused(api.put(f"{later}/attendance", json={"attended": True}), 409, "meeting_not_begun")
    others = [circle.api(1), circle.api(2)]
    with ThreadPoolExecutor(3) as pool:
        said = list(
            pool.map(lambda own: own.put(f"{url}/attendance", json={"attended": True}), [api, *others])
        )
    assert [answer.status_code for answer in said] == [200] * 3
    assert others[0].put(f"{url}/attendance", json={"attended": False}).get_json()["attended_count"] == 2
    assert others[0].put(f"{url}/attendance", json={"attended": False}).get_json()["attended_count"] == 2
    seen = [own.get(url).get_json() for own in (api, *others)]
    assert [(each["attended"], each["attended_count"]) for each in seen] == [(True, 2), (False, 2), (True, 2)]
    edit(api, later, state="skipped")
    refused(api.put(f"{later}/attendance", json={"attended": True}), 409, "meeting_not_held")
    told = root.execute("SELECT DISTINCT actor FROM event WHERE type = 'meeting.attendance_said'").fetchall()
    assert told == [(None,)]


def test_each_finds_what_she_said_and_the_hours_that_she_was_there_also_once_she_has_left(app, circle, root):
    circle = circle_of(app, circle.tenant, root, people=2)
    root.execute(
        "UPDATE group_member SET admitted_at = now() - interval '9 days' WHERE group_id = %s", [circle.id]
    )
    api, other = circle.api(), circle.api(1)
    first, _ = meeting_of(api, circle, starts_at_local=ago(60 * 48), minutes=45)
    second, _ = meeting_of(api, circle, starts_at_local=ago(60 * 24), minutes=60)
    going_on, _ = meeting_of(api, circle, starts_at_local=ago(5), minutes=60)
    assert api.get(f"{first}/attendance").get_json() == {"attended": None, "attended_count": 0}
    for url in (second, first, going_on):
        assert api.put(f"{url}/attendance", json={"attended": True}).status_code == 200
    assert other.put(f"{second}/attendance", json={"attended": False}).status_code == 200
    assert other.get(f"{second}/attendance").get_json() == {"attended": False, "attended_count": 1}
    assert api.post(f"{circle.url}/departure", json={}).status_code == 201
    mine = every(api, "/v1/me/attendance")
    assert [row["id"] for row in mine] == [url.rpartition("/")[2] for url in (first, second)]
    assert [row["minutes"] for row in mine] == [45, 60]
    assert {row["group_id"] for row in mine} == {str(circle.id)}
    since = (now() - timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [row["id"] for row in every(api, f"/v1/me/attendance?since={since}")] == [mine[1]["id"]]
    assert every(other, "/v1/me/attendance") == []
    portal = acting(app, circle.tenant.id, circle.members[0])
    refused(portal.get("/v1/me/attendance"), 403, "insufficient_scope")


def test_of_meetings_before_she_was_let_in_nobody_says_that_she_came(app, circle, root):
    circle = circle_of(app, circle.tenant, root, people=1)
    api = circle.api()
    url, _ = meeting_of(api, circle, starts_at_local=ago(2 * 60))
    refused(api.put(f"{url}/attendance", json={"attended": True}), 409, "before_your_time")
    assert api.get(url).get_json()["attended_count"] == 0


def test_the_tenant_sees_dates_and_counts_and_no_link_words_or_names(app, api, circle, root):
    url, _ = series_of(api, circle, join_link=LINK, place=PLACE)
    at, _ = meeting_of(api, circle, starts_at_local=ago(120), join_link=LINK)
    api.put(f"{at}/attendance", json={"attended": True})
    tenant = circle.tenant.api
    activity = tenant.get(f"{circle.url}/activity")
    assert activity.get_json()["held_count"] >= 1
    assert {"starts_at": api.get(at).get_json()["starts_at"], "attended_count": 1, "guest_count": 0} in (
        activity.get_json()["meetings"]
    )
    assert activity.get_json()["next_starts_at"] == min(
        row["starts_at"]
        for row in every(api, f"{circle.url}/meetings")
        if row["state"] in ("planned", "moved") and datetime.fromisoformat(row["starts_at"]) > now()
    )
    portal = acting(app, circle.tenant.id, circle.members[0])
    mine = portal.get("/v1/me/meetings?limit=100")
    assert at.rpartition("/")[2] in [row["id"] for row in mine.get_json()["items"]]
    admin = member_of(app, circle.tenant.id, Role.ADMIN, own_client=True).api
    for caller in (tenant, portal, admin):
        for path in (
            url,
            at,
            f"{circle.url}/meetings",
            f"{circle.url}/meeting-series",
            f"{circle.url}/slots",
        ):
            assert caller.get(path).status_code in (403, 404), path
    kept = root.execute(
        "SELECT (SELECT string_agg(e::text, '') FROM event e) || (SELECT string_agg(j::text, '') FROM job j)"
        " || (SELECT string_agg(m::text, '') FROM meeting m) || (SELECT string_agg(l::text, '') FROM meeting_link l)"
    ).fetchone()[0]
    for said in (activity.text, mine.text, kept):
        assert "amberbay" not in said.lower()
        assert b"amberbay".hex() not in said
    assert str(circle.members[0]) not in activity.text


def test_a_repeated_request_keeps_no_copy_of_the_link(api, circle, root):
    asked = {"starts_at_local": days_ahead(3), "time_zone": "UTC", "join_link": LINK}
    for path in ("meeting-series", "meetings"):
        key = {"Idempotency-Key": f"once-{path}"}
        first = api.post(f"{circle.url}/{path}", json=asked, headers=key)
        again = api.post(f"{circle.url}/{path}", json=asked, headers=key)
        assert first.get_json()["join_link"] == LINK
        assert (again.get_json()["id"], again.get_json()["join_link"]) == (first.get_json()["id"], None)
    kept = root.execute("SELECT string_agg(r::text, '') FROM idempotency_record r").fetchone()[0]
    assert "amberbay" not in kept
    assert b"amberbay".hex() not in kept


def test_only_who_is_in_a_group_that_meets_has_a_say(app, database, root):
    circle = circle_of(app, open_another(app, database), root)
    api = circle.api()
    url, series = series_of(api, circle, join_link=LINK)
    one = f"{circle.url}/meetings/{meetings_of(api, circle, series)[0]['id']}"
    stranger = member_of(app, circle.tenant.id, own_client=True).api
    root.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[2]])
    for caller in (stranger, circle.api(2)):
        assert {caller.get(path).status_code for path in (url, one, f"{circle.url}/meetings")} == {404}
        assert caller.put(f"{one}/attendance", json={"attended": True}).status_code == 404
        refused(caller.patch(one, json={"state": "skipped"}, headers={"If-Match": '"1"'}), 404, "not_found")
        assert caller.get("/v1/me/meetings").get_json()["items"] == []
    late = circle.api(circle.members.index(circle.add()))
    assert late.get(url).get_json()["join_link"] == LINK, "whoever comes later finds the way"
    assert late.get(one).get_json()["join_link"] == LINK
    edit(late, url, join_link=LINK)
    assert late.get(one).get_json()["sequence"] == 1
    other = circle_of(app, circle.tenant, root)
    assert other.api().get(f"{other.url}/meetings/{one.rpartition('/')[2]}").status_code == 404
    for state, code in (("paused", "group_does_not_meet"), ("ended", "group_ended")):
        root.execute("UPDATE peer_group SET state = %s WHERE id = %s", [state, circle.id])
        asked = {"starts_at_local": days_ahead(3), "time_zone": "UTC"}
        refused(api.post(f"{circle.url}/meetings", json=asked), 409, code)
        refused(edit(api, one, state="skipped"), 409, code)


MEETING = """
    INSERT INTO meeting
           (tenant_id, id, group_id, starts_at, starts_at_local, time_zone, minutes, in_person, state)
    SELECT tenant_id, uuidv7(), group_id, starts_at, starts_at_local, time_zone, minutes, in_person, state FROM meeting
     WHERE group_id = :group LIMIT 1
"""
INVITEE = """
    INSERT INTO meeting_invitee (tenant_id, id, group_id, membership_id, personal)
    SELECT tenant_id, uuidv7(), id, :member, true FROM peer_group WHERE id = :group
"""
ITS_LINK = """
    INSERT INTO meeting_link (tenant_id, id, group_id, author_id, meeting_series_id)
    SELECT tenant_id, uuidv7(), group_id, :member, id FROM meeting_series WHERE id = :series
"""


def test_the_wall_lets_nobody_but_the_person_of_a_member_write_or_read_links(
    app, api, circle, database, root
):
    """As whoever could run statements for an organiser, a stranger, or her employer who signs in as her."""
    url, series = series_of(api, circle, join_link=LINK)
    stranger = member_of(app, circle.tenant.id, Role.OWNER).id
    known = {"group": circle.id, "series": series["id"], "member": circle.members[0]}
    changes = (
        "UPDATE meeting SET state = 'cancelled' WHERE group_id = :group",
        "UPDATE meeting_series SET minutes = 15 WHERE group_id = :group",
        "UPDATE meeting_link SET encrypted_join_link = NULL WHERE group_id = :group",
        "DELETE FROM meeting_invitee WHERE group_id = :group",
    )
    left_alone(root, circle)  # the wall opens to the job while it runs
    for who in (None, stranger, circle.members[0]):
        for attack in (MEETING, INVITEE, ITS_LINK):
            refused_by_wall = pytest.raises(Exception, match="row-level security")
            with database.tenant(circle.tenant.id, membership_id=who) as session, refused_by_wall:
                session.execute(text(attack), known)
        with database.tenant(circle.tenant.id, membership_id=who) as session:
            assert [session.execute(text(change), known).rowcount for change in changes] == [0, 0, 0, 0]
            assert session.scalar(text("SELECT count(*) FROM meeting_link")) == 0
            assert session.scalar(text("SELECT count(*) FROM meeting_attendance")) == 0
    assert api.get(url).get_json() == series


def test_meetings_are_listed_in_the_order_of_time_and_from_and_to_a_moment(api, circle):
    series_of(api, circle, rrule="FREQ=DAILY;COUNT=5", starts_at_local=days_ahead(300))
    for path in (f"{circle.url}/meetings", "/v1/me/meetings"):
        within = f"since={days_ahead(301, 0)}Z&until={days_ahead(304, 0)}Z"
        days = [row["starts_at_local"] for row in every(api, f"{path}?{within}&limit=2")]
        assert days == [days_ahead(day) for day in (301, 302, 303)]


AT_ONCE = settings(deadline=None, max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
STEPS = st.one_of(
    st.fixed_dictionaries({"starts_at_local": st.integers(2, 40).map(days_ahead)}),
    st.fixed_dictionaries({"state": st.sampled_from(["planned", "skipped", "cancelled"])}),
    st.fixed_dictionaries({"minutes": st.integers(15, 480)}),
    st.fixed_dictionaries({"series": st.fixed_dictionaries({}, optional={
        "rrule": st.sampled_from(["FREQ=WEEKLY", "FREQ=DAILY;COUNT=4", "FREQ=MONTHLY;BYMONTHDAY=9", None]),
        "starts_at_local": st.integers(2, 20).map(days_ahead),
        "time_zone": st.sampled_from(["Europe/Kiev", "UTC"]),
        "minutes": st.integers(15, 90),
    })}),
)  # fmt: skip


@AT_ONCE
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_no_change_falls_back_in_sequence_or_touches_what_has_been(api, circle, root, steps):
    url, series = series_of(api, circle)
    ids = [row["id"] for row in meetings_of(api, circle, series)]
    root.execute(
        "UPDATE meeting SET starts_at = now() - interval '1 day', due_at = starts_at WHERE id = %s", [ids[0]]
    )
    before = {row["id"]: row for row in meetings_of(api, circle, series)}
    for step in steps:
        answer = edit(api, url, **step["series"]) if "series" in step else edit(
            api, f"{circle.url}/meetings/{ids[1]}", **step
        )  # fmt: skip
        assert answer.status_code in (200, 409, 422), answer.get_json()
        after = {row["id"]: row for row in meetings_of(api, circle, series)}
        assert after.keys() >= before.keys()
        assert after[ids[0]] == before[ids[0]]
        for each, row in before.items():
            told = ("starts_at", "minutes", "state", "time_zone")
            different = [row[name] for name in told] != [after[each][name] for name in told]
            assert after[each]["sequence"] >= row["sequence"] + different
        before = after
