"""Hours in common are those of a real year, minute by minute, on clocks that change on different days."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenants.matching.solver.hours import DAYS, START, Hours, SharedHours

ZONES = (
    "America/New_York",
    "Europe/London",
    "Asia/Kathmandu",
    "Australia/Sydney",
    "Australia/Lord_Howe",
)
WEEK = 7 * 24 * 60
Clocks = Mapping[str, NDArray[np.int64]]

slots = st.builds(
    lambda day, start, length: {
        "day": day,
        "start": clock(15 * start),
        "end": clock(15 * min(start + length, 96)),
    },
    st.sampled_from(DAYS),
    st.integers(0, 95),
    st.integers(1, 40),
)
values = st.fixed_dictionaries({"time_zone": st.sampled_from(ZONES), "slots": st.lists(slots, max_size=8)})
pools = st.lists(st.none() | values, min_size=1, max_size=5)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def minute_of(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def week(zone: str, *slots: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "time_zone": zone,
        "slots": [{"day": day, "start": start, "end": end} for day, start, end in slots],
    }


@pytest.fixture(scope="module")
def clocks() -> Clocks:
    """For every minute of the year the minute of the week on the clock of each zone. Clocks are changed at a quarter
    of an hour.
    """
    first = datetime(START.year, START.month, START.day, tzinfo=UTC)
    shown = {}
    for zone in map(ZoneInfo, ZONES):
        local = ((first + timedelta(minutes=minute)).astimezone(zone) for minute in range(0, 52 * WEEK, 15))
        quarters = np.array([at.weekday() * 1440 + at.hour * 60 + at.minute for at in local])
        shown[zone.key] = (quarters[:, None] + np.arange(15)).ravel()
    return shown


def free(value: dict[str, Any] | None, clocks: Clocks) -> NDArray[np.bool_]:
    """Whether somebody is free in every minute of the year: (weeks, minutes)."""
    own = np.zeros(WEEK, dtype=bool)
    for slot in value["slots"] if value else ():
        midnight = DAYS.index(slot["day"]) * 1440
        own[midnight + minute_of(slot["start"]) : midnight + minute_of(slot["end"])] = True
    return own[clocks[value["time_zone"] if value else ZONES[0]]].reshape(52, WEEK)


@settings(max_examples=40, deadline=None)
@given(pools)
def test_shared_hours_are_those_counted_minute_by_minute_over_the_year(clocks, pool):
    everybody = np.arange(len(pool))
    similarity = SharedHours(Hours(pool))(everybody, everybody)
    minutes = [free(value, clocks) for value in pool]
    for i in everybody:
        for j in everybody:
            lesser = min(minutes[i].sum(), minutes[j].sum())
            expected = (minutes[i] & minutes[j]).sum() / lesser if lesser else 0.0
            assert similarity[i, j] == pytest.approx(expected, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(pools, st.data())
def test_common_hours_are_those_of_the_week_of_the_year_with_the_fewest(clocks, pool, data):
    group = data.draw(st.lists(st.integers(0, len(pool) - 1), min_size=1, max_size=3, unique=True))
    hours = Hours(pool)
    weeks = np.logical_and.reduce([free(pool[person], clocks) for person in group]).sum(axis=1)
    assert hours.common(group) == weeks.min() / 60
    assert hours.weeks.sum() == 52
    spans = hours.spans(group)
    assert sum(minute_of(s["end"]) - minute_of(s["start"]) for s in spans) == weeks.min()
    assert spans == sorted(spans, key=lambda span: (DAYS.index(span["day"]), span["start"]))


def test_two_zones_share_fewer_hours_while_only_one_has_changed_its_clock():
    # 14:00 to 16:00 in London is 9:00 to 11:00 in New York, but 10:00 to 12:00 for some weeks.
    hours = Hours(
        [
            week("Europe/London", ("wed", "14:00", "16:00")),
            week("America/New_York", ("wed", "09:00", "11:00")),
        ]
    )
    assert hours.common([0, 1]) == 1
    assert hours.spans([0, 1]) == [{"day": "wed", "start": "14:00", "end": "15:00"}]
    both = np.arange(2)
    # Clocks change on 8 March and 1 November there, on 29 March and 25 October here: 3 weeks and 1.
    assert SharedHours(hours)(both, both)[0, 1] == pytest.approx((48 * 2 + 4 * 1) / 52 / 2)


def test_weeks_in_which_everybody_is_free_at_the_same_times_are_one_period():
    assert Hours([week("America/New_York", ("wed", "09:00", "11:00"))]).weeks.tolist() == [18, 34]
    assert Hours([week("Asia/Tokyo", ("wed", "09:00", "11:00")), None]).weeks.tolist() == [52]


def test_a_week_ends_where_it_begins():
    hours = Hours([week("Asia/Kathmandu", ("mon", "00:00", "06:00"), ("sun", "23:00", "24:00"))])
    assert hours.spans([0]) == [
        {"day": "mon", "start": "00:00", "end": "00:15"},
        {"day": "sun", "start": "17:15", "end": "24:00"},
    ]


@pytest.mark.parametrize(
    ("zone", "start", "minutes"),
    [
        ("Asia/Tokyo", "09:00", 60),
        ("Asia/Tokyo", "09:50", 10),
        ("Asia/Kolkata", "09:00", 30),
        ("UTC", "00:07", 1),
    ],
)
def test_cells_are_as_long_as_slots_and_offsets_allow(zone, start, minutes):
    assert Hours([week(zone, ("mon", start, "11:00"))]).minutes == minutes


def test_overlapping_slots_count_once():
    hours = Hours([week("UTC", ("mon", "09:00", "12:00"), ("mon", "10:00", "13:00"))])
    assert hours.common([0]) == 4


def test_who_has_no_value_or_no_slots_is_never_free():
    hours = Hours([None, week("UTC"), week("UTC", ("mon", "09:00", "12:00"))])
    assert not hours.bits[:2].any()
    assert hours.common([1, 2]) == 0
    assert hours.spans([0, 2]) == []


def test_the_year_begins_in_the_week_of_the_day_that_is_named():
    pool = [week("America/New_York", ("wed", "09:00", "11:00"))]
    monday, sunday = Hours(pool, date(2026, 6, 1)), Hours(pool, date(2026, 6, 7))
    # Standard time has the Wednesdays from 4 November 2026 to 10 March 2027.
    assert monday.weeks.tolist() == sunday.weeks.tolist() == [33, 19]


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "Europe", "../UTC"])
def test_an_unknown_time_zone_is_refused(name):
    with pytest.raises(ValueError, match="time zone"):
        Hours([week(name)])
