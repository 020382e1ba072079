"""What is told of a wave: of eleven or more, and never what tells of a few by what was told before."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.outcomes.surveys.telling import LEAST, Response, change_of, level_of

ITEMS = [
    {"key": key, "kind": "scale", "least": 1, "most": 7, "reversed": key == "c"} for key in ("a", "b", "c")
]
SCALE = {"key": "all", "items": ["a", "b", "c"], "score": "mean", "least_answered": 2, "about": "group"}
FIGURES = {"n", "bins", "low", "high", "mean", "sd", "alpha", "icc1", "rwg"}


def wave(people: Any, seed: int = 1, size: int = 4) -> dict[int, Response]:
    """What these people answered; whoever is in a group is in one of so many."""
    draw = random.Random(seed)
    return {
        number: Response(number // size, {key: draw.randint(1, 7) for key in ("a", "b", "c")})
        for number in people
    }


def test_ten_people_are_told_nothing_of_and_eleven_are():
    assert level_of(SCALE, ITEMS, wave(range(10)), []) is None
    found = level_of(SCALE, ITEMS, wave(range(11)), [])
    assert found is not None
    assert set(found) == FIGURES
    assert found["n"] == sum(found["bins"]) == 11


def test_whoever_left_out_too_much_is_not_among_them():
    here = wave(range(11)) | {5: Response(1, {"a": 7})}
    assert level_of(SCALE, ITEMS, here, []) is None


@given(st.integers(0, 15), st.integers(0, 15))
def test_levels_are_told_only_where_none_or_eleven_answered_one_of_two_waves(left, came):
    first = wave(range(30))
    here = wave(range(left, 30 + came), seed=2)
    found = level_of(SCALE, ITEMS, here, [(first, 30)])
    assert (found is not None) == (left + came == 0 or left + came >= LEAST)


def test_whoever_was_told_of_and_may_not_be_used_any_more_counts_as_gone():
    known = wave(range(29))  # one of the 30 has withdrawn since
    assert level_of(SCALE, ITEMS, wave(range(29), seed=2), [(known, 30)]) is None


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)), st.permutations(range(1, 8)))
def test_what_is_told_follows_from_who_answered_and_not_from_what(one, other, turned):
    def shuffled(responses: dict[int, Response]) -> dict[int, Response]:
        return {
            number: Response(each.circle, {key: turned[value - 1] for key, value in each.answers.items()})
            for number, each in responses.items()
        }

    first, here = wave(one), wave(other, seed=2)
    told = [(first, len(first))] if len(first) >= LEAST else []
    told_shuffled = [(shuffled(first), number) for _, number in told]
    for tell, before, after in (
        (level_of, told, told_shuffled),
        (change_of, first, shuffled(first)),
    ):
        found, again = tell(SCALE, ITEMS, here, before), tell(SCALE, ITEMS, shuffled(here), after)
        assert (found is None) == (again is None)


def test_a_change_is_of_those_who_answered_both_and_of_eleven_at_least():
    first, here = wave(range(20)), wave(range(10, 30), seed=2)
    assert change_of(SCALE, ITEMS, here, first) is None
    found = change_of(SCALE, ITEMS, wave(range(9, 30), seed=2), first)
    assert found is not None
    assert (found["n"], sum(found["bins"]), found["step"]) == (11, 11, 1.0)
    assert found["mean_low"] <= found["mean"] <= found["mean_high"]


def test_a_change_of_one_point_by_everybody_is_told_as_one():
    first = {number: Response(None, {"a": 3, "b": 3, "c": 5}) for number in range(12)}
    here = {number: Response(None, {"a": 4, "b": 4, "c": 4}) for number in range(12)}
    found = change_of(SCALE, ITEMS, here, first)
    assert found is not None
    assert (found["bins"], found["mean"], found["effect"]) == ([0, 0, 0, 12, 0], 1.0, None)


def test_every_figure_but_reliability_and_agreement_follows_from_the_bins():
    """Two waves with the same bins are told alike, whatever the answers in them."""
    lows = [{"a": 1, "b": 1, "c": 7}, {"a": 2, "b": 2, "c": 6}]
    found = [
        level_of(SCALE, ITEMS, {number: Response(None, each) for number in range(11)}, []) for each in lows
    ]
    told = [{name: each[name] for name in FIGURES - {"alpha"}} for each in found if each]
    assert told[0] == told[1]
    assert told[0]["mean"] == pytest.approx(1.6)


def test_agreement_is_told_of_three_groups_and_of_what_is_about_the_group_alone():
    in_two = {number: Response(number // 6, each.answers) for number, each in wave(range(12)).items()}
    for scale, here, is_told in (
        (SCALE, wave(range(12)), True),
        (SCALE, in_two, False),
        ({**SCALE, "about": "self"}, wave(range(12)), False),
    ):
        found = level_of(scale, ITEMS, here, [])
        assert found is not None
        assert (found["icc1"] is not None) == (found["rwg"] is not None) == is_told


def test_members_who_agree_within_their_groups_and_not_between_them_are_told_so():
    here = {number: Response(number // 4, dict.fromkeys("ab", 1 + number // 4)) for number in range(24)}
    found = level_of({**SCALE, "items": ["a", "b"]}, ITEMS, here, [])
    assert found is not None
    assert (found["icc1"], found["rwg"], found["alpha"]) == (1.0, 1.0, 1.0)
