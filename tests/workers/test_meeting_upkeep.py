"""What becomes of meetings without their members: with a group's state, ahead of time, and in letters to calendars."""

from datetime import datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import text

from tenants.kernel.clock import now
from tenants.meetings import upkeep
from tests.factories.circles import circle_of
from tests.factories.group_life import days_ahead
from tests.factories.matching import every
from tests.factories.people import acting, connection_of

LINK = "https://video.example/amberbay"
WAITING = "SELECT count(*), min(not_before) FROM job WHERE kind = 'meetings' AND state = 'queued' AND subject_id = %s"
ADA, BORA = "ada@amberbay.example", "bora@amberbay.example"


@pytest.fixture
def circle(app, tenant, root):
    """A group of three, of whom two have addresses."""
    made = circle_of(app, tenant, root)
    for member, address in zip(made.members, (ADA, BORA), strict=False):
        root.execute("UPDATE membership SET chosen_email = %s WHERE id = %s", [address, member])
    return made


def meets(circle, days=(3, 40), **said):
    """Single meetings on these days; their URLs."""
    urls = []
    for day in days:
        asked = {"starts_at_local": days_ahead(day), "time_zone": "Europe/Kiev", "join_link": LINK, **said}
        made = circle.api().post(f"{circle.url}/meetings", json=asked)
        assert made.status_code == 201, made.get_json()
        urls.append(made.headers["Location"])
    return urls


def rhythm(circle, rrule="FREQ=WEEKLY"):
    asked = {"starts_at_local": days_ahead(3), "time_zone": "UTC", "rrule": rrule}
    assert circle.api().post(f"{circle.url}/meeting-series", json=asked).status_code == 201


def asks(circle, number, wanted=True):
    answer = circle.api(number).put(f"{circle.url}/calendar-invitations", json={"wanted": wanted})
    assert answer.get_json() == {"wanted": wanted}
    assert circle.api(number).get(f"{circle.url}/calendar-invitations").get_json() == {"wanted": wanted}


def edited(circle, url, **changes):
    api = circle.api()
    answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert answer.status_code == 200, answer.get_json()


def become(circle, state):
    api = circle.tenant.api
    tag = {"If-Match": api.get(circle.url).headers["ETag"]}
    assert api.patch(circle.url, json={"state": state}, headers=tag).status_code == 200


def states(circle):
    return [row["state"] for row in every(circle.api(), f"{circle.url}/meetings")]


def told(received):
    """What a letter has a calendar do: method, UID, SEQUENCE, and the event."""
    (part,) = [each for each in received.message.walk() if each.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    (event,) = calendar.walk("VEVENT")
    assert part.get_param("method") == str(calendar["METHOD"])
    return str(calendar["METHOD"]), str(event["UID"]), int(event["SEQUENCE"]), event


def test_members_who_ask_are_invited_to_the_meetings_of_the_next_weeks(circle, clerk):
    soon, _ = meets(circle)
    asks(circle, 0)
    assert clerk.took() == [(ADA, "Peer group")]
    letter = clerk.office.received[-1]
    kinds = [each.get_content_type() for each in letter.message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html", "text/calendar"]
    method, uid, sequence, event = told(letter)
    assert (method, uid, sequence) == ("REQUEST", soon.rpartition("/")[2], 0)
    assert str(event["ORGANIZER"]) == "mailto:post@example.org"
    assert str(event["ATTENDEE"]) == f"mailto:{ADA}"
    assert (str(event["SUMMARY"]), str(event["URL"])) == ("Peer group", LINK)
    assert f"{event['DTSTART'].dt:%Y-%m-%dT%H:%M:%S}" == days_ahead(3)
    assert event["DTSTART"].params["TZID"] == "Europe/Kiev"
    assert "10:00 (Europe/Kiev), 60 minutes" in letter.text()
    for word in ("Invented Person", "Invented\r", BORA, "DESCRIPTION", "LOCATION"):
        assert word not in letter.content.decode()
    clerk.passes(24 * 7)
    assert clerk.took() == [], "each is told once"


@pytest.mark.parametrize("who", ["organiser", "portal", "employer"])
def test_the_link_goes_to_the_address_alone_at_which_she_asked_for_it(
    app, circle, clerk, database, root, who
):
    meets(circle, days=(3,))
    member, tenant = circle.members[0], circle.tenant
    boss = "boss@employer.example"
    if who == "organiser":
        root.execute("UPDATE membership SET chosen_email = NULL, email = %s WHERE id = %s", [ADA, member])
    asks(circle, 0)
    if who == "organiser":
        api, url, change = tenant.api, f"/v1/people/{member}", {"email": boss}
    else:
        how = {"connection_id": connection_of(database, tenant.id)} if who == "employer" else {}
        api, url, change = acting(app, tenant.id, member, **how), "/v1/me", {"chosen_email": boss}
    assert api.patch(url, json=change, headers={"If-Match": api.get(url).headers["ETag"]}).status_code == 200
    assert clerk.took() == [(boss, "Peer group")]
    letter = clerk.office.received[-1]
    assert LINK not in letter.content.decode()
    assert str(told(letter)[3]["URL"]).endswith(f"/groups/{circle.id}")
    assert "asked for these letters at another address" in letter.text()
    asks(circle, 0)
    assert clerk.took() == [(boss, "Peer group")]
    assert str(told(clerk.office.received[-1])[3]["URL"]) == LINK, "now she asked for it there"
    asks(circle, 0)
    assert clerk.took() == []


def test_a_change_is_told_by_the_same_uid_and_a_higher_sequence_and_only_the_last_one(circle, clerk):
    (url,) = meets(circle, days=(3,))
    asks(circle, 0)
    clerk.took()
    edited(circle, url, starts_at_local=days_ahead(4))
    edited(circle, url, starts_at_local=days_ahead(5))
    assert clerk.took() == [(ADA, "Peer group")]
    method, uid, sequence, event = told(clerk.office.received[-1])
    assert (method, uid, sequence) == ("REQUEST", url.rpartition("/")[2], 2)
    assert f"{event['DTSTART'].dt:%Y-%m-%dT%H:%M:%S}" == days_ahead(5)
    edited(circle, url, state="cancelled")
    assert clerk.took() == [(ADA, "Peer group")]
    method, uid, sequence, event = told(clerk.office.received[-1])
    assert (method, uid, sequence, str(event["STATUS"])) == ("CANCEL", url.rpartition("/")[2], 3, "CANCELLED")
    assert "does not take place" in clerk.office.received[-1].text()
    edited(circle, url, state="planned", starts_at_local=days_ahead(3))
    clerk.took()
    assert told(clerk.office.received[-1])[:3] == ("REQUEST", url.rpartition("/")[2], 4)


def test_what_was_never_told_is_not_taken_back_and_who_asks_no_more_hears_nothing(circle, clerk):
    (url,) = meets(circle, days=(3,))
    asks(circle, 0)
    edited(circle, url, state="skipped")
    assert clerk.took() == []
    asks(circle, 1)
    edited(circle, url, state="planned")
    assert [to for to, _ in clerk.took()] == [ADA, BORA]
    asks(circle, 1, wanted=False)
    edited(circle, url, minutes=30)
    assert [to for to, _ in clerk.took()] == [ADA]


def test_who_has_left_is_told_nothing_not_even_of_what_waited(circle, clerk, root):
    (url,) = meets(circle, days=(3,))
    asks(circle, 0)
    asks(circle, 1)
    clerk.took()
    clerk.office.answer = "450 later"
    edited(circle, url, starts_at_local=days_ahead(4))
    clerk.work()
    clerk.office.answer = "250 taken"
    clerk.seen = len(clerk.office.received)
    root.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[0]])
    clerk.passes(2)
    assert clerk.took() == [(BORA, "Peer group")]


def test_whoever_comes_later_is_told_the_link_too(circle, clerk, root):
    meets(circle, days=(3,))
    late = circle.members.index(circle.add())
    root.execute(
        "UPDATE membership SET chosen_email = 'late@x.example' WHERE id = %s", [circle.members[late]]
    )
    asks(circle, late)
    clerk.took()
    assert str(told(clerk.office.received[-1])[3]["URL"]) == LINK


def test_a_group_that_pauses_skips_its_meetings_and_goes_on_with_them(circle, clerk):
    meets(circle, days=(3, 5, 9))
    (off,) = meets(circle, days=(12,))
    edited(circle, off, state="cancelled")
    asks(circle, 0)
    clerk.took()
    become(circle, "paused")
    clerk.took()
    assert states(circle) == ["skipped"] * 3 + ["cancelled"]
    assert [told(each)[0] for each in clerk.office.received[-3:]] == ["CANCEL"] * 3
    become(circle, "active")
    clerk.took()
    assert states(circle) == ["planned"] * 3 + ["cancelled"]
    assert {told(each)[0::2][:2] for each in clerk.office.received[-3:]} == {("REQUEST", 2)}


def test_what_members_change_just_after_a_pause_stands(circle, clerk):
    off, elsewhen = meets(circle, days=(5, 7))
    clerk.work()
    become(circle, "paused")
    clerk.work()
    assert states(circle) == ["skipped"] * 2
    become(circle, "active")
    edited(circle, off, state="cancelled")
    edited(circle, elsewhen, starts_at_local=days_ahead(8), state="planned")
    clerk.work()
    assert states(circle) == ["cancelled", "moved"]


def test_a_rhythm_that_is_changed_just_after_a_pause_is_one_rhythm(circle, clerk):
    rhythm(circle)
    clerk.work()
    number = len(states(circle))
    become(circle, "paused")
    clerk.work()
    become(circle, "active")
    (series,) = every(circle.api(), f"{circle.url}/meeting-series")
    edited(circle, f"{circle.url}/meeting-series/{series['id']}", starts_at_local=days_ahead(5))
    clerk.work()
    rows = [row for row in every(circle.api(), f"{circle.url}/meetings") if row["state"] == "planned"]
    assert len(rows) <= number
    assert len({datetime.fromisoformat(row["starts_at_local"]).weekday() for row in rows}) == 1


def test_the_meetings_of_a_group_that_ends_with_its_last_member_are_off(circle, clerk):
    meets(circle, days=(3,))
    for number in range(3):
        left = circle.api(number).post(f"{circle.url}/departure", json={"then": "wait"})
        assert left.status_code == 201
    clerk.work()
    assert circle.tenant.api.get(f"{circle.url}/activity").get_json()["next_starts_at"] is None


def test_what_comes_round_is_tried_again_however_often_it_has_gone_wrong(circle, clerk, root, monkeypatch):
    rhythm(circle)
    clerk.work()
    clerk.passes(24 * 7)
    monkeypatch.setattr(upkeep, "look_after", None)
    for _ in range(clerk.settings.job_attempts):
        clerk.work()
        clerk.passes(1)
    assert root.execute(WAITING, [circle.id]).fetchone()[0] == 1
    monkeypatch.undo()
    clerk.passes(6)
    assert clerk.work() == ["meetings"]
    count, due = root.execute(WAITING, [circle.id]).fetchone()
    assert (count, due > now() + timedelta(days=6)) == (1, True)


@pytest.mark.parametrize(("state", "went_on"), [("cancelled", False), ("planned", True)])
def test_a_confirmed_group_that_has_met_is_active_from_that_day_and_renews(
    app, tenant, root, clerk, state, went_on
):
    circle = circle_of(app, tenant, root, state="confirmed")
    (url,) = meets(circle, days=(3,))
    clerk.work()
    assert circle.tenant.api.get(circle.url).get_json()["state"] == "confirmed", "it has not met yet"
    root.execute(
        "UPDATE meeting SET state = %s, starts_at = now() - interval '2 days' WHERE id = %s",
        [state, url.rpartition("/")[2]],
    )
    clerk.passes(24 * 8)
    clerk.work()
    shown = root.execute(
        "SELECT state, active_on - CAST(now() AT TIME ZONE 'UTC' AS date) FROM peer_group WHERE id = %s",
        [circle.id],
    ).fetchone()
    assert shown == (("active", -2) if went_on else ("confirmed", None))
    answer = circle.api().put(f"{circle.url}/renewal", json={"answer": "go_on"})
    assert answer.status_code == (200 if went_on else 409)


def test_a_rhythm_that_ends_while_its_group_pauses_does_not_come_back(circle, clerk):
    rhythm(circle, "FREQ=WEEKLY;COUNT=2")
    become(circle, "paused")
    clerk.work()
    api = circle.api()
    series = api.get(f"{circle.url}/meeting-series").get_json()["items"][0]
    url = f"{circle.url}/meeting-series/{series['id']}"
    assert api.delete(url, headers={"If-Match": api.get(url).headers["ETag"]}).status_code == 204
    become(circle, "active")
    clerk.work()
    assert states(circle) == ["cancelled"] * 2


def test_a_group_that_ends_cancels_what_was_to_come_and_keeps_what_was(circle, clerk, root):
    rhythm(circle, "FREQ=WEEKLY;COUNT=3")
    meets(circle, days=(-2,))
    become(circle, "paused")
    clerk.work()
    become(circle, "ended")
    clerk.work()
    assert states(circle) == ["held"] + ["cancelled"] * 3
    assert circle.api().get(f"{circle.url}/meeting-series").get_json()["items"] == []
    assert root.execute(WAITING, [circle.id]).fetchone()[0] == 0


def test_one_job_looks_after_a_group_however_often_its_meetings_change(circle, clerk, root):
    urls = meets(circle, days=(3, 5, 9))
    for url in urls:
        edited(circle, url, minutes=30)
    clerk.work()
    number, due = root.execute(WAITING, [circle.id]).fetchone()
    assert (number, due > now() + timedelta(days=6)) == (1, True)


def test_a_daily_rhythm_has_sixty_meetings_ahead_and_more_when_these_have_been(circle, clerk, root):
    rhythm(circle, "FREQ=DAILY")
    clerk.work()
    rows = every(circle.api(), f"{circle.url}/meetings")
    assert len(rows) == 60
    # As if these weeks had passed.
    root.execute(
        "UPDATE meeting SET starts_at = starts_at - interval '20 days', due_at = due_at - interval '20 days'"
    )
    root.execute("UPDATE meeting_series SET expanded_until = expanded_until - interval '20 days'")
    clerk.passes(24 * 8)
    clerk.work()
    again = every(circle.api(), f"{circle.url}/meetings?limit=100")
    to_come = [row for row in again if datetime.fromisoformat(row["starts_at"]) > now()]
    assert len(to_come) == 60
    assert {row["id"] for row in rows} <= {row["id"] for row in again}
    days = [row["starts_at"] for row in to_come]
    assert len(set(days)) == len(days)


def test_the_job_writes_in_its_own_group_only_and_nobody_without_a_member_writes_elsewhere(
    circle, app, database, tenant, root
):
    meets(circle, days=(3,))
    other = circle_of(app, tenant, root)
    meets(other, days=(3,))
    run = "UPDATE job SET state = 'running', lease_until = now() WHERE kind = 'meetings' AND subject_id = %s"
    root.execute(run, [circle.id])
    skip = text("UPDATE meeting SET state = 'skipped' WHERE group_id = :group")
    with database.tenant(tenant.id) as session:
        assert session.execute(skip, {"group": circle.id}).rowcount == 1
        assert session.execute(skip, {"group": other.id}).rowcount == 0
        assert session.scalar(text("SELECT count(*) FROM meeting_link")) == 0
    root.execute("UPDATE job SET state = 'succeeded' WHERE kind = 'meetings'")
    with database.tenant(tenant.id) as session:
        assert session.execute(skip, {"group": circle.id}).rowcount == 0
        assert session.scalar(text("SELECT count(*) FROM meeting")) == 2, "the tenant sees dates"
