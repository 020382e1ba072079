"""What becomes known of a wave: nothing of fewer than eleven people, nor what tells of a few by what was told before.

The levels of a scale are told if those who have a score here and not in a wave whose levels are told already, or there
and not here, are none or at least eleven, and so for each such wave; else two distributions would tell of a few by
their difference. The change since the first wave that was told is of those who have a score in both, of whom no other
distribution is told. Pure.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenants.outcomes.surveys import scoring
from tenants.outcomes.surveys.psychometrics import alpha, icc1, paired_change, rwg
from tenants.outcomes.surveys.scoring import Item, Scale

LEAST = 11
LEAST_GROUPS = 3
DIGITS = 4
COARSE = 2
"""Digits of what is computed from answers rather than from bins."""


@dataclass(frozen=True, slots=True)
class Response:
    """What somebody answered, and a number for the group that she is in."""

    circle: int | None
    answers: Mapping[str, Any]


Responses = Mapping[int, Response]
"""By a number for each person, the same in all waves."""


def level_of(
    scale: Scale, items: Sequence[Item], here: Responses, told: Sequence[tuple[Responses, int]]
) -> dict[str, Any] | None:
    """What is told of a scale in a wave: the columns of a `SurveyResult`. Null where nothing is.

    `told` are the waves whose levels are told already: their responses, as far as they may still be used, and how many
    people they were of.
    """
    scores = _scores(scale, items, here)
    if len(scores) < LEAST:
        return None
    for there, counted in told:
        both = len(scores.keys() & _scores(scale, items, there).keys())
        if 0 < len(scores) + counted - 2 * both < LEAST:
            return None
    low, high = scoring.range_of(scale, items)
    bins = scoring.binned([*scores.values()], low, high)
    values = np.array(scoring.told(bins, scoring.middles(low, high)))
    return {
        "n": len(scores),
        "bins": bins,
        "low": low,
        "high": high,
        "mean": round(float(values.mean()), DIGITS),
        "sd": round(float(values.std(ddof=1)), DIGITS),
        "alpha": _coarse(_alpha(scale, items, here)),
        **_agreement(scale, items, here, scores),
    }


def change_of(
    scale: Scale, items: Sequence[Item], here: Responses, first: Responses
) -> dict[str, Any] | None:
    """What is told of the change of those who have a score in both waves: the columns of a `SurveyChange`. Null of
    fewer than eleven.
    """
    now, then = (_scores(scale, items, each) for each in (here, first))
    changes = [now[number] - then[number] for number in sorted(now.keys() & then.keys())]
    if len(changes) < LEAST:
        return None
    step = scoring.step_of(*scoring.range_of(scale, items))
    bins = scoring.changes_binned(changes, step)
    found = paired_change(scoring.told(bins, scoring.changes_of_bins(step)))
    return {
        "n": found.n,
        "bins": bins,
        "step": step,
        "mean": round(found.mean, DIGITS),
        "mean_low": round(found.low, DIGITS),
        "mean_high": round(found.high, DIGITS),
        "sd": round(found.sd, DIGITS),
        "effect": _rounded(found.effect),
        "effect_low": _rounded(found.effect_low),
        "effect_high": _rounded(found.effect_high),
    }


def _scores(scale: Scale, items: Sequence[Item], responses: Responses) -> dict[int, float]:
    scored = {number: scoring.score(scale, items, each.answers) for number, each in responses.items()}
    return {number: score for number, score in scored.items() if score is not None}


def _complete(scale: Scale, items: Sequence[Item], responses: Responses) -> dict[int, list[float]]:
    rows = {number: scoring.item_values(scale, items, each.answers) for number, each in responses.items()}
    return {number: [v for v in row if v is not None] for number, row in rows.items() if None not in row}


def _alpha(scale: Scale, items: Sequence[Item], responses: Responses) -> float | None:
    rows = [*_complete(scale, items, responses).values()]
    return alpha(rows) if len(rows) >= LEAST else None


def _agreement(
    scale: Scale, items: Sequence[Item], responses: Responses, scores: Mapping[int, float]
) -> dict[str, float | None]:
    """ICC(1) of the scores and the mean r_WG of the groups, over at least three groups of two and eleven people."""
    if scale["about"] != "group":
        return {"icc1": None, "rwg": None}
    by_group = _grouped(scores, responses)
    rows = _grouped(_complete(scale, items, responses), responses)
    options = _options(scale, items)
    within = [rwg(each, options=options) for each in rows] if _enough(rows) else []
    agreed = [each for each in within if each is not None]
    return {
        "icc1": _coarse(icc1(by_group)) if _enough(by_group) else None,
        "rwg": _coarse(sum(agreed) / len(agreed)) if agreed else None,
    }


def _grouped(values: Mapping[int, Any], responses: Responses) -> list[list[Any]]:
    """The values of each group of two or more."""
    groups: dict[int, list[Any]] = {}
    for number, value in values.items():
        circle = responses[number].circle
        if circle is not None:
            groups.setdefault(circle, []).append(value)
    return [each for each in groups.values() if len(each) > 1]


def _enough(groups: Sequence[Sequence[Any]]) -> bool:
    return len(groups) >= LEAST_GROUPS and sum(map(len, groups)) >= LEAST


def _options(scale: Scale, items: Sequence[Item]) -> int:
    first = next(item for item in items if item["key"] == scale["items"][0])
    return int(first["most"] - first["least"] + 1)


def _rounded(number: float | None, digits: int = DIGITS) -> float | None:
    return None if number is None or not math.isfinite(number) else round(number, digits)


def _coarse(number: float | None) -> float | None:
    return _rounded(number, COARSE)
