"""Groups that meet, and for how long, counted by hand."""

import datetime as dt
from datetime import date

import pytest

from tenants.reporting.metrics import group_life, groups
from tests.factories.counted import AS_OF, Several

_MEETING = """
INSERT INTO meeting (tenant_id, id, group_id, starts_at, starts_at_local, time_zone, minutes, in_person, state,
                     attended_count)
VALUES (%s, uuidv7(), %s, %s, %s, 'UTC', 60, false, %s, %s)
"""
BOTH = Several(groups.METRIC, group_life.METRIC)


def monthly(last, number):
    return [last - dt.timedelta(days=30 * n) for n in range(number)]


def at(day):
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


@pytest.fixture
def met(circle, superuser):
    """Let a group have had a meeting on each of these days, which only its members could."""

    def hold(group, *days, attended=3, state="planned"):
        circle.session.commit()
        rows = [
            (circle.session.tenant_id, group, at(day), at(day).replace(tzinfo=None), state, attended)
            for day in days
        ]
        superuser.cursor().executemany(_MEETING, rows)
        superuser.commit()

    return hold


def test_a_group_is_active_that_met_at_four_of_its_last_six_meetings(circle, met):
    person = circle.joined()

    def group(**told):
        return circle.grouped(person, at=at(date(2025, 1, 1)), **told)

    active = group(origin="self_formed")
    met(active, *monthly(date(2026, 8, 1), 4))
    met(active, *monthly(date(2026, 3, 1), 1), state="skipped", attended=0)
    met(active, *monthly(date(2026, 2, 1), 1), attended=0)
    met(active, *monthly(date(2025, 12, 1), 3), attended=0)  # longer ago
    met(active, date(2026, 10, 1), attended=0)  # after the report's date
    less = group()
    met(less, *monthly(date(2026, 8, 1), 3))
    met(less, *monthly(date(2026, 3, 1), 3), attended=0)
    cancelled = group()
    met(cancelled, *monthly(date(2026, 8, 1), 6), state="cancelled")
    met(group(), *monthly(date(2026, 8, 1), 5))
    met(group(), *monthly(date(2026, 8, 1), 7), attended=0)
    met(group(state="ended"), *monthly(date(2026, 8, 1), 7))
    group()
    found = circle.counted(BOTH)
    assert found("group_activity") == {
        ("active",): 1,
        ("less_active",): 1,
        ("few_meetings",): 2,
        ("nobody_told",): 2,
        ("ended",): 1,
    }
    assert found("group_origins") == {("self_formed",): 1, ("matched",): 6}
    assert found("group_told") == {("told",): 4, ("untold",): 3}


def test_groups_are_followed_from_their_forming_to_their_last_meeting(circle, met):
    person = circle.joined()

    def group(formed, *days, **told):
        met(circle.grouped(person, at=at(formed), **told), *days)

    group(date(2023, 1, 1), date(2023, 1, 1))  # met on the first day alone
    group(date(2023, 1, 1), date(2024, 6, 1))
    group(date(2022, 1, 1), date(2026, 6, 1), date(2025, 6, 1))  # after three years, and still
    group(date(2025, 1, 1), date(2026, 3, 3))  # 182 days ago: still meets
    group(date(2025, 1, 1), date(2026, 3, 1))  # 184 days ago: stopped
    group(date(2026, 1, 1), date(2026, 8, 1), state="ended")
    group(date(2023, 1, 1))
    found = circle.counted(BOTH)
    years = found("group_years").items()
    inner = {key: number for key, number in years if len(key) == 2 and "-" not in key[1]}
    assert inner == {
        ("stopped", "y1"): 2,
        ("stopped", "y2"): 2,
        ("still_meets", "later"): 1,
        ("still_meets", "y2"): 1,
    }
    tables = {each.name: each.whole(AS_OF) for each in found.all}
    activity, survival = group_life.METRIC.figures(tables)
    assert [row["count"] for row in activity["panels"][0]["rows"]] == [0, 0, 6, 0, 1]
    (line,) = survival["series"]
    assert line["points"] == [], "too few to draw"


def test_the_curve_of_groups_is_that_of_the_numbers_printed(circle, met):
    person = circle.joined()
    for _ in range(30):
        met(circle.grouped(person, at=at(date(2022, 1, 1))), date(2022, 6, 1))
    for _ in range(20):
        met(circle.grouped(person, at=at(date(2022, 1, 1))), date(2023, 6, 1))
    for _ in range(50):
        met(circle.grouped(person, at=at(date(2022, 1, 1))), date(2026, 8, 1))
    tables = {each.name: each.whole(AS_OF) for each in circle.counted(BOTH).all}
    (line,) = group_life.METRIC.figures(tables)[1]["series"]
    assert [point["x"] for point in line["points"]] == [0, 1, 2, 3]
    assert [point["y"] for point in line["points"]] == pytest.approx([0, 0.3, 0.5, 0.5])
    assert [point["at_risk"] for point in line["points"]] == [100, 70, 50, 50]
    assert line["median"]["estimate"] == 2


def test_outside_nothing_is_told_by_meetings_of_a_group_with_somebody_who_may_not_be_reported_on(circle, met):
    ada, bo = circle.joined(), circle.joined()
    for people in ((ada,), (ada, bo)):
        met(circle.grouped(*people, at=at(date(2025, 1, 1))), *monthly(date(2026, 8, 1), 6))
    assert circle.counted(BOTH, outward=True)("group_activity") == {("active",): 2}
    circle.refused(bo, purpose="outcomes")
    assert circle.counted(BOTH, outward=True)("group_activity") == {("active",): 1, ("nobody_told",): 1}
    assert circle.counted(BOTH)("group_activity") == {("active",): 2}
