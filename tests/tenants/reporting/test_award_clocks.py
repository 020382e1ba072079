"""From what day on the years to an award are counted, by the list of awards."""

import datetime as dt
import random
from datetime import date

import pytest

from tenants.reporting.metrics import time_to_r01
from tenants.reporting.metrics.award_lists import ERC, IES_EARLY_CAREER, LISTS, NSF_CAREER
from tests.factories.counted import AS_OF

JOINED = date(2018, 3, 1)


def by(award_list):
    return type("Module", (), {"METRIC": time_to_r01.BY_LIST[award_list.id]})


@pytest.fixture
def person(circle):
    """Somebody without a K award who joined on a day, is followed, and what else is told of her."""

    def made(*awards, code="NSF-CAREER", joined=JOINED, since=None, left=None, **flags):
        participant = circle.joined(created_at=dt.datetime.combine(joined, dt.time(12), dt.UTC))
        for day in awards:
            circle.did(participant, "award", day, code=code, **flags)
        if left:
            circle.did(participant, "departure", left)
        circle.did(participant, "observation", since or joined, until=AS_OF, sample="complete")

    return made


def test_without_a_k_award_the_clock_of_other_lists_starts_on_joining_the_program(circle, person):
    person(date(2020, 3, 2))
    person(date(2017, 1, 1))  # before she joined
    person(None, before_first_k=True)  # said to be old, and nobody knows how old
    person(date(2021, 6, 1), before_first_k=True)  # there may be no K award: its own day counts
    person(left=date(2019, 1, 1))
    person(since=date(2020, 1, 1))
    found = circle.counted(by(NSF_CAREER))
    assert found("follow_up") == {("followed",): 4, ("apart",): 2, ("earlier",): 2}
    exits = found("exits")
    assert {key: n for key, n in exits.items() if len(key) == 2 and "-" not in key[0] and "_" in key[1]} == {
        ("y1", "left_research"): 1,
        ("y1", "no_award"): 1,
        ("y9", "no_award"): 1,
        ("y9", "without_award"): 1,
    }
    assert (exits["y3", "award"], exits["y4", "award"]) == (1, 1)
    assert found("entries")["y2",] == 1
    usual = circle.counted(time_to_r01)
    assert usual("follow_up") == {("apart",): 6, ("no_first_k",): 6}


def hand(followed):
    """The share with an award after each day on which somebody won one, of (days, whether won), all from the start."""
    left, found, share = len(followed), {}, 1.0
    for day in sorted({days for days, _ in followed}):
        won = sum(one for days, one in followed if days == day)
        share *= 1 - won / left
        left -= sum(days == day for days, _ in followed)
        if won:
            found[day / 365.25] = 1 - share
    return found


def test_its_curves_are_those_worked_out_by_hand_to_the_day_and_by_whole_years(circle, person):
    draw, followed = random.Random(3), []
    for _ in range(90):
        joined = JOINED + dt.timedelta(days=draw.randrange(1500))
        won = joined + dt.timedelta(days=draw.randrange(1, 2600))
        person(won, joined=joined)
        last = min(won, AS_OF)
        followed.append(((last - joined).days, won <= AS_OF))
    found = circle.counted(by(NSF_CAREER))
    exact = next(each for each in found.exact if each["id"] == "time_to_r01_leavers_censored_exact")
    points = {each["x"]: each["y"] for each in exact["series"][0]["points"][1:]}
    expected = hand(followed)
    assert {x: y for x, y in points.items() if x in expected} == pytest.approx(expected)
    assert exact["x"] == "Years since joining the program"
    shown = {each.name: each.whole(AS_OF) for each in found.all}
    figure = time_to_r01.BY_LIST[NSF_CAREER.id].figures(shown)[1]
    share, at_risk = 1.0, 90
    for point in figure["series"][0]["points"][1:]:
        year = [won for days, won in followed if point["x"] - 1 < days / 365.25 <= point["x"]]
        share *= 1 - sum(year) / (at_risk - (len(year) - sum(year)) / 2)
        at_risk -= len(year)
        assert (point["y"], point["at_risk"]) == (pytest.approx(1 - share), at_risk)
    assert point["x"] > 3
    assert figure["reference"] is None


def test_time_zero_is_said_in_the_id_the_title_the_axis_and_the_words():
    for award_list in LISTS:
        metric, clock = time_to_r01.BY_LIST[award_list.id], award_list.clock
        joins = award_list in (NSF_CAREER, IES_EARLY_CAREER, ERC)
        assert f".{'since_joining' if joins else 'since_first_k'}." in metric.id
        assert clock.told in metric.text
        assert ("K award" in f"{metric.title} {metric.text}") is not joins
        assert (award_list.base, joins) != (True, True), "what is known of others is known since the K award"


def test_numbers_of_two_clocks_have_no_cell_in_common(circle, person):
    person(date(2020, 3, 2))
    names = [
        {axis.name for table in circle.counted(by(each)).all for axis in table.axes}
        for each in (LISTS[0], NSF_CAREER)
    ]
    assert not names[0] & names[1]
    assert names[0] == {name.removesuffix("_since_joining") for name in names[1]}
