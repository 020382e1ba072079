"""Scores of answers, and their distributions in five bins. Pure.

What is told of scores is computed from the bins: from their middles, each as often as it was counted. So no figure
says more than the distribution does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

BINS = 5
MIDDLE = BINS // 2
STEPS_OF_RANGE = 6
"""A change is told in steps of a sixth of its scale's range: of one point on a scale from 1 to 7."""
Scale = Mapping[str, Any]
Item = Mapping[str, Any]


def item_values(scale: Scale, items: Sequence[Item], answers: Mapping[str, Any]) -> list[float | None]:
    """What was answered to each of a scale's items, so turned that more of it is more of what the scale measures; null
    where nothing was.
    """
    by_key = {item["key"]: item for item in items}
    return [_turned(by_key[key], answers.get(key)) for key in scale["items"]]


def _turned(item: Item, answer: int | None) -> float | None:
    if answer is None:
        return None
    return float(item["least"] + item["most"] - answer if item["reversed"] else answer)


def score(scale: Scale, items: Sequence[Item], answers: Mapping[str, Any]) -> float | None:
    """The mean of what was answered or, of a scale that is summed, this mean times the number of items.

    Null where fewer than `least_answered` of the items were.
    """
    given = [value for value in item_values(scale, items, answers) if value is not None]
    if len(given) < max(1, scale["least_answered"]):
        return None
    mean = sum(given) / len(given)
    return mean * len(scale["items"]) if scale["score"] == "sum" else mean


def range_of(scale: Scale, items: Sequence[Item]) -> tuple[float, float]:
    """The least and the greatest score that a scale can have."""
    first = next(item for item in items if item["key"] == scale["items"][0])
    times = len(scale["items"]) if scale["score"] == "sum" else 1
    return float(first["least"] * times), float(first["most"] * times)


def binned(scores: Sequence[float], low: float, high: float) -> list[int]:
    """How many scores are in each fifth of the range; one on a border counts with those above it."""
    counts = [0] * BINS
    for each in scores:
        place = int((each - low) / (high - low) * BINS + 1e-9)
        counts[min(max(place, 0), BINS - 1)] += 1
    return counts


def middles(low: float, high: float) -> list[float]:
    """The middle of each fifth of a range."""
    width = (high - low) / BINS
    return [low + (place + 0.5) * width for place in range(BINS)]


def step_of(low: float, high: float) -> float:
    """By how much two neighbouring bins of changes differ."""
    return (high - low) / STEPS_OF_RANGE


def changes_binned(changes: Sequence[float], step: float) -> list[int]:
    """How many changes are nearest to two steps down or more, one down, none, one up, two up or more. A change in the
    middle of two counts with the smaller.
    """
    counts = [0] * BINS
    for each in changes:
        steps = int(abs(each) / step + 0.5 - 1e-9)
        counts[MIDDLE + min(steps, MIDDLE) * (1 if each > 0 else -1)] += 1
    return counts


def changes_of_bins(step: float) -> list[float]:
    """The change that each bin stands for."""
    return [(place - MIDDLE) * step for place in range(BINS)]


def told(counts: Sequence[int], values: Sequence[float]) -> list[float]:
    """The values that bins stand for, each as often as it was counted."""
    return [value for count, value in zip(counts, values, strict=True) for _ in range(count)]
