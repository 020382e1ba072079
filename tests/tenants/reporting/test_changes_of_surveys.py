"""Changes between waves of a survey as they leave, and somebody who works out what can be. All is invented."""

from collections import Counter
from itertools import product
from types import SimpleNamespace
from uuid import UUID

import numpy as np
import pytest

from tenants.reporting.counting import shares
from tenants.reporting.metrics import surveys
from tenants.reporting.metrics.survey_tables import BOTH, CHANGE, LEVEL, change_at, steps
from tenants.reporting.metrics.surveys_outside import counted, told_of
from tenants.reporting.releasing import Earlier, cells_of, released
from tenants.reporting.suppression.model import Printed, key_of
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import NO, YES
from tests.tenants.reporting.insiders import ends_of

FUND, DAY, T = "Invented Foundation", "2026-09-01", 10
SCALE = {"key": "heard", "name": "Being heard", "items": ["heard"], "score": "mean", "least_answered": 1}
ITEMS = [{"key": "heard", "least": 1, "most": 7, "reversed": False}]
FIFTHS, STEPS = range(5), range(5)


def waves(number=2):
    return [
        SimpleNamespace(
            id=UUID(int=place + 1), cohort_id=UUID(int=9), instrument_id=UUID(int=8), cohort="Autumn",
            said=f"wave {place + 1}", items=ITEMS, scales=[SCALE],
        )
        for place in range(number)
    ]  # fmt: skip


def told(*scores, agreed, funder=FUND):
    """The tables of waves with these scores by person."""
    asked = waves(len(scores))
    known = {(wave.id, "heard"): each for wave, each in zip(asked, scores, strict=True)}
    return [counted(each, agreed, funder, T) for wave in asked for each in told_of(wave, SCALE, asked, known)]


def leave(tables, ledger=(), snapshot="1"):
    found = released(tables, as_of=DAY, snapshot=snapshot, threshold=T, ledger=ledger)
    assert found.refused is None
    return cells_of(found.document)


class Unknown:
    """What somebody does not know who reads these tables: how many there are who agreed or not, answered in the first
    wave, in the second or in both, with which fifths and how many steps in between.
    """

    def __init__(self, tables):
        ways = [*product(FIFTHS, FIFTHS, STEPS), *((one, None, None) for one in FIFTHS)]
        ways += [(None, other, None) for other in FIFTHS]
        self.ways = [(said, *way) for said in (YES, NO) for way in ways]
        self.tables = tables
        self.equal, self.least = [], []

    def row(self, key):
        """Which of them a cell counts."""
        codes = dict(key)
        agrees = codes.get(shares(FUND))
        first, second = (codes.get(f"wave:{wave.id}") for wave in waves())
        fifths = {
            place: steps(each.axes[0]).index(codes[each.name])
            for place, each in enumerate(t for t in self.tables if t.name.startswith(LEVEL))
            if each.name in codes
        }
        change = next((each for each in self.tables if each.name.startswith(CHANGE)), None)
        stepped = codes.get(change.name) if change else None

        def counts(way):
            said, one, other, step = way
            return (
                agrees in (None, said)
                and (first is None or (one is not None) == (first == YES))
                and (second is None or (other is not None) == (second == YES))
                and fifths.get(0, one) == one
                and fifths.get(1, other) == other
                and (
                    stepped is None or (step is not None and steps(change.axes[0])[step].startswith(stepped))
                )
            )

        return np.array([counts(way) for way in self.ways], dtype=float)

    def reads(self, cells):
        for key, printed in cells.items():
            if printed.value is None:  # zeros are shown
                self.least.append((self.row(key), 1))
            else:
                self.equal.append((self.row(key), printed.value))
        return self

    def range(self, row):
        return ends_of(row, self.equal, self.least)


def exact(unknown):
    """Every cell of the tables with its number, and how many of the cells that are its parts are not empty."""
    found = {}
    for table in unknown.tables:
        system = system_of((table.shape,))
        inner = [unknown.row(cell) for cell, number in table.counts.items() if number]
        for key, number in zip(system.keys, system.values(table.counts).tolist(), strict=True):
            whole = unknown.row(key)
            parts = sum((each <= whole).all() for each in inner)
            found[key] = number, max(parts, found.get(key, (0, 0))[1])
    return found


def narrowed(unknown):
    """The numbers of 1 to 10 that do not reach from as many as must be there to 10, and those of a silent wave that do
    not reach down by 10.
    """
    silent, found = frozenset().union(*(each.silent for each in unknown.tables)), []
    for key, (number, parts) in exact(unknown).items():
        if 1 <= number <= T or (key in silent and number):
            low, high = unknown.range(unknown.row(key))
            if low > max(parts, number - T) + 1e-6 or high < max(number, T) - 1e-6:
                found.append((key, number, low, high))
    return found


def answers(seed, people=60):
    """Scores in two waves of people some of whom answered in one only, and who of them agreed."""
    rng = np.random.default_rng(seed)
    stays, comes, agrees = rng.choice([0.6, 0.8, 0.98]), rng.choice([0.0, 0.05, 0.3]), rng.uniform(0.3, 0.9)
    first = {each: float(rng.integers(1, 8)) for each in range(people) if rng.random() > comes}
    second = {
        each: float(np.clip(first.get(each, 4) + rng.integers(-1, 4), 1, 7))
        for each in range(people)
        if each not in first or rng.random() < stays
    }
    agreed = {each: frozenset([FUND] if rng.random() < agrees else []) for each in range(people)}
    return first, second, agreed


@pytest.mark.parametrize("seed", range(24))
def test_of_two_waves_and_the_change_between_them_nobody_narrows_down_a_small_number(seed):
    first, second, agreed = answers(seed, people=(60, 150, 300)[seed % 3])
    tables = told(first, second, agreed=agreed)
    assert [each.name[: len(CHANGE)] for each in tables].count(CHANGE) == 1
    assert narrowed(Unknown(tables).reads(leave(tables))) == []


def test_the_attack_finds_who_came_in_where_waves_and_change_are_protected_apart():
    """Forty answered in both waves, five only in the first and three only in the second."""
    first = {each: float(1 + 6 * (each % 2)) for each in range(45)}
    second = {each: float(1 + 6 * (each % 2)) for each in (*range(40), *range(50, 53))}
    tables = told(first, second, agreed={each: frozenset() for each in range(53)}, funder=None)
    apart = {}
    for table in (each for each in tables if not each.name.startswith(BOTH)):
        apart |= leave([table])
    reader = Unknown(tables).reads(apart)
    (few,) = (key for key, (number, _) in exact(reader).items() if number == 3)
    assert reader.range(reader.row(few)) == pytest.approx([3, 3])
    assert narrowed(Unknown(tables).reads(leave(tables))) == []


@pytest.mark.parametrize("seed", range(6))
def test_of_whom_withdrew_since_nobody_learns_from_two_releases(seed):
    first, second, agreed = answers(seed, people=200)
    tables = told(first, second, agreed=agreed)
    before = released(tables, as_of=DAY, snapshot="1", threshold=T)
    counts = {key: number for each in tables for key, number in each.counts.items()}
    gone = min(first.keys() & second.keys())
    kept = ({each: value for each, value in wave.items() if each != gone} for wave in (first, second))
    after = leave(told(*kept, agreed=agreed), [Earlier(before.document, counts, at=DAY)], "2")
    earlier = cells_of(before.document)
    moved = [
        abs(printed.value - earlier[key].value)
        for key, printed in after.items()
        if None not in (printed.value, earlier[key].value)
    ]
    assert len(moved) > 10
    assert not any(1 <= each <= T for each in moved)


def test_the_tables_of_a_change_are_there_whatever_the_numbers_are():
    nobody = told({}, {}, agreed={}, funder=None)
    some = told({1: 2.0}, {2: 3.0}, agreed={each: frozenset() for each in (1, 2)}, funder=None)
    assert [each.shape for each in nobody] == [each.shape for each in some]
    assert [each.name.partition("_")[0] + "_" for each in nobody] == [LEVEL, LEVEL, BOTH, BOTH, CHANGE]
    assert [each.name for each in told({}, agreed={})] == [nobody[0].name], "of the first there is no change"


def test_a_change_counts_by_the_nearest_step_and_at_most_two():
    first = dict.fromkeys(range(9), 4.0)
    second = {place: 4.0 + change for place, change in enumerate((-3, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 3))}
    *_, table = told(first, second, agreed={each: frozenset() for each in range(9)}, funder=None)
    (axis,) = table.axes
    numbers = [table.counts[key_of({**dict(table.within), axis.name: code})] for code in steps(axis)]
    assert numbers == [1, 2, 3, 2, 1]
    assert [change_at(code) for code in steps(axis)] == [-2, -1, 0, 1, 2]


def test_what_is_drawn_of_a_change_follows_from_the_steps_as_printed():
    counts = dict(zip(("fell_2", "fell_1", "same", "rose_1", "rose_2"), (11, 12, 30, 25, 22), strict=True))
    *_, table = told({}, {}, agreed={}, funder=None)
    (axis,) = table.axes
    numbers = {**counts, "fell": 23, "rose": 47, None: 100}
    at = {code: {axis.name: code} if code else {} for code in numbers}
    cells = {
        key_of({**dict(table.within), **at[code]}): Printed(number, DAY) for code, number in numbers.items()
    }
    shares_, means, effects = surveys.METRIC.figures({table.name: table.shown(cells)})
    rows = shares_["panels"][0]["rows"]
    assert [(row["label"], row["count"]) for row in rows] == [
        ("Fell", 23), ("About the same", 30), ("Rose", 47),
    ]  # fmt: skip
    assert rows[2]["share"] == 0.47
    assert rows[2]["lower"] < 0.47 < rows[2]["upper"]
    values = np.array([change_at(code) for code in counts for _ in range(counts[code])])
    mean, sd = values.mean(), values.std(ddof=1)
    assert (means["rows"][0]["estimate"], means["rows"][0]["n"]) == (pytest.approx(mean), 100)
    assert effects["rows"][0]["estimate"] == pytest.approx(mean / sd)
    del cells[key_of({**dict(table.within), **at["fell_2"]})]
    shares_, means, effects = surveys.METRIC.figures({table.name: table.shown(cells)})
    assert [row["share"] for row in shares_["panels"][0]["rows"]] == [0.23, 0.3, 0.47]
    assert means["rows"][0]["estimate"] is effects["rows"][0]["estimate"] is None


def test_of_two_changes_that_few_people_make_different_the_later_one_has_no_steps():
    everybody = dict.fromkeys(range(40), 4.0)
    third = {each: 5.0 for each in everybody if each > 4}
    tables = told(everybody, everybody, third, agreed={each: frozenset() for each in range(40)}, funder=None)
    silent = Counter(each.name.partition("_")[0] for each in tables if each.silent)
    assert silent == {"survey": 1, "change": 1}, "of the third wave"
    cells = leave(tables)
    changes = [each for each in tables if each.name.startswith(CHANGE)]
    told_of_both = [cells[each.within].value for each in changes]
    assert told_of_both[0] == 40
    assert not any(
        cells[key_of({**dict(changes[1].within), changes[1].name: code.code})].value
        for code in changes[1].axes[0].codes
    )
