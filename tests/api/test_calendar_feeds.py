"""Calendar feeds: what calendar programs are given, and what it does not tell, read by two programs."""

from datetime import datetime, timedelta
from io import StringIO
from uuid import UUID

import psycopg
import pytest
from dateutil import tz
from icalendar import Calendar

from tenants.kernel.permissions import Permission
from tests.conftest import open_another
from tests.factories.circles import circle_of
from tests.factories.group_life import days_ahead
from tests.factories.matching import every
from tests.factories.people import acting, connection_of

LINK = "https://video.example/amberbay?a=1,2;b=3"
TOLD = {"SUMMARY", "DTSTART", "DURATION", "DTSTAMP", "UID", "SEQUENCE", "CLASS", "STATUS", "URL"}


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def circle(app, database, root):
    return circle_of(app, open_another(app, database), root)


def meets(circle, **said):
    asked = {"starts_at_local": days_ahead(3), "time_zone": "US/Eastern", "rrule": "FREQ=WEEKLY", **said}
    made = circle.api().post(
        f"{circle.url}/meeting-series", json={**asked, "join_link": LINK, "place": "Amberbay"}
    )
    assert made.status_code == 201, made.get_json()
    return list(every(circle.api(), f"{circle.url}/meetings"))


def edited(api, url, **changes):
    answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert answer.status_code == 200, answer.get_json()


def feed(api, path="/v1/me/calendar-feeds"):
    made = api.post(path)
    assert made.status_code == 201, made.get_json()
    return made.get_json()


def read(app, made, **headers):
    """As a calendar program does, which sends no token."""
    return app.test_client().get("/calendar/" + made["url"].rpartition("/")[2], headers=headers)


def events(answer):
    return {str(each["UID"]): each for each in Calendar.from_ical(answer.data).walk("VEVENT")}


def plainly(text):
    """The events of a calendar, read without a library: names and values; start in UTC by the calendar's own zones."""
    lines = text.replace("\r\n ", "").split("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    zones = tz.tzical(StringIO(text))
    found, current = [], None
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            current = {}
        elif line == "END:VEVENT":
            found.append(current)
            current = None
        elif current is not None:
            assert name.partition(";")[0] not in current
            current[name.partition(";")[0]] = (name, value)
    for event in found:
        name, value = event["DTSTART"]
        zone = zones.get(name.partition("TZID=")[2])
        event["at"] = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(tz.UTC)
    return found


def test_two_programs_read_the_same_moments_and_nothing_that_a_group_says(app, circle):
    meetings = {row["id"]: row for row in meets(circle)}
    answer = read(app, feed(circle.api(1)))
    assert (answer.status_code, answer.content_type) == (200, "text/calendar; charset=utf-8")
    found = events(answer)
    assert found.keys() == meetings.keys()
    for id_, event in found.items():
        assert event["DTSTART"].dt == datetime.fromisoformat(meetings[id_]["starts_at"])
        assert event["DTSTART"].params["TZID"] == "US/Eastern"
        assert event["DURATION"].dt == timedelta(minutes=60)
        assert (str(event["SUMMARY"]), str(event["CLASS"]), str(event["URL"])) == (
            "Peer group",
            "PRIVATE",
            LINK,
        )
    raw = plainly(answer.text)
    assert {event["UID"][1]: event["at"] for event in raw} == {
        id_: datetime.fromisoformat(row["starts_at"]) for id_, row in meetings.items()
    }
    assert len({event["at"].hour for event in raw}) == 2, "the clock changes meanwhile"
    assert {name for event in raw for name in event} == TOLD | {"at"}
    for word in ("Invented", "Amberbay\r", "mailto", "DESCRIPTION", "LOCATION", "ATTENDEE", "ORGANIZER"):
        assert word not in answer.text
    assert str(circle.id) not in answer.text


def test_a_moved_and_a_cancelled_meeting_keep_their_uid_and_rise_in_sequence(app, circle):
    ids = [row["id"] for row in meets(circle)]
    made, api = feed(circle.api()), circle.api(1)
    edited(api, f"{circle.url}/meetings/{ids[0]}", starts_at_local=days_ahead(4, 7), minutes=30)
    edited(api, f"{circle.url}/meetings/{ids[1]}", state="cancelled")
    edited(api, f"{circle.url}/meetings/{ids[2]}", state="skipped")
    found = events(read(app, made))
    assert len(found) == len(ids)
    assert f"{found[ids[0]]['DTSTART'].dt:%Y-%m-%dT%H:%M:%S}" == days_ahead(4, 7)
    assert [str(found[each]["STATUS"]) for each in ids[:4]] == [
        "CONFIRMED",
        "CANCELLED",
        "CANCELLED",
        "CONFIRMED",
    ]
    assert [int(found[each]["SEQUENCE"]) for each in ids[:4]] == [1, 1, 1, 0]
    assert found[ids[0]]["DTSTAMP"].dt >= found[ids[3]]["DTSTAMP"].dt


def test_a_program_that_has_it_is_told_so_until_it_changes(app, circle):
    ids = [row["id"] for row in meets(circle)]
    made = feed(circle.api())
    first = read(app, made)
    assert first.headers["Cache-Control"] == "private, max-age=900"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    same = read(app, made, **{"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    assert same.headers["ETag"] == first.headers["ETag"]
    edited(circle.api(), f"{circle.url}/meetings/{ids[0]}", state="skipped")
    assert read(app, made, **{"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert app.test_client().head("/calendar/" + made["url"].rpartition("/")[2]).status_code == 200


def test_the_address_is_shown_once_is_not_kept_and_ends_when_it_is_changed_or_revoked(app, circle, root):
    api = circle.api()
    made = feed(api, f"{circle.url}/calendar-feeds")
    secret = made["url"].rpartition("/")[2].removesuffix(".ics")
    assert secret.startswith(f"cal_{circle.tenant.id.hex}_")
    listed = api.get("/v1/me/calendar-feeds").get_json()["items"]
    assert listed == [{key: value for key, value in made.items() if key != "url"}]
    kept = root.execute("SELECT string_agg(f::text, '') FROM calendar_feed f").fetchone()[0]
    assert secret.rpartition("_")[2] not in kept
    url = f"/v1/me/calendar-feeds/{made['id']}"
    for stranger in (circle.api(1),):
        assert stranger.post(f"{url}/secret").status_code == 404
        assert stranger.delete(url).status_code == 404
    key = {"Idempotency-Key": "once"}
    changed = api.post(f"{url}/secret", headers=key).get_json()
    assert api.post(f"{url}/secret", headers=key).get_json()["url"] is None
    assert read(app, made).status_code == 404
    assert read(app, changed).status_code == 200
    assert api.delete(url).status_code == 204
    assert read(app, changed).status_code == 404
    wrong = app.test_client()
    for strange in ("x", "cal_x_y", secret + "0", f"cal_{UUID(int=0).hex}_{'0' * 64}", "cal_" + "%00" * 9):
        assert wrong.get(f"/calendar/{strange}.ics").status_code == 404


def test_a_feed_of_a_group_has_its_meetings_only_and_ends_when_she_leaves(app, circle, root):
    other = circle_of(app, circle.tenant, root)
    other.add(membership_id=None)
    member = circle.members[0]
    root.execute(
        "UPDATE group_member SET membership_id = %s WHERE membership_id = %s", [member, other.members[-1]]
    )
    mine = [row["id"] for row in meets(circle)]
    theirs = [row["id"] for row in meets(other)]
    one, every_one = feed(circle.api(), f"{circle.url}/calendar-feeds"), feed(circle.api())
    assert events(read(app, one)).keys() == {*mine}
    assert events(read(app, every_one)).keys() == {*mine, *theirs}
    root.execute(
        "UPDATE group_member SET left_at = now() WHERE membership_id = %s AND group_id = %s",
        [member, circle.id],
    )
    assert read(app, one).status_code == 404
    assert events(read(app, every_one)).keys() == {*theirs}
    assert circle.api().post(f"{circle.url}/calendar-feeds").status_code == 404


def test_the_wall_decides_whether_a_feed_opens_the_link(app, circle, database, root):
    """Made through her employer's sign-in it opens what that opens: here, when they meet, and no link."""
    meets(circle)
    employer = connection_of(database, circle.tenant.id)
    through = circle.api(connection_id=employer)
    assert through.post(f"{circle.url}/calendar-feeds").status_code == 404
    made = feed(through)
    assert {event.get("URL") for event in events(read(app, made)).values()} == {None}
    assert "amberbay" not in read(app, made).text
    late = circle.api(circle.members.index(circle.add()))
    assert {str(event.get("URL")) for event in events(read(app, feed(late))).values()} == {LINK}


@pytest.mark.parametrize("own_client", [True, False])
def test_whoever_waits_to_be_let_in_is_not_told_when_the_group_meets(app, circle, own_client):
    meets(circle)
    member = circle.add(admitted=False)
    api = acting(app, circle.tenant.id, member, own_client=own_client)
    assert api.get("/v1/me/meetings").get_json()["items"] == []
    if own_client:
        assert events(read(app, feed(api))) == {}


def test_a_portal_makes_no_feed_and_a_closed_tenant_has_none(app, circle, root):
    made = feed(circle.api())
    portal = acting(app, circle.tenant.id, circle.members[0])
    assert portal.post("/v1/me/calendar-feeds").get_json()["code"] == "insufficient_scope"
    reading = circle.api(scopes=frozenset({Permission.GROUP_CONTENT_READ.value}))
    assert feed(reading)["group_id"] is None
    root.execute("UPDATE tenant SET state = 'suspended' WHERE id = %s", [circle.tenant.id])
    assert read(app, made).status_code in (403, 404)


def test_somebody_has_fifty_feeds_at_most(circle, root):
    root.execute(
        "INSERT INTO calendar_feed (tenant_id, id, membership_id, hash, personal)"
        " SELECT %s, uuidv7(), %s, sha256(n::text::bytea), true FROM generate_series(1, 50) n",
        [circle.tenant.id, circle.members[0]],
    )
    assert circle.api().post("/v1/me/calendar-feeds").get_json()["code"] == "too_many_feeds"


def test_whoever_signs_in_as_her_through_her_employer_gets_no_address_of_a_feed_that_she_made_herself(
    app, circle, database
):
    meets(circle)
    hers = feed(circle.api(1))
    administrator = circle.api(1, connection_id=connection_of(database, circle.tenant.id))
    url = f"/v1/me/calendar-feeds/{hers['id']}"
    refused = administrator.post(f"{url}/secret")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_personal")
    assert LINK in {str(event["URL"]) for event in events(read(app, hers)).values()}, (
        "the one of before holds"
    )
    own = feed(administrator)
    changed = administrator.post(f"/v1/me/calendar-feeds/{own['id']}/secret")
    assert changed.status_code == 200
    assert LINK.partition("?")[0] not in read(app, changed.get_json()).text
    assert administrator.delete(url).status_code == 204
