"""Slots that a group has in common, against each member's clock all through a year; and when others are proposed."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tenants.kernel.clock import now
from tests.conftest import open_another
from tests.factories.circles import circle_of
from tests.planting import plant

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def circle(app, database, root):
    made = circle_of(app, open_another(app, database), root)
    plant(
        root.cursor(), "attribute", tenant_id=made.tenant.id, program_id=made.program_id, key="availability",
        kind="availability", levels=Jsonb([]), answered_by="person",
    )  # fmt: skip
    return made


def free(circle, root, number, zone, *slots):
    said = {
        "time_zone": zone,
        "slots": [{"day": day, "start": start, "end": end} for day, start, end in slots],
    }
    root.execute(
        "UPDATE participant SET attributes = %s WHERE id = %s",
        [Jsonb({"availability": said}), circle.participants[circle.members[number]]],
    )
    return said


def slots(circle, minutes=60, number=0):
    return circle.api(number).get(f"{circle.url}/slots?minutes={minutes}").get_json()["slots"]


def is_free(said, at, minutes):
    """Whether her own clock shows a time in a slot of hers, every five minutes from then on."""
    for step in range(0, minutes, 5):
        local = (at + timedelta(minutes=step)).astimezone(ZoneInfo(said["time_zone"]))
        shown = f"{local:%H:%M}"
        if not any(
            each["day"] == DAYS[local.weekday()] and each["start"] <= shown < each["end"]
            for each in said["slots"]
        ):
            return False
    return True


def every_week(slot):
    """When the slot begins, in each week of the coming year."""
    first = datetime.fromisoformat(slot["next_starts_at"]).astimezone(ZoneInfo(slot["time_zone"]))
    clock = time.fromisoformat(slot["start"])
    days: list[date] = [first.date() + timedelta(weeks=week) for week in range(51)]
    return [datetime.combine(day, clock, ZoneInfo(slot["time_zone"])) for day in days]


def test_a_slot_is_one_in_which_all_are_free_on_their_clocks_in_each_week_of_the_year(circle, root):
    said = [
        free(circle, root, 0, "America/Chicago", ("tue", "09:00", "12:00"), ("fri", "09:00", "10:00")),
        free(circle, root, 1, "Europe/Kiev", ("tue", "17:00", "20:00"), ("fri", "15:00", "23:00")),
        free(circle, root, 2, "Asia/Kolkata", ("tue", "19:30", "23:30"), ("fri", "20:30", "21:00")),
    ]
    found = slots(circle)
    assert found
    suits = {(slot["can_count"], slot["member_count"], slot["time_zone"]) for slot in found}
    assert suits == {(3, 3, "America/Chicago")}
    for slot in found:
        assert slot["day"] == "tue"
        for at in every_week(slot):
            assert all(is_free(each, at, 60) for each in said), (slot, at)
        shown = {each["time_zone"]: each for each in slot["local_times"]}
        assert shown.keys() == {"America/Chicago", "Europe/Kiev", "Asia/Kolkata"}
        at = datetime.fromisoformat(slot["next_starts_at"])
        for zone, each in shown.items():
            local = at.astimezone(ZoneInfo(zone))
            assert (each["day"], each["start"]) == (DAYS[local.weekday()], f"{local:%H:%M}")
    # Nine in Chicago is five in the afternoon in Kyiv, but four for some weeks in March and October.
    assert {slot["start"] for slot in found} == {"10:00", "11:00"}


def test_where_there_is_none_for_all_those_for_most_come_first_and_no_two_overlap(circle, root):
    free(circle, root, 0, "UTC", ("mon", "09:00", "12:00"), ("wed", "09:00", "10:00"))
    free(circle, root, 1, "UTC", ("mon", "10:00", "12:00"))
    assert [slot["can_count"] for slot in slots(circle)] == [2, 2]
    assert [(slot["day"], slot["start"]) for slot in slots(circle)] == [("mon", "10:00"), ("mon", "11:00")]
    free(circle, root, 2, "UTC", ("mon", "11:00", "12:00"))
    assert [(slot["start"], slot["can_count"]) for slot in slots(circle)] == [("11:00", 3)]
    free(circle, root, 2, "UTC", ("sun", "11:00", "12:00"))
    circle.add(admitted=False)
    free(circle, root, 3, "UTC", ("mon", "09:00", "12:00"))
    assert circle.api(2).put(f"{circle.url}/pause", json={"until": None}).status_code == 200
    assert [(slot["can_count"], slot["member_count"]) for slot in slots(circle)] == [(2, 2)] * 2
    root.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[1]])
    assert {(slot["can_count"], slot["member_count"]) for slot in slots(circle)} == {(1, 1)}
    assert slots(circle, minutes=240) == []


def test_there_are_ten_at_most_and_none_where_nobody_said_when(circle, root):
    assert slots(circle) == []
    for number in range(3):
        free(circle, root, number, "UTC", *((day, "00:00", "24:00") for day in DAYS))
    assert len(slots(circle)) == 10
    broken = circle.api().get(f"{circle.url}/slots?minutes=5").get_json()
    assert broken["errors"][0]["pointer"] == "?minutes"
    stranger = circle_of(circle.app, circle.tenant, root)
    assert stranger.api().get(f"{circle.url}/slots").status_code == 404


def past(circle, days, came):
    """A meeting so many days ago to which these members said that they came."""
    ago = f"{now() - timedelta(days=days):%Y-%m-%dT%H:%M:%S}"
    asked = {"starts_at_local": ago, "time_zone": "UTC"}
    url = circle.api().post(f"{circle.url}/meetings", json=asked).headers["Location"]
    for number in came:
        assert circle.api(number).put(f"{url}/attendance", json={"attended": True}).status_code == 200


def test_other_slots_are_proposed_when_two_meetings_in_a_row_were_missed(circle, root):
    root.execute(
        "UPDATE group_member SET admitted_at = now() - interval '90 days' WHERE group_id = %s", [circle.id]
    )
    root.execute(
        "UPDATE membership SET joined_at = now() - interval '90 days' WHERE tenant_id = %s",
        [circle.tenant.id],
    )
    for number in range(3):
        free(circle, root, number, "UTC", ("mon", "09:00", "10:00"))

    def proposed(number=0):
        answer = circle.api(number).get(f"{circle.url}/slot-proposal").get_json()
        assert [slot["day"] for slot in answer["slots"]] == (["mon"] if answer["reason"] else [])
        return answer["reason"]

    assert proposed() is None
    past(circle, 9, came=(0,))
    assert proposed() is None, "only one was missed"
    past(circle, 8, came=())
    assert proposed() == "group_missed"
    past(circle, 7, came=(0, 1, 2))
    assert proposed() is None
    past(circle, 6, came=(0, 1))
    assert proposed() is None
    past(circle, 5, came=(0, 1))
    assert proposed() == proposed(2) == "member_missed"
    assert circle.api(2).put(f"{circle.url}/pause", json={"until": None}).status_code == 200
    assert proposed() is None, "whoever is away misses none"
    assert circle.api(2).delete(f"{circle.url}/pause").status_code == 204
    assert proposed() == "member_missed"
    past(circle, 4, came=(0, 2))
    assert proposed() is None
    circle.add()
    assert proposed(3) is None, "she does not see who came before"
    past(circle, 3, came=())
    assert (proposed(), proposed(3)) == ("member_missed", None)
