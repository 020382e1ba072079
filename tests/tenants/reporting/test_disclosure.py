from dataclasses import replace
from itertools import accumulate, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tenants.reporting.disclosure import (
    THRESHOLD,
    Cell,
    ReleasedCurve,
    protect_breakdown,
    protect_curve,
)
from tenants.reporting.survival import Year, at_whole_years, kaplan_meier


def people_cells(*counts: int) -> tuple[list[Cell], Cell]:
    """Everybody in one cell only, and it is people that are counted."""
    cells = [Cell(f"cell {i}", n, n) for i, n in enumerate(counts)]
    return cells, Cell("total", sum(counts), sum(counts))


def printed(cells: list[Cell], total: Cell) -> tuple[list[int | None], int | None]:
    shown, shown_total = protect_breakdown(cells, total)
    assert [cell.label for cell in shown] == [cell.label for cell in cells]
    return [cell.count for cell in shown], shown_total


def yearly(*rows: tuple[int, int, int]) -> list[Year]:
    """A table from (entered, events, censored) per year; the rest is censored in a year after the last."""
    at_risk = list(accumulate(entered - events - censored for entered, events, censored in rows))
    counts = [*rows, (0, 0, at_risk[-1])]
    table = zip(counts, [*at_risk, 0], strict=True)
    return [Year(i, None, None, None, left, *row) for i, (row, left) in enumerate(table)]


def safe(count: int) -> bool:
    return count == 0 or count > THRESHOLD


@pytest.mark.parametrize(
    ("counts", "shown", "total"),
    [
        ((12, 30, 0), [12, 30, 0], 42),
        ((3, 12, 30), [None, None, 30], 45),  # one hidden alone would be 45 - 42
        ((3, 4, 12, 30), [None, None, None, 30], 49),  # together 7: a small number again
        ((8, 9, 30), [None, None, 30], 47),
        ((1,) * 11 + (40,), [None] * 12, 51),  # eleven cells that sum to 11 are 1 each
        ((1,) * 11, [None] * 11, 11),  # some of them could be zero, for all that is shown
        ((1,) * 9 + (2, 0), [None] * 11, 11),
        ((3, 0, 4), [None, 0, None], None),
        ((5, 0, 0), [None, 0, 0], None),
        ((30,), [30], 30),
        ((0, 0), [0, 0], 0),
        ((), [], 0),
    ],
)
def test_small_cells_are_hidden_with_company(
    counts: tuple[int, ...], shown: list[int | None], total: int | None
) -> None:
    assert printed(*people_cells(*counts)) == (shown, total)


def test_a_few_groups_of_many_people_are_shown() -> None:
    cells = [Cell("north", 2, 12), Cell("south", 3, 18)]
    assert printed(cells, Cell("total", 5, 30)) == ([2, 3], 5)


def test_many_events_of_few_people_are_hidden() -> None:
    cells = [Cell("papers", 40, 3), Cell("grants", 15, 14), Cell("patents", 60, 55)]
    assert printed(cells, Cell("total", 115, 60)) == ([None, None, 60], 115)


def test_many_events_of_few_people_in_two_cells_need_more_company() -> None:
    cells = [Cell("papers", 40, 3), Cell("grants", 30, 4), Cell("patents", 60, 55), Cell("none", 70, 70)]
    assert printed(cells, Cell("total", 200, 130)) == ([None, None, None, 70], 200)


def test_the_same_few_people_in_two_cells_need_more_company() -> None:
    # All but the same eight people are in shown cells.
    cells = [Cell("papers", 20, 8), Cell("grants", 20, 8), Cell("patents", 40, 40), Cell("none", 90, 90)]
    assert printed(cells, Cell("total", 170, 138)) == ([None, None, None, 90], 170)


def test_where_the_total_would_tell_the_hidden_cells_the_zeros_are_hidden_too() -> None:
    # 1 + 1 groups, if one knew that the third is none.
    cells = [Cell("north", 1, 6), Cell("south", 1, 6), Cell("east", 0, 0)]
    assert printed(cells, Cell("total", 2, 12)) == ([None, None, None], 2)


@given(st.lists(st.integers(0, 14), max_size=14), st.randoms())
def test_tables_of_one_total_agree_on_whether_it_is_shown(counts: list[int], random: Random) -> None:
    everybody = sum(counts)
    cut = random.randint(0, everybody)
    assert printed(*people_cells(*counts))[1] == printed(*people_cells(cut, everybody - cut))[1]


@pytest.mark.parametrize(
    ("counts", "shown", "total"),
    [
        ((12, 30, 0), [None, 30, None], 42),  # zero hidden alone would be 42 - 42
        ((40, 0), [None, None], 40),  # that all gave one answer is not told either
        ((5, 0, 40), [None, None, None], 45),
        ((5, 8, 0, 40), [None, None, None, 40], 53),
        ((12, 30), [12, 30], 42),
        ((0, 0), [None, None], 0),
    ],
)
def test_of_what_is_sensitive_neither_nobody_nor_everybody_is_told(
    counts: tuple[int, ...], shown: list[int | None], total: int
) -> None:
    cells, of_all = people_cells(*counts)
    found, shown_total = protect_breakdown(cells, of_all, sensitive=True)
    assert ([cell.count for cell in found], shown_total) == (shown, total)


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(0, 14), st.integers(0, 200)), max_size=14))
def test_a_hidden_sensitive_cell_can_be_nobody_or_more_than_ten(counts: list[int]) -> None:
    cells, of_all = people_cells(*counts)
    found, total = protect_breakdown(cells, of_all, sensitive=True)
    shown = [cell.count for cell in found]
    assert all(count is None or THRESHOLD < count < of_all.count or len(counts) == 1 for count in shown)
    if total and None in shown:
        assert shown.count(None) > 1
        assert total - sum(count or 0 for count in shown) > THRESHOLD


@pytest.mark.parametrize(
    ("cells", "total", "message"),
    [
        ([Cell("a", 3, 3)], Cell("all", 4, 4), "all: the cells must add up"),
        ([Cell("a", 3, 0)], Cell("all", 3, 3), "a: count and people"),
        ([Cell("a", -1, -1)], Cell("all", -1, -1), "a: count and people"),
        ([Cell("a", 3, 3), Cell("b", 3, 3)], Cell("all", 6, 2), "all: people must be the distinct"),
    ],
)
def test_impossible_tables_are_refused_by_name(cells: list[Cell], total: Cell, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        protect_breakdown(cells, total)


counts_of_people = st.lists(st.one_of(st.integers(0, 14), st.integers(0, 200)), max_size=14)


@settings(deadline=None)
@given(counts_of_people)
def test_no_count_of_1_to_10_people_is_shown_or_left_over(counts: list[int]) -> None:
    shown, total = printed(*people_cells(*counts))
    assert all(n in {None, count} for n, count in zip(shown, counts, strict=True))
    assert all(safe(n) for n in shown if n is not None)
    zeros = {n for n, count in zip(shown, counts, strict=True) if count == 0}
    assert zeros <= {0} or set(shown) == {None}
    if total is not None:
        assert safe(total)
        assert safe(total - sum(n or 0 for n in shown))
        assert shown.count(None) != 1


@settings(max_examples=60, deadline=None)
@given(counts_of_people)
def test_an_attacker_with_linear_programming_finds_1_to_10_possible_for_every_hidden_cell(
    counts: list[int],
) -> None:
    shown, total = printed(*people_cells(*counts))
    hidden = shown.count(None)
    if total is None or not hidden:
        return
    rest = total - sum(n or 0 for n in shown)
    # Zeros are hidden only along with everything, and only where each cell being something gives too much away.
    least = 0 if hidden == len(shown) and rest - (hidden - 1) < THRESHOLD else 1
    for goal in np.eye(hidden):
        ranges = [
            linprog(sign * goal, A_eq=np.ones((1, hidden)), b_eq=[rest], bounds=[(least, None)] * hidden)
            for sign in (1, -1)
        ]
        assert [r.status for r in ranges] == [0, 0]
        assert ranges[0].fun == pytest.approx(least)
        assert -ranges[1].fun >= THRESHOLD - 1e-6


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)), max_size=120), st.integers(1, 8))
def test_people_behind_several_cells_are_counted_once(events: list[tuple[int, int]], columns: int) -> None:
    behind = [{person for person, cell in events if cell % columns == c} for c in range(columns)]
    counts = [sum(cell % columns == c for _, cell in events) for c in range(columns)]
    cells = [Cell(str(c), counts[c], len(behind[c])) for c in range(columns)]
    everybody = set().union(*behind)
    shown, total = printed(cells, Cell("total", len(events), len(everybody)))
    for n, persons in zip(shown, behind, strict=True):
        assert n is None or safe(len(persons))
    hidden = [persons for n, persons in zip(shown, behind, strict=True) if n is None]
    if total is not None:
        assert safe(len(everybody))
        assert len(hidden) != 1
        assert safe(len(set().union(*hidden)))


def test_years_are_merged_until_every_count_is_0_or_above_10() -> None:
    table = yearly((100, 0, 0), (0, 5, 0), (0, 8, 0), (0, 12, 11), (0, 0, 0))
    curve = protect_curve(table)
    assert curve is not None
    assert (curve.start, curve.at_risk) == (0, 100)
    rows = [(i.after, i.until, i.events, i.censored, i.at_risk) for i in curve.intervals]
    assert rows == [(0, 2, 13, 0, 87), (2, 3, 12, 11, 64), (3, 4, 0, 0, 64)]


def test_estimates_come_from_the_shown_counts_by_the_life_table() -> None:
    curve = protect_curve(yearly((100, 0, 0), (0, 20, 0), (0, 30, 20)))
    assert curve is not None
    first, second = curve.intervals
    assert first.cumulative_incidence == pytest.approx(0.2)
    # 80 at risk, 20 censored halfway: 30 events of 70.
    assert second.cumulative_incidence == pytest.approx(1 - 0.8 * (1 - 30 / 70))
    assert curve.median == 2
    # One sample proportion: log-log interval with Greenwood 20 / (100 * 80).
    spread = 1.959963984540054 * (20 / 8000) ** 0.5 / -np.log(0.8)
    assert first.lower == pytest.approx(1 - 0.8 ** np.exp(-spread))
    assert first.upper == pytest.approx(1 - 0.8 ** np.exp(spread))


def test_the_released_curve_stays_near_the_exact_one() -> None:
    random = np.random.default_rng(7)
    event_time, censor_time = random.exponential(12, 3000), random.uniform(0, 12, 3000)
    entry = np.where(random.random(3000) < 0.2, random.uniform(0, 2, 3000), 0)
    exit_ = np.minimum(event_time, censor_time)
    kept = entry < exit_
    table = at_whole_years(
        kaplan_meier(entry=entry[kept], exit=exit_[kept], event=(event_time <= censor_time)[kept])
    )
    curve = protect_curve(table)
    assert curve is not None
    assert len(curve.intervals) >= 9
    for row in curve.intervals:
        assert row.cumulative_incidence == pytest.approx(table[row.until].cumulative_incidence, abs=0.02)


@pytest.mark.parametrize(
    "rows",
    [
        [(100, 0, 0), (0, 5, 30), (0, 5, 30)],  # ten events in all
        [(100, 0, 0), (0, 90, 0)],  # ten never had it
        [(9, 0, 0), (0, 0, 0)],
        [(0, 0, 0)],
    ],
)
def test_too_few_give_no_curve(rows: list[tuple[int, int, int]]) -> None:
    assert protect_curve(yearly(*rows)) is None


def test_a_curve_ends_before_the_first_year_with_fewer_than_11_at_risk() -> None:
    curve = protect_curve(yearly((60, 0, 0), (0, 20, 0), (0, 15, 15), (40, 0, 0), (0, 15, 0)))
    assert curve is not None
    assert [row.until for row in curve.intervals] == [1]


def test_a_few_late_joiners_delay_the_start() -> None:
    curve = protect_curve(yearly((95, 0, 0), (3, 0, 0), (2, 0, 0), (0, 20, 0), (0, 15, 15)))
    assert curve is not None
    assert (curve.start, curve.at_risk) == (2, 100)
    assert curve.intervals[0].cumulative_incidence == pytest.approx(0.2)


def test_more_events_than_the_halved_entries_allow_are_merged_on() -> None:
    # 11 at risk and 60 entering halfway are 41, fewer than the 45 events.
    curve = protect_curve(yearly((11, 0, 0), (60, 45, 0), (0, 0, 0), (40, 0, 0), (0, 11, 0)))
    assert curve is not None
    assert [(row.after, row.until) for row in curve.intervals] == [(0, 3), (3, 4)]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows[1:], "year 1: the years must run 0, 1, 2"),
        (lambda rows: rows[:-1], "year 1: the table must run until nobody is at risk"),
        (lambda rows: [rows[0], replace(rows[1], at_risk=3), rows[2]], "year 1: at_risk must follow"),
        (lambda rows: [replace(rows[0], events=-1)], "year 0: counts must not be negative"),
    ],
)
def test_tables_that_do_not_add_up_are_refused_by_year(spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        protect_curve(spoil(yearly((50, 0, 0), (0, 20, 0))))


@st.composite
def tables(draw: st.DrawFn) -> list[Year]:
    few_or_many = st.one_of(st.just(0), st.integers(0, 14), st.integers(11, 60))
    rows, at_risk = [], 0
    for year in range(draw(st.integers(1, 9))):
        entered = draw(st.integers(0, 300) if year == 0 else few_or_many)
        events = 0 if year == 0 else min(draw(few_or_many), at_risk + entered)
        censored = 0 if year == 0 else min(draw(few_or_many), at_risk + entered - events)
        at_risk += entered - events - censored
        rows.append((entered, events, censored))
    return yearly(*rows)


def parts(table: list[Year], curve: ReleasedCurve) -> list[list[Year]]:
    """The years before the start, of each interval, and after the end."""
    cuts = [-1, curve.start, *(row.until for row in curve.intervals), len(table)]
    return [table[a + 1 : b + 1] for a, b in pairwise(cuts)]


@settings(max_examples=300, deadline=None)
@given(tables())
def test_no_number_of_a_released_curve_stands_for_1_to_10_people(table: list[Year]) -> None:
    curve = protect_curve(table)
    if curve is None:
        return
    assert curve.at_risk > THRESHOLD
    before = curve.at_risk
    for row in curve.intervals:
        assert row.at_risk > THRESHOLD
        assert safe(row.entered)
        assert safe(row.events)
        assert safe(row.censored)
        assert row.at_risk == before + row.entered - row.events - row.censored
        before = row.at_risk
    # Neither does the difference of any total to what is shown of it.
    for part in parts(table, curve):
        assert safe(sum(row.entered for row in part))
        assert safe(sum(row.events for row in part))
        assert safe(sum(row.censored for row in part))


@settings(max_examples=300, deadline=None)
@given(tables())
def test_released_estimates_are_a_function_of_the_shown_counts(table: list[Year]) -> None:
    curve = protect_curve(table)
    if curve is None:
        return
    survival, at_risk = 1.0, curve.at_risk
    for row in curve.intervals:
        survival *= 1 - row.events / (at_risk + row.entered / 2 - row.censored / 2)
        assert 0 < survival <= 1
        assert row.cumulative_incidence == pytest.approx(1 - survival)
        assert (row.lower is None) == (row.upper is None) == (survival == 1)
        if row.lower is not None and row.upper is not None:
            assert 0 <= row.lower <= row.cumulative_incidence <= row.upper <= 1
        at_risk = row.at_risk


@settings(deadline=None)
@given(tables())
def test_a_safe_table_is_released_as_it_is(table: list[Year]) -> None:
    wide = [
        Year(r.year, None, None, None, 11 * r.at_risk, 11 * r.entered, 11 * r.events, 11 * r.censored)
        for r in table
    ]
    # Every count is now 0 or above 10; only what is at risk can end the curve.
    reach = []
    for row in wide:
        if row.at_risk:
            reach.append(row.year)
        elif reach:
            break
    curve = protect_curve(wide)
    if len(reach) < 2 or any(row.events >= row.at_risk for row in wide if row.year in reach):
        return
    assert curve is not None
    assert [curve.start, *(row.until for row in curve.intervals)] == reach
