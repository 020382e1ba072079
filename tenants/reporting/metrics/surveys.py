"""Surveys: what a program's people answered in waves, and how they changed, in five bins a scale; and what the tenant
was told besides.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tenants.outcomes.surveys.psychometrics import paired_change
from tenants.outcomes.surveys.scoring import middles, told
from tenants.reporting.counting import Counting
from tenants.reporting.figures import stage
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.metrics.survey_tables import (
    BETWEEN,
    CHANGE,
    FELL,
    LEVEL,
    ROSE,
    SAME,
    change_at,
    change_of,
    level_of,
    steps,
)
from tenants.reporting.metrics.surveys_outside import told_outside
from tenants.reporting.statistics.mean import student
from tenants.reporting.suppression.model import LEAST_THRESHOLD, Printed, key_of
from tenants.reporting.tables import CountTable, ShownTable, together

_WAVES = """
SELECT w.id, w.label, w.cohort_id, w.instrument_id, w.invited, w.answered, w.declined, i.items, i.scales,
       c.name AS cohort, replace(w.label, '_', ' ') || ' of '
       || CAST(CAST(w.opens_at AT TIME ZONE c.time_zone AS date) AS text) AS said
  FROM survey_wave w JOIN cohort c ON c.tenant_id = w.tenant_id AND c.id = w.cohort_id
  JOIN instrument i ON i.tenant_id = w.tenant_id AND i.id = w.instrument_id
 WHERE w.tenant_id = :tenant AND w.cohort_id = ANY(:cohorts) AND w.counted_at < :end
 ORDER BY w.cohort_id, w.opens_at, w.id
"""
_RESULTS = """
SELECT r.wave_id, r.scale, r.n, r.bins, r.alpha, r.icc1, r.rwg FROM survey_result r
 WHERE r.tenant_id = :tenant AND r.wave_id = ANY(:waves)
"""
_CHANGES = """
SELECT r.since_id, r.wave_id, r.scale, r.bins FROM survey_change r
 WHERE r.tenant_id = :tenant AND r.wave_id = ANY(:waves)
"""
_AGREED = (("alpha", "Cronbach's alpha"), ("icc1", "ICC(1) of groups"), ("rwg", "mean r_WG of groups"))


def count(counting: Counting) -> Found:
    """Tables for each scale of each wave that was counted: inside as it was told, outside of whom it may be told."""
    waves = counting.run(_WAVES).all()
    if counting.scope.outward:
        return Found(told_outside(counting, waves))
    known = {"waves": [wave.id for wave in waves]}
    results = {(row.wave_id, row.scale): row for row in counting.run(_RESULTS, **known)}
    changes = {(row.wave_id, row.scale): row for row in counting.run(_CHANGES, **known)}
    of_wave = {wave.id: wave for wave in waves}
    tables, reliable = list[CountTable](), []
    for wave, scale in [(each, scale) for each in waves for scale in each.scales]:
        if result := results.get((wave.id, scale["key"])):
            tables.append(_as_told(level_of(wave, scale), result.bins))
            reliable.append((tables[-1].title, result))
        if change := changes.get((wave.id, scale["key"])):
            tables.append(_as_told(change_of(of_wave[change.since_id], wave, scale), change.bins))
    return Found(tables, [*_responses(waves, counting.scope.as_of), *_reliability(reliable)])


def _as_told(empty: CountTable, bins: Sequence[int]) -> CountTable:
    (axis,) = empty.axes
    counts = {
        key_of({**dict(empty.within), axis.name: code}): number
        for code, number in zip(steps(axis), bins, strict=True)
    }
    return replace(empty, counts=counts)


def figures(shown: Shown) -> list[Figure]:
    """The distribution of each scale, how many fell and rose, and the means that follow where all of it is printed."""
    levels = [table for name, table in shown.items() if name.startswith(LEVEL)]
    changes = [table for name, table in shown.items() if name.startswith(CHANGE)]
    return [*(_levels(levels) if levels else ()), *(_changes(changes) if changes else ())]


def _levels(tables: Sequence[ShownTable]) -> Iterator[Figure]:
    yield {
        "id": "survey_levels",
        "title": "Answers to surveys",
        "kind": "multiples",
        "caption": "Share of all scores in each fifth of a scale's range, with the 95 % Wilson interval.",
        "tables": [each.name for each in tables],
        "panels": [_panel(each, steps(each.axes[0])) for each in tables],
    }
    yield {
        **_estimates("survey_means", "Means of surveys", "Mean score", tables),
        "caption": "From the middles of the fifths as printed, with Student's 95 % interval; n: scores. People of "
        "a group answer alike, which makes it too narrow.",
        "rows": [_mean(each) for each in tables],
    }


def _changes(tables: Sequence[ShownTable]) -> Iterator[Figure]:
    """How much the same people have changed, on the scale and in standard deviations of the changes."""
    yield {
        "id": "survey_change_shares",
        "title": "Who fell and who rose",
        "kind": "multiples",
        "caption": "Share of those who have a score in both waves, with the 95 % Wilson interval. About the same: by "
        "less than half a step, a step being a sixth of the scale's range.",
        "tables": [each.name for each in tables],
        "panels": [_panel(each, (FELL, SAME, ROSE)) for each in tables],
    }
    found = [_change(each) for each in tables]
    for place, (name, title, x) in enumerate(
        (
            ("survey_changes", "Change of the same people", "Points"),
            ("survey_effects", "The same as an effect (d_z)", "Effect"),
        )
    ):
        yield {
            **_estimates(name, title, x, tables),
            "caption": "From the steps as printed, of those who have a score in both waves, with the 95 % interval; "
            "n: people. Changes beyond two steps count as two.",
            "rows": [rows[place] for rows in found],
            "zero": 0,
        }


def _panel(table: ShownTable, codes: Sequence[str]) -> dict[str, Any]:
    (axis,) = table.axes
    labels = {each.code: each.label for each in axis.codes}
    rows = [stage(labels[code], table.at(**{axis.name: code}), table.at()) for code in codes]
    return {"label": table.title, "rows": rows}


def _whole(table: ShownTable) -> tuple[int, ...] | None:
    """The numbers of all bins, where all are printed of one day, of more people than may be told of."""
    (axis,) = table.axes
    numbers = together(table.at(), *(table.at(**{axis.name: code}) for code in steps(axis)))
    return None if numbers is None or numbers[0] <= table.threshold else numbers[1:]


def _row(table: ShownTable, *found: float | None) -> dict[str, Any]:
    estimate, lower, upper = found or (None, None, None)
    return {
        "label": table.title,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "n": table.value(),
    }


def _mean(table: ShownTable) -> dict[str, Any]:
    numbers, codes = _whole(table), steps(table.axes[0])
    if numbers is None:
        return _row(table)
    low, high = float(codes[0].split(BETWEEN)[0]), float(codes[-1].split(BETWEEN)[1])
    found = student(told(numbers, middles(low, high)))
    return _row(table, found.value, found.lower, found.upper)


def _change(table: ShownTable) -> tuple[dict[str, Any], dict[str, Any]]:
    numbers = _whole(table)
    if numbers is None:
        return _row(table), _row(table)
    found = paired_change(told(numbers, [change_at(code) for code in steps(table.axes[0])]))
    return (
        _row(table, found.mean, found.low, found.high),
        _row(table, found.effect, found.effect_low, found.effect_high),
    )


def _estimates(name: str, title: str, x: str, tables: Sequence[ShownTable] = ()) -> Figure:
    named = [each.name for each in tables]
    return {"id": name, "title": title, "kind": "estimates", "tables": named, "x": x, "zero": None}


def _responses(waves: Sequence[Any], as_of: dt.date) -> Iterator[Figure]:
    """How many of those invited answered, declined, or said nothing."""
    if not waves:
        return
    day, panels = as_of.isoformat(), []
    for wave in waves:
        known = wave.answered is not None
        silent = wave.invited - wave.answered - wave.declined if known else None
        numbers = {"Answered": wave.answered, "Declined": wave.declined, "Said nothing": silent}
        asked = Printed(wave.invited, day)
        panels.append(
            {
                "label": f"{wave.cohort}, {wave.said}",
                "rows": [
                    stage("Invited", asked, asked),
                    *(stage(said, Printed(number, day), asked) for said, number in numbers.items()),
                ],
            }
        )
    yield {
        "id": "survey_responses",
        "title": "Who answered surveys",
        "kind": "multiples",
        "caption": "Share of those invited. "
        f"Of {LEAST_THRESHOLD} answers or fewer only how many were invited is told.",
        "tables": [],
        "panels": panels,
    }


def _reliability(levels: Sequence[tuple[str, Any]]) -> Iterator[Figure]:
    """How far items and members of groups agree."""
    rows = [
        {
            "label": f"{title}: {said}",
            "estimate": getattr(level, key),
            "lower": None,
            "upper": None,
            "n": level.n,
        }
        for title, level in levels
        for key, said in _AGREED
        if getattr(level, key) is not None
    ]
    if rows:
        yield {
            **_estimates("survey_reliability", "Reliability and agreement", "Coefficient"),
            "caption": "As told when the wave was counted, to two digits and without an interval; n: scores.",
            "rows": rows,
        }


METRIC = Metric(
    name="surveys",
    version=2,
    title="Surveys",
    text="The scores of each scale in each wave of a survey that was counted by the report's date, in fifths of the "
    "scale's range; one on a border counts with those above. And, of those who have a score in the first wave as "
    "well, the change since then, to the nearest step, a sixth of the range, as far as two steps either way; one "
    "in the middle of two counts with the smaller. An internal report has them as they were told once the wave "
    "had closed, and besides how many were invited, answered and declined, and Cronbach's alpha, ICC(1) and the "
    "mean r_WG of groups; the first wave is the first that was told. One that leaves the tenant counts anew "
    "whoever answered then and may be reported on now, and one for a funder those of them who agreed to be shared"
    " with it; the first wave is the first that was counted, it tells besides who of either wave has a score in "
    "both, and has no fifth of a wave, and no step of a change, by which one could tell of 1 to 10 people by the "
    "difference from an earlier one of the same scale. Shares are of the numbers printed; means and the effect "
    "d_z are computed from the fifths and steps as printed, where all of them are, of 11 scores or more.",
    count=count,
    inputs=("answers to surveys", "consents and the program's bases"),
    caveats=(
        "Whoever did not answer may differ from those who did.",
        "What changed between two waves is no effect of the program: nobody says what would have changed without it.",
    ),
    figures=figures,
)
