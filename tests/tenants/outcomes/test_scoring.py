"""Scores: what is reversed, what is missing, and bins from which all figures are computed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.outcomes.surveys import scoring

ITEMS = [
    {"key": key, "kind": "scale", "least": 1, "most": 7, "reversed": key.startswith("r")}
    for key in ("a", "b", "r1", "r2")
]
SCALE = {"key": "whole", "items": ["a", "b", "r1", "r2"], "score": "mean", "least_answered": 3}
said = st.dictionaries(st.sampled_from(["a", "b", "r1", "r2"]), st.integers(1, 7))
ranges = st.tuples(st.integers(-5, 5), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def test_a_reversed_item_counts_the_other_way():
    assert scoring.score(SCALE, ITEMS, {"a": 7, "b": 7, "r1": 1, "r2": 1}) == 7
    assert scoring.score(SCALE, ITEMS, {"a": 1, "b": 2, "r1": 6, "r2": 7}) == 1.5


def test_what_is_missing_is_left_out_of_the_mean_until_too_much_is():
    assert scoring.score(SCALE, ITEMS, {"a": 7, "b": 5, "r1": 2}) == 6
    assert scoring.score(SCALE, ITEMS, {"a": 7, "b": 5}) is None
    assert scoring.score({**SCALE, "least_answered": 0}, ITEMS, {}) is None


@given(said)
def test_a_sum_is_the_mean_times_the_items(answers):
    mean, total = (scoring.score({**SCALE, "score": how}, ITEMS, answers) for how in ("mean", "sum"))
    assert total == (None if mean is None else pytest.approx(mean * 4))
    if mean is not None:
        low, high = scoring.range_of({**SCALE, "score": "sum"}, ITEMS)
        assert low <= total <= high


@given(ranges, st.lists(st.floats(0, 1), max_size=50))
def test_each_score_is_in_one_bin_and_its_middle_is_within_half_a_width(limits, shares):
    low, high = limits
    scores = [low + share * (high - low) for share in shares]
    counts = scoring.binned(scores, low, high)
    assert sum(counts) == len(scores)
    told = scoring.told(counts, scoring.middles(low, high))
    for one, other in zip(sorted(scores), told, strict=True):
        assert abs(one - other) <= (high - low) / 10 + 1e-6


def test_a_score_on_a_border_counts_above_it_and_the_greatest_with_the_last():
    assert scoring.binned([0, 1, 1.999, 2, 5], 0, 5) == [1, 2, 1, 0, 1]


@given(ranges, st.lists(st.floats(-1, 1), max_size=50))
def test_changes_are_told_to_the_nearest_step_as_far_as_there_are_steps(limits, shares):
    low, high = limits
    step = scoring.step_of(low, high)
    changes = [share * (high - low) for share in shares]
    told = scoring.told(scoring.changes_binned(changes, step), scoring.changes_of_bins(step))
    capped = [min(max(each, -2 * step), 2 * step) for each in sorted(changes)]
    for one, other in zip(capped, told, strict=True):
        assert abs(one - other) <= step / 2 + 1e-6


@given(st.lists(st.floats(-6, 6), max_size=30))
def test_better_and_worse_are_told_alike(changes):
    mirrored = scoring.changes_binned([-each for each in changes], 1.0)
    assert mirrored == scoring.changes_binned(changes, 1.0)[::-1]
