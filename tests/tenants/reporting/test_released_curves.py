"""The curves of what leaves of small programs: merged years, what is hidden last, what is said where there is none."""

import random
from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from tenants.reporting.figures import NO_CURVE
from tenants.reporting.metrics import time_to_r01
from tenants.reporting.metrics.award_lists import NIH_FY2017
from tenants.reporting.metrics.award_tables import AwardTables
from tenants.reporting.metrics.careers_sql import AWARD, FOLLOWED, LEFT, NONE
from tenants.reporting.releasing import Earlier, cells_of, released
from tenants.reporting.statistics.life_table import Interval, life_table
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import REPORTED, YES, CountTable, axis
from tenants.reporting.years import up_to

TOLD = AwardTables(NIH_FY2017.clock)
DAY = "2026-12-01"
HAZARD = (0.01, 0.03, 0.06, 0.12, 0.16, 0.15, 0.1, 0.07, 0.05, 0.03)
"""Of a first award, by year since the K award: 54 % after ten."""


def people(number, *, seed, rate=1.0, apart=0.1, later=0):
    """Invented people whose K awards began in ten years, so many years later: why one is not followed, or her last
    year and how it ended."""
    draw = random.Random(f"{number}:{seed}:{rate}")
    found = []
    for _ in range(number):
        seen = draw.random() * 10
        if draw.random() < apart:
            found.append(("not_followed" if draw.random() < 0.6 else "earlier", None, None))
            continue
        left = draw.random() * 8 if draw.random() < 0.06 else 99
        won = next((year + draw.random() for year, h in enumerate(HAZARD) if draw.random() < h * rate), 99)
        end, how = min((won, AWARD), (left, LEFT), (seen + later, NONE))
        found.append((FOLLOWED, int(end) + 1, how))
    return found


def tables(those):
    """Their exact tables, and some others of the same people, as reports have them."""
    counts = {row.name: Counter() for row in TOLD.rows}
    for why, year, how in those:
        counts["follow_up"][key_of({TOLD.follow_up.name: why})] += 1
        if why == FOLLOWED:
            counts["exits"][key_of({TOLD.exits.name: f"y{year}", TOLD.outcomes.name: how})] += 1
            counts["entries"][key_of({TOLD.entries.name: "start"})] += 1
    everybody = key_of({REPORTED: YES})
    found = [
        CountTable(
            row.name, row.title, row.unit, row.axes,
            key_of(dict((*row.within, *everybody))),
            {key_of(dict((*row.within, *everybody, *key))): n for key, n in counts[row.name].items()},
            curve=row.curve,
        )
        for row in TOLD.rows
    ]  # fmt: skip
    for place in range(4):
        parts = axis(f"part{place}", "Part", "abcd")
        numbers = {
            key_of({REPORTED: YES, parts.name: code}): len(those[n::4]) for n, code in enumerate("abcd")
        }
        found.append(CountTable(parts.name, "Part", "people", (parts,), everybody, numbers))
    return found


def leaving(those, *, ledger=(), as_of=DAY):
    """The figures of what may leave, and its tables by name. What left before is added to `ledger`."""
    exact = tables(those)
    found = released(exact, as_of=as_of, snapshot=as_of, threshold=10, ledger=tuple(ledger))
    assert found.refused is None
    if isinstance(ledger, list):
        ledger.append(Earlier(found.document, {k: n for each in exact for k, n in each.counts.items()}))
    shown = {each.name: each.shown(cells_of(found.document)) for each in exact}
    return time_to_r01.METRIC.figures(shown), shown


def drawn(figures):
    return [line["points"] for each in figures for line in each["series"] if line["points"]]


@pytest.mark.parametrize(("number", "rate"), [(240, 1.0), (240, 0.5), (500, 1.0), (500, 0.5)])
@pytest.mark.parametrize("seed", range(2))
def test_a_program_of_some_hundreds_has_a_curve_of_years_that_are_merged_until_they_can_be_told(
    number, rate, seed
):
    those = people(number, seed=seed, rate=rate)
    figures, shown = leaving(those)
    assert drawn(figures)
    cells = [one.value for table in shown.values() for one in table.cells.values()]
    assert not [each for each in cells if each is not None and 1 <= each <= 10]
    for points in drawn(figures):
        at_risk = [each["at_risk"] for each in points]
        assert min(at_risk) > 10
        assert at_risk == [sum(why == FOLLOWED and year > p["x"] for why, year, _ in those) for p in points]


@pytest.mark.parametrize("seed", range(3))
def test_a_released_curve_is_the_life_table_of_the_people_themselves_in_the_years_as_merged(seed):
    those = [each for each in people(600, seed=seed) if each[0] == FOLLOWED]
    for figure, competing in zip(leaving(those)[0], (LEFT, None), strict=True):
        for points in drawn([figure]):
            steps = [each["x"] for each in points]
            within = [
                Counter(how for _, year, how in those if since < year <= until)
                for since, until in pairwise(steps)
            ]
            rows = [
                Interval(until, 0, n[AWARD], n[competing], n.total() - n[AWARD] - n[competing])
                for until, n in zip(steps[1:], within, strict=True)
            ]
            expected = life_table(rows, at_risk=len(those))
            assert [each["y"] for each in points[1:]] == [each.cumulative_incidence for each in expected]
            small = [n for row in rows for n in (row.events, row.competing, row.censored) if 1 <= n <= 10]
            assert not small


def test_where_too_few_are_apart_the_followed_are_hidden_and_not_how_many_people_there_are():
    those = [each for each in people(300, seed=1) if each[0] == FOLLOWED][:240]
    figures, shown = leaving([*those, *[("earlier", None, None)] * 6])
    assert shown["follow_up"].value() == 246
    assert shown["follow_up"].value(**{TOLD.follow_up.name: FOLLOWED}) is None
    assert drawn(figures) == []
    assert {each["caption"] for each in figures} == {NO_CURVE}


def test_several_reasons_of_few_people_each_are_told_as_one_and_leave_the_curve():
    those = [each for each in people(300, seed=1) if each[0] == FOLLOWED][:240]
    figures, shown = leaving([*those, *[("earlier", None, None)] * 6, *[("before_entry", None, None)] * 7])
    assert shown["follow_up"].value(**{TOLD.follow_up.name: "apart"}) == 13
    assert shown["follow_up"].value(**{TOLD.follow_up.name: "earlier"}) is None
    assert drawn(figures)


@pytest.mark.parametrize("winners", [0, 4])
def test_why_there_is_no_curve_is_said_in_the_same_words_whatever_the_reason(winners):
    those = [(FOLLOWED, 3, AWARD)] * winners + [(FOLLOWED, 2 + n % 5, NONE) for n in range(9 + winners * 12)]
    figures, _ = leaving(those)
    assert drawn(figures) == []
    assert [each["caption"] for each in figures] == [NO_CURVE, NO_CURVE]


@pytest.mark.parametrize("number", [240, 500])
def test_a_year_later_the_curve_stands_as_it_was_where_too_little_of_it_can_move(number):
    ledger = []
    first, _ = leaving(people(number, seed=1), ledger=ledger)
    again, shown = leaving(people(number, seed=1, later=1), ledger=ledger, as_of="2027-12-01")
    assert drawn(first) == drawn(again)
    assert all("as of 2026-12-01" in each["caption"] for each in again if drawn([each]))
    fixed = [one for one in shown["exits"].cells.values() if one.value]
    assert {one.as_of for one in fixed if one.frozen} == {DAY}


def test_a_curve_of_which_most_can_move_is_of_the_new_day():
    ledger = []
    leaving([(FOLLOWED, 1 + n % 5, (AWARD, NONE)[n % 2]) for n in range(400)], ledger=ledger)
    again, _ = leaving(
        [(FOLLOWED, 1 + n % 5, (AWARD, NONE)[n % 2]) for n in range(800)], ledger=ledger, as_of="2027-12-01"
    )
    assert len(drawn(again)[0]) > 3
    assert all("as of 2027-12-01" in each["caption"] for each in again)


def test_what_is_up_to_a_year_is_what_was_up_to_the_one_before_and_in_it():
    counted = next(each for each in tables(people(100, seed=3)) if each.name == "exits")
    whole = counted.whole(date.fromisoformat(DAY))
    name = TOLD.exits.name
    for year in range(2, 16):
        parts = whole.value(**{name: up_to(year - 1)}) + whole.value(**{name: f"y{year}"})
        assert whole.value(**{name: up_to(year)}) == parts
