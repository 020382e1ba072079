"""Rhythms: which rules are taken, and that their dates are those of a clock, reckoned in another way."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.meetings import rhythm
from tenants.meetings.rhythm import (
    LATEST,
    InvalidRhythm,
    checked_rule,
    expanded,
    first,
    moment,
    occurrence,
    usual_rule,
)

ZONES = (
    "America/Chicago",
    "Europe/Kiev",
    "US/Eastern",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kolkata",
)
at = datetime.fromisoformat
START = at("2027-01-12T10:00")
STEP = {"DAILY": 1, "WEEKLY": 7}


def shown(rule: str, starts: datetime = START, zone: str = "America/Chicago", most: int = 4) -> list[str]:
    until = moment(starts + LATEST, zone)
    found = first(rule, starts, zone, until=until, after=moment(starts - timedelta(days=1), zone), most=most)
    return [f"{each.due:%m-%d}" for each in found]


def reckoned(local: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which the clock shows this; where it never does, by the offset of the day before."""
    near = [local.replace(tzinfo=UTC) + timedelta(days=days) for days in (-1, 1)]
    offsets = [each.astimezone(zone).utcoffset() or timedelta() for each in near]
    tried = [(local - offset).replace(tzinfo=UTC) for offset in offsets]
    fits = [each for each in tried if each.astimezone(zone).replace(tzinfo=None) == local]
    return min(fits) if fits else tried[0]


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from(ZONES),
    st.datetimes(at("2026-01-01T00:00"), at("2028-01-01T00:00")),
    st.sampled_from(sorted(STEP)),
    st.integers(1, 3),
)
def test_dates_across_changes_of_the_clock_are_those_that_zoneinfo_alone_tells(zone, begin, freq, interval):
    starts = begin.replace(second=0, microsecond=0)
    rule = checked_rule(f"FREQ={freq};INTERVAL={interval}", starts, zone)
    found = list(expanded(rule, starts, zone, until=moment(starts + timedelta(days=380), zone)))
    assert len(found) >= 380 // (7 * interval)
    for number, each in enumerate(found):
        due = starts + timedelta(days=STEP[freq] * interval * number)
        assert (each.due, each.starts_at) == (due, reckoned(due, ZoneInfo(zone)))
        assert each.local == each.starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("local", "zone", "in_utc", "then_shown"),
    [
        ("2027-03-14T02:30", "US/Eastern", "2027-03-14T07:30", "2027-03-14T03:30"),  # is left out
        ("2027-11-07T01:30", "US/Eastern", "2027-11-07T05:30", "2027-11-07T01:30"),  # is shown twice
        ("2027-10-03T02:15", "Australia/Lord_Howe", "2027-10-02T15:45", "2027-10-03T02:45"),
        ("2027-07-01T09:00", "Europe/Kiev", "2027-07-01T06:00", "2027-07-01T09:00"),
        ("2027-07-01T09:00", "Europe/Kyiv", "2027-07-01T06:00", "2027-07-01T09:00"),
    ],
)
def test_a_time_that_is_left_out_or_shown_twice_is_that_of_rfc_5545(local, zone, in_utc, then_shown):
    found = occurrence(datetime.fromisoformat(local), zone)
    assert found.starts_at == datetime.fromisoformat(in_utc).replace(tzinfo=UTC)
    assert found.local == datetime.fromisoformat(then_shown)


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        ("FREQ=MONTHLY;BYDAY=2TU", ["01-12", "02-09", "03-09", "04-13"]),
        ("freq=monthly;byday=-1fr", ["01-29", "02-26", "03-26", "04-30"]),
        ("FREQ=WEEKLY;INTERVAL=2", ["01-12", "01-26", "02-09", "02-23"]),
        ("FREQ=WEEKLY;UNTIL=20270119", ["01-12", "01-19"]),
        ("FREQ=WEEKLY;UNTIL=20270119T160000Z", ["01-12", "01-19"]),
        ("FREQ=WEEKLY;UNTIL=20270119T155959Z", ["01-12"]),
        ("FREQ=DAILY;BYDAY=MO,TU", ["01-12", "01-18", "01-19", "01-25"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["01-29", "02-26"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["01-31", "03-31", "05-31", "07-31"]),
        ("FREQ=YEARLY;BYMONTH=6;BYDAY=1MO", ["06-07", "06-05"]),
    ],
)
def test_rules_mean_what_rfc_5545_says(rule, dates):
    assert shown(checked_rule(rule, START, "America/Chicago")) == dates


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("", "invalid"),
        ("FREQ=MONTHLY;WKST=1MO", "invalid"),
        ("every month", "invalid"),
        ("FREQ=", "invalid"),
        ("FREQ=DAILY;COUNT=²", "invalid"),
        ("FREQ=WEEKLY\nRDATE:20270101T100000", "invalid"),
        ("FREQ=WEEKLY\r\nEXDATE:20270101T100000", "invalid"),
        ("RRULE:FREQ=DAILY", "unsupported_part"),
        ("RDATE=20270101", "unsupported_part"),
        ("FREQ=DAILY;FREQ=DAILY", "invalid"),
        ("FREQ=DAILY,WEEKLY", "frequency"),
        ("FREQ=HOURLY", "frequency"),
        ("FREQ=SECONDLY;INTERVAL=1", "frequency"),
        ("COUNT=3", "frequency"),
        ("FREQ=DAILY;BYHOUR=9,10", "unsupported_part"),
        ("FREQ=DAILY;BYMINUTE=0", "unsupported_part"),
        ("FREQ=DAILY;BYSECOND=0", "unsupported_part"),
        ("FREQ=WEEKLY;BYDAY=+TU", "by_day"),
        ("FREQ=WEEKLY;BYDAY=MO,-TU", "by_day"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20280101", "count_and_until"),
        ("FREQ=DAILY;COUNT=0", "count"),
        ("FREQ=DAILY;COUNT=1001", "count"),
        ("FREQ=DAILY;COUNT=" + "9" * 30, "invalid"),
        ("FREQ=DAILY;INTERVAL=0", "interval"),
        ("FREQ=MONTHLY;INTERVAL=7", "interval"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=WE", "interval"),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTH=2", "interval"),
        ("FREQ=WEEKLY;BYDAY=1MO", "by_day"),
        ("FREQ=MONTHLY;BYDAY=6MO", "by_day"),
        ("FREQ=MONTHLY;BYDAY=TU,2WE", "by_day"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=31", "by_day"),
        ("FREQ=YEARLY;BYDAY=53MO", "by_day"),
        ("FREQ=MONTHLY;BYMONTH=13", "by_month"),
        ("FREQ=YEARLY;BYMONTH=5L", "by_month"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "by_month_day"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "no_occurrence"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "no_occurrence"),
        ("FREQ=DAILY;UNTIL=20260101", "no_occurrence"),
        ("FREQ=DAILY;UNTIL=00010101T000000Z", "until"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "by_set_pos"),
        ("FREQ=MONTHLY;BYSETPOS=1", "by_set_pos"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", "unsupported_part"),
        ("FREQ=WEEKLY;WKST=XX", "invalid"),
        ("FREQ=MONTHLY;BYMONTHDAY=" + ",".join(["1"] * 100), "too_long"),
    ],
)
def test_a_rule_that_a_group_cannot_meet_by_is_refused_by_name(rule, code):
    with pytest.raises(InvalidRhythm) as refused:
        checked_rule(rule, START, "America/Chicago")
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


PARTS = {
    "INTERVAL": st.integers(0, 70).map(str),
    "COUNT": st.integers(0, 1100).map(str),
    "BYDAY": st.lists(st.sampled_from(["MO", "SU", "5MO", "-5FR", "2WE"]), min_size=1, max_size=3).map(
        ",".join
    ),
    "BYMONTHDAY": st.sampled_from(["1", "29", "30", "31", "-31", "13", "1,31"]),
    "BYMONTH": st.sampled_from(["2", "4", "2,4"]),
    "BYSETPOS": st.sampled_from(["1", "-1", "5", "-5", "29"]),
}


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.fixed_dictionaries({}, optional=PARTS),
    st.datetimes(at("2026-01-01T00:00"), at("2028-12-31T00:00")),
)
def test_no_rule_takes_long_and_each_that_is_taken_meets_at_most_once_a_day(freq, parts, starts):
    rule = ";".join([f"FREQ={freq}", *(f"{name}={value}" for name, value in parts.items())])
    began = time.process_time()
    try:
        kept = checked_rule(rule, starts, "UTC")
    except InvalidRhythm:
        found = None
    else:
        until = moment(starts + LATEST, "UTC")
        found = list(expanded(kept, starts, "UTC", until=until))
    assert time.process_time() - began < 0.5
    if found is not None:
        days = [each.due.date() for each in found]
        assert found
        assert days == sorted(set(days))


@given(st.text(max_size=250))
def test_whatever_is_written_is_a_rule_or_refused(text):
    try:
        kept = checked_rule(text, START, "UTC")
    except InvalidRhythm:
        return
    assert checked_rule(kept, START, "UTC") == kept


def test_usually_a_group_meets_each_month_on_the_weekday_of_its_first_meeting_and_two_every_other_week():
    assert usual_rule(START, members=5) == "FREQ=MONTHLY;BYDAY=2TU"
    assert usual_rule(at("2027-01-29T00:00"), members=3) == "FREQ=MONTHLY;BYDAY=-1FR"
    assert usual_rule(START, members=2) == "FREQ=WEEKLY;INTERVAL=2"


@pytest.mark.parametrize("rule", ["FREQ=MONTHLY;BYMONTH=2", "FREQ=YEARLY;BYMONTH=2,4,6,9,11"])
def test_a_rule_that_never_comes_is_refused_without_a_search(rule, monkeypatch):
    monkeypatch.setattr(rhythm, "expanded", None)
    with pytest.raises(InvalidRhythm) as refused:
        checked_rule(rule, datetime.fromisoformat("2027-01-31T10:00"), "America/Chicago")
    assert refused.value.code == "no_occurrence"
