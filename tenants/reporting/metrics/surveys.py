"""Surveys: what a program's people answered in waves, in five bins a scale, and what the tenant was told besides."""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from tenants.outcomes.surveys.scoring import BINS, Item, Scale, middles, range_of, told
from tenants.reporting.counting import Counting
from tenants.reporting.figures import stage
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.metrics.surveys_outside import told_outside
from tenants.reporting.statistics.mean import student
from tenants.reporting.suppression.model import LEAST_THRESHOLD, Printed, key_of
from tenants.reporting.tables import COHORT, Axis, Code, CountTable, ShownTable, together

PREFIX, BETWEEN = "survey_", ".."
_WAVES = """
SELECT w.id, w.label, w.cohort_id, w.instrument_id, w.invited, w.answered, w.declined, i.items, i.scales,
       c.name || ', ' || replace(w.label, '_', ' ') || ' of '
       || CAST(CAST(w.opens_at AT TIME ZONE c.time_zone AS date) AS text) AS title
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
SELECT r.wave_id, r.scale, r.n, r.mean, r.mean_low, r.mean_high, r.effect, r.effect_low, r.effect_high
  FROM survey_change r WHERE r.tenant_id = :tenant AND r.wave_id = ANY(:waves)
"""
_AGREED = (("alpha", "Cronbach's alpha"), ("icc1", "ICC(1) of groups"), ("rwg", "mean r_WG of groups"))


def count(counting: Counting) -> Found:
    """A table for each scale of each wave that was counted: inside as it was told, outside of whom it may be told."""
    waves = counting.run(_WAVES).all()
    empty = {(wave.id, scale["key"]): _table(wave, scale) for wave, scale in _asked(waves)}
    if counting.scope.outward:
        return Found(told_outside(counting, waves, empty))
    known = {"waves": [wave.id for wave in waves]}
    levels = {(row.wave_id, row.scale): row for row in counting.run(_RESULTS, **known)}
    changes = {(row.wave_id, row.scale): row for row in counting.run(_CHANGES, **known)}
    tables = [_as_told(empty[place], levels[place]) for place in empty if place in levels]
    titles = {place: table.title for place, table in empty.items()}
    exact = [
        *_responses(waves, counting.scope.as_of),
        *_reliability([(titles[place], levels[place]) for place in empty if place in levels]),
        *_changed([(titles[place], changes[place]) for place in empty if place in changes]),
    ]
    return Found(tables, exact)


def _asked(waves: Sequence[Any]) -> Iterator[tuple[Any, Scale]]:
    for wave in waves:
        yield from ((wave, scale) for scale in wave.scales)


def _table(wave: Any, scale: Scale) -> CountTable:
    """The table of a scale in a wave, with no numbers in it. Two waves have no cell in common."""
    name = f"{PREFIX}{wave.id.hex}_{scale['key']}"
    within = {COHORT: str(wave.cohort_id), "unit": "answers", "survey": f"{wave.id}:{scale['key']}"}
    title = f"{scale['name']}: {wave.title}"
    return CountTable(name, title, "answers", (_bins(name, scale, wave.items),), key_of(within))


def _bins(name: str, scale: Scale, items: Sequence[Item]) -> Axis:
    low, high = range_of(scale, items)
    ends = [low + (high - low) / BINS * place for place in range(BINS + 1)]
    codes = (Code(f"{one:g}{BETWEEN}{other:g}", f"{one:g} to {other:g}") for one, other in pairwise(ends))
    return Axis(name, scale["name"], tuple(codes))


def _as_told(empty: CountTable, level: Any) -> CountTable:
    (bins,) = empty.axes
    counts = {
        key_of({**dict(empty.within), bins.name: code.code}): number
        for code, number in zip(bins.codes, level.bins, strict=True)
    }
    return CountTable(empty.name, empty.title, empty.unit, empty.axes, empty.within, counts)


def figures(shown: Shown) -> list[Figure]:
    """The distribution of each scale, and the mean that follows from it where all of it is printed."""
    if not shown:
        return []
    panels = []
    for table in shown.values():
        codes = table.axes[0].codes
        rows = [stage(code.label, table.at(**{table.name: code.code}), table.at()) for code in codes]
        panels.append({"label": table.title, "rows": rows})
    common = {"tables": [*shown]}
    return [
        {
            **common,
            "id": "survey_levels",
            "title": "Answers to surveys",
            "kind": "multiples",
            "caption": "Share of all scores in each fifth of a scale's range, with the 95 % Wilson interval.",
            "panels": panels,
        },
        {
            **common,
            **_estimates("survey_means", "Means of surveys", "Mean score"),
            "caption": "From the middles of the fifths as printed, with Student's 95 % interval; n: scores. People of "
            "a group answer alike, which makes it too narrow.",
            "rows": [_mean(table) for table in shown.values()],
        },
    ]


def _mean(table: ShownTable) -> Figure:
    codes = table.axes[0].codes
    numbers = together(table.at(), *(table.at(**{table.name: code.code}) for code in codes))
    if numbers is None or numbers[0] <= table.threshold:
        return {"label": table.title, "estimate": None, "lower": None, "upper": None, "n": table.value()}
    low, high = float(codes[0].code.split(BETWEEN)[0]), float(codes[-1].code.split(BETWEEN)[1])
    found = student(told(numbers[1:], middles(low, high)))
    return {
        "label": table.title,
        "estimate": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "n": found.n,
    }


def _estimates(name: str, title: str, x: str) -> Figure:
    return {"id": name, "title": title, "kind": "estimates", "tables": [], "x": x, "zero": None}


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
                "label": wave.title,
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


def _changed(changes: Sequence[tuple[str, Any]]) -> Iterator[Figure]:
    """How much the same people have changed, on the scale and in standard deviations of the changes."""
    if not changes:
        return
    for name, title, x, keys in (
        ("survey_changes", "Change of the same people", "Points", ("mean", "mean_low", "mean_high")),
        ("survey_effects", "The same as an effect (d_z)", "Effect", ("effect", "effect_low", "effect_high")),
    ):
        rows = []
        for label, change in changes:
            estimate, lower, upper = (getattr(change, key) for key in keys)
            rows.append({"label": label, "estimate": estimate, "lower": lower, "upper": upper, "n": change.n})
        yield {
            **_estimates(name, title, x),
            "caption": "Since the first wave that was told, of those who have a score in both, with the 95 % interval; "
            "n: people. Changes beyond two steps count as two.",
            "rows": rows,
            "zero": 0,
        }


METRIC = Metric(
    name="surveys",
    version=1,
    title="Surveys",
    text="The scores of each scale in each wave of a survey that was counted by the report's date, in fifths of the "
    "scale's range; one on a border counts with those above. An internal report has them as they were told once the "
    "wave had closed, and besides how many were invited, answered and declined; Cronbach's alpha, ICC(1) and the "
    "mean r_WG of groups; and of those who have a score in the first wave that was told as well the mean change and "
    "the effect d_z, with 95 % intervals. One that leaves the tenant counts anew whoever answered then and may be "
    "reported on now, and one for a funder those of them who agreed to be shared with it; it has no change, and no "
    "number of a wave by which one could tell of 1 to 10 people by the difference from an earlier wave of the same "
    "scale. Means are computed from the fifths as printed, where all of them are, of 11 scores or more.",
    count=count,
    inputs=("answers to surveys", "consents and the program's bases"),
    caveats=(
        "Whoever did not answer may differ from those who did.",
        "What changed between two waves is no effect of the program: nobody says what would have changed without it.",
    ),
    figures=figures,
)
