"""Time to a first major award, on small cohorts counted by hand."""

import datetime as dt
import random
from datetime import date

import pytest

from tenants.reporting.metrics import time_to_r01
from tenants.reporting.metrics.award_lists import (
    CHOICES,
    LISTS,
    NIH_BY_YEAR,
    NIH_FY2016,
    NIH_FY2017,
    NSF_CAREER,
)
from tenants.reporting.metrics.careers_sql import APART
from tenants.reporting.tables import CountTable
from tests.factories.counted import AS_OF

START = date(2020, 1, 1)
END = date(2026, 1, 1)


class Career:
    """Somebody with a K award, who is followed, and what else is told of them."""

    def __init__(self, circle):
        self.circle = circle

    def __call__(self, *awards, observed=True, k=START, since=START, left=None, **more):
        participant = self.circle.joined()
        if k:
            self.circle.did(participant, "award", k, code="K23")
        for day, code in awards:
            flag = more.get("flag", False)
            self.circle.did(participant, "award", day, code=code, before_first_k=flag)
        if left:
            self.circle.did(participant, "departure", left)
        if observed:
            seen = {"until": END, "sample": "complete", **more.get("observation", {})}
            self.circle.did(participant, "observation", since, **seen)


@pytest.fixture
def person(circle):
    return Career(circle)


def series(found, leavers):
    """The exact curves by what is done about undated awards."""
    exact = next(each for each in found.exact if each["id"] == f"time_to_r01_{leavers}_exact")
    return exact["series"]


def years(*days):
    return pytest.approx([each / 365.25 for each in days])


def test_people_are_followed_on_one_clock_and_the_others_are_counted_apart(circle, person):
    person((date(2022, 1, 1), "R01"), (date(2021, 1, 1), "R21"))
    person((date(2024, 1, 1), "DP2"), (date(2025, 1, 1), "R01"), since=date(2021, 1, 1))
    person()
    person((date(2026, 2, 1), "R01"))  # after the end of the observation
    person(k=None)
    person(observed=False)
    person((date(2022, 1, 1), "R01"), observation={"sample": "survivors"})
    person((date(2019, 1, 1), "R01"))
    person((None, "R01"), flag=True)
    person((date(2020, 6, 1), "R01"), since=date(2021, 1, 1))
    person(left=date(2020, 6, 1), since=date(2021, 1, 1))
    person(observation={"until": START})
    found = circle.counted(time_to_r01)
    assert found("follow_up") == {
        ("followed",): 4,
        ("apart",): 8,
        ("no_first_k",): 1,
        ("not_followed",): 1,
        ("survivors_sample",): 1,
        ("earlier",): 2,
        ("before_entry",): 1,
        ("left_before_entry",): 1,
        ("no_follow_up",): 1,
    }
    exits = found("exits")
    assert {key: number for key, number in exits.items() if len(key) == 2 and "-" not in key[0]} == {
        ("y3", "award"): 1,
        ("y4", "award"): 1,
        ("y7", "no_award"): 2,
        ("y7", "end"): 2,
        ("y7", "without_award"): 2,
    }
    assert [exits["y0-3", "award"], exits["y0-4", "award"], exits["y0-5", "award"]] == [1, 2, 2]
    assert exits["award",] == 2
    assert found("entries")["start",] == 3
    assert found("entries")["y2",] == 1
    assert found("undated_entries") == {}
    lower, upper = series(found, "leavers_compete")
    assert lower["points"] == upper["points"]
    assert [point["x"] for point in lower["points"]] == years(0, 731, 1461, 2192)
    assert [point["at_risk"] for point in lower["points"]] == [3, 4, 3, 2]
    assert [point["y"] for point in lower["points"]] == pytest.approx([0, 1 / 4, 1 / 2, 1 / 2])
    assert lower["median"]["estimate"] == pytest.approx(1461 / 365.25)


def test_leaving_research_competes_and_is_told_as_an_end_of_following_too(circle, person):
    person((date(2023, 1, 1), "R01"))
    person((date(2023, 1, 1), "R01"), left=date(2024, 1, 1))  # the award came first
    person((date(2024, 1, 1), "R01"), left=date(2021, 1, 1))  # leaving did
    person(left=date(2021, 1, 1))
    person(left=date(2019, 1, 1))  # and came back before the K award
    person(left=date(2026, 2, 1))  # not seen
    exits = circle.counted(time_to_r01)("exits")
    assert (exits["award",], exits["left_research",], exits["end",]) == (2, 2, 2)
    found = circle.counted(time_to_r01)
    compete, _ = series(found, "leavers_compete")
    censored, _ = series(found, "leavers_censored")
    assert compete["points"][1]["y"] == pytest.approx(2 / 6), "who left wins no award"
    assert censored["points"][1]["y"] == pytest.approx(2 / 4), "who left might have won one like others"
    assert compete["points"][1]["at_risk"] == censored["points"][1]["at_risk"] == 4


def test_an_undated_award_is_told_as_none_and_as_the_earliest_that_can_be(circle, person):
    person((None, "R01"))
    person((None, "R01"), since=date(2022, 6, 1))
    person((None, "R01"), left=date(2021, 1, 1))  # followed to the end: when it was won nobody knows
    person((None, "R01"), (date(2023, 1, 1), "DP2"))  # the dated one counts
    person()
    found = circle.counted(time_to_r01)
    exits = found("exits")
    assert (exits["award",], exits["undated_award",], exits["without_award",], exits["end",]) == (1, 3, 1, 4)
    assert exits["y7", "undated_award"] == 3
    assert {key: found("undated_entries").get((key,)) for key in ("start", "y3")} == {"start": 2, "y3": 1}
    never, at_once = series(found, "leavers_compete")
    assert never["points"][-1]["y"] == pytest.approx(1 / 5)
    assert at_once["points"][1]["x"] == pytest.approx(1 / 365.25)
    assert at_once["points"][1]["y"] == pytest.approx(2 / 4)
    assert at_once["points"][-1]["y"] > never["points"][-1]["y"]


def test_awards_after_the_report_s_date_are_not_known_yet(circle):
    participant = circle.joined()
    circle.did(participant, "award", date(2026, 1, 1), code="K01")
    circle.did(participant, "award", date(2026, 10, 1), code="R01")
    circle.did(participant, "departure", date(2026, 10, 1))
    circle.did(participant, "observation", date(2026, 1, 1), until=date(2027, 1, 1), sample="complete")
    found = circle.counted(time_to_r01)
    assert found("exits")["y1", "end"] == 1
    assert ("award",) not in found("exits")
    assert ("left_research",) not in found("exits")


def test_the_released_curves_are_worked_out_from_the_printed_intervals_alone(circle):
    found = circle.counted(time_to_r01)
    within = found.all[0].within
    follow_up, exits, entries, undated = found.all

    def filled(table, numbers):
        inner = (*table.within, *within)
        counts = {tuple(sorted((*inner, *cell.items()))): number for cell, number in numbers}
        return CountTable(table.name, table.title, table.unit, table.axes, table.within, counts).whole(AS_OF)

    def left(year, outcome, number):
        return {"award_exit": year, "award_outcome": outcome}, number

    shown = {
        "follow_up": follow_up.whole(AS_OF),
        "exits": filled(
            exits,
            [
                left("y1", "left_research", 20),
                left("y2", "award", 30),
                left("y4", "undated_award", 20),
                left("y4", "without_award", 130),
            ],
        ),
        "entries": filled(entries, [({"award_entry": "start"}, 200)]),
        "undated_entries": filled(undated, [({"undated_award_entry": "start"}, 20)]),
    }
    compete, censored = time_to_r01.METRIC.figures(shown)
    assert [each["id"] for each in (compete, censored)] == [
        "time_to_r01_leavers_compete",
        "time_to_r01_leavers_censored",
    ]
    assert compete["reference"]["points"] == [{"x": 5, "y": 0.227}, {"x": 10, "y": 0.425}]
    ends = [[line["points"][3]["y"] for line in each["series"]] for each in (compete, censored)]
    assert ends == [
        pytest.approx([30 / 200, 20 / 200 + (160 / 200) * (30 / 160)]),
        pytest.approx([30 / 180 * 1.0, 1 - (1 - 20 / 190) * (1 - 30 / 160)]),
    ]
    assert [point["at_risk"] for point in compete["series"][0]["points"]] == [200, 180, 150, 150]
    assert [point["at_risk"] for point in compete["series"][1]["points"]] == [200, 160, 130, 130]


def test_what_was_chosen_is_in_the_id_and_another_list_is_another_definition(circle, person):
    person((date(2022, 1, 1), "R35"))
    other = time_to_r01.metric(NIH_FY2016)
    chosen = ("first_k", NIH_FY2017.id, "as_of", "undated", "before_k", "leavers", "survivors")
    assert all(each in time_to_r01.METRIC.id for each in chosen)
    assert time_to_r01.METRIC.id.replace(NIH_FY2017.id, NIH_FY2016.id) == other.id
    assert ("award",) in circle.counted(time_to_r01)("exits")
    time_to_r01_2016 = type("Module", (), {"METRIC": other})
    assert ("award",) not in circle.counted(time_to_r01_2016)("exits")
    assert len({each.id for each in LISTS}) == len(LISTS)


def counted_by(circle, award_list):
    """The people by how following them ended, where awards are counted by this list."""
    chosen = type("Module", (), {"METRIC": time_to_r01.BY_LIST[award_list.id]})
    exits = circle.counted(chosen)("exits").items()
    return {key: n for key, n in exits if len(key) == 1 and key[0][0] != "y"}


def test_an_award_is_held_against_the_list_of_its_own_fiscal_year(circle, person):
    start = {"k": date(2012, 1, 1), "since": date(2012, 1, 1)}
    person((date(2016, 9, 30), "U01"), **start)  # fiscal year 2016
    person((date(2016, 10, 1), "U01"), **start)  # 2017
    person((date(2013, 5, 1), "R01"), **start)  # before the first list
    person((None, "U01"), **start)
    named = {name: n for (name,), n in counted_by(circle, NIH_BY_YEAR).items()}
    assert named == {"award": 2, "no_award": 2, "end": 2, "undated_award": 1, "without_award": 1}
    assert counted_by(circle, NIH_FY2017)["award",] == 3
    assert counted_by(circle, NIH_FY2016)["award",] == 1
    caveats = time_to_r01.BY_LIST[NIH_BY_YEAR.id].caveats
    assert "by_fiscal_year_2016_2017" in time_to_r01.BY_LIST[NIH_BY_YEAR.id].id
    assert any("its own fiscal year" in each for each in caveats)
    assert len({each.id for each in time_to_r01.BY_LIST.values()}) == len(CHOICES)


def test_what_is_known_of_r01_awards_is_beside_no_other_curve(circle):
    assert time_to_r01.BY_LIST[NIH_BY_YEAR.id].caveats != time_to_r01.BY_LIST[NSF_CAREER.id].caveats
    drawn = time_to_r01.BY_LIST[NSF_CAREER.id].figures(
        {each.name: each.whole(AS_OF) for each in circle.counted(time_to_r01).all}
    )
    assert [each["reference"] for each in drawn] == [None, None]


def test_whoever_is_followed_is_so_in_one_place_and_leaves_after_coming(circle):
    draw = random.Random(7)
    people = 80

    def day():
        return draw.choice([None, *(date(2018 + n, 1, 1) + dt.timedelta(days=n) for n in range(10))])

    for _ in range(people):
        participant = circle.joined()
        for code in draw.choices(["K08", "R01"], k=3):
            if when := day():
                circle.did(participant, "award", when, code=code)
        if draw.random() < 0.3:
            circle.did(participant, "award", None, code="R01", before_first_k=draw.random() < 0.3)
        if draw.random() < 0.4 and (left := day()):
            circle.did(participant, "departure", left)
        sample = draw.choice(["complete", "complete", "complete", "survivors"])
        since, until = date(2017 + draw.randrange(6), 1, 1), date(2020 + draw.randrange(9), 1, 1)
        circle.did(participant, "observation", since, until=until, sample=sample)
    circle.session.flush()
    found = circle.counted(time_to_r01)
    apart = found("follow_up")
    followed = apart.pop(("followed",))
    assert followed + apart.pop(("apart",)) == people
    assert set(apart) <= {(code,) for code in ("no_first_k", *APART)}
    assert followed + sum(apart.values()) == people
    exits, entries = found("exits"), found("entries")
    assert exits["end",] == exits["without_award",] + exits["undated_award",]
    assert followed == exits["award",] + exits.get(("left_research",), 0) + exits["end",]
    undated = sum(number for (code,), number in found("undated_entries").items() if "-" not in code)
    assert undated == exits["undated_award",]
    assert sum(number for (code,), number in entries.items() if "-" not in code) == followed
    for figure in found.exact:
        for line in figure["series"]:
            rising = [point["y"] for point in line["points"]]
            assert rising == sorted(rising)
