"""Answers to surveys as they may leave: of people who may be reported on, without names, through a door.

The door `answers_to_report` gives the answers of waves that were counted to a report that is being built, under numbers
for names. Each score is put into its bin here, and nothing but bins is counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any
from uuid import UUID

import orjson

from tenants.outcomes.surveys.scoring import Scale, binned, changes_binned, range_of, score, step_of
from tenants.reporting.counting import Counting, shares
from tenants.reporting.metrics.survey_tables import both_of, change_of, level_of, steps
from tenants.reporting.suppression.model import Key, key_of
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import NO, YES, CountTable, axis

_WHO = "SELECT membership_id, agreed FROM counted WHERE covered ORDER BY membership_id"
_ANSWERS = """
SELECT wave, respondent, part, answers
  FROM door.answers_to_report(CAST(:waves AS uuid[]), CAST(:people AS uuid[]), CAST(:parts AS bigint[]))
"""
_STAGED = """
SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (told text, code text, agreed text)
"""
Codes = Mapping[int, str]
"""By a number for each person, the same in all waves: where she is in a table."""
Agreed = Mapping[int, frozenset[str]]
"""Which funders each agreed to be shared with."""
Scores = Mapping[tuple[UUID, str], Mapping[int, float]]
"""By a wave and the key of a scale: each person's score."""


@dataclass(frozen=True)
class Told:
    """A table, who is where in it, and those of earlier tables that tell of the same scale in the same way."""

    table: CountTable
    codes: Codes
    before: Sequence[Iterable[int]] = ()


def told_outside(counting: Counting, waves: Sequence[Any]) -> list[CountTable]:
    """The tables of all scales, once for each funder whose part is told.

    Of a part of a wave, or of a change, of which others tell by the difference no bin is shown: see `_silent`.
    """
    if not waves:
        return []
    scores, agreed = _scores(counting, waves)
    told = [each for wave in waves for scale in wave.scales for each in told_of(wave, scale, waves, scores)]
    staged = [
        {"told": each.table.name, "code": code, "agreed": ",".join(sorted(agreed[number]))}
        for each in told
        for number, code in each.codes.items()
    ]
    counting.stage("fact_surveys", _STAGED, rows=orjson.dumps(staged).decode())
    funders: tuple[str | None, ...] = counting.scope.funders
    return [
        counted(each, agreed, funder, counting.threshold) for each in told for funder in funders or (None,)
    ]


def _scores(counting: Counting, waves: Sequence[Any]) -> tuple[Scores, Agreed]:
    rows = counting.run(_WHO).all()
    parts = sorted({tuple(sorted(row.agreed)) for row in rows})
    known = {
        "waves": [wave.id for wave in waves],
        "people": [row.membership_id for row in rows],
        "parts": [parts.index(tuple(sorted(row.agreed))) for row in rows],
    }
    scores: dict[tuple[UUID, str], dict[int, float]] = {
        (wave.id, scale["key"]): {} for wave in waves for scale in wave.scales
    }
    agreed = dict[int, frozenset[str]]()
    of_wave = {wave.id: wave for wave in waves}
    for row in counting.run(_ANSWERS, **known):
        wave = of_wave[row.wave]
        agreed[row.respondent] = frozenset(parts[row.part])
        for scale in wave.scales:
            value = score(scale, wave.items, row.answers)
            if value is not None:
                scores[wave.id, scale["key"]][row.respondent] = value
    return dict(scores), agreed


def told_of(wave: Any, scale: Scale, waves: Sequence[Any], scores: Scores) -> Iterator[Told]:
    """What is told of a scale in a wave: the level and, unless it is the first that was counted of the cohort and the
    instrument, the change since that one, with who of either is in both.
    """
    same = [each for each in waves if (each.cohort_id, each.instrument_id) == _asked(wave)]
    before = [scores[each.id, scale["key"]] for each in same[: same.index(wave)]]
    here = scores[wave.id, scale["key"]]
    yield _levels(level_of(wave, scale), here, range_of(scale, wave.items), before)
    if not before:
        return
    first, then = same[0], before[0]
    for one, other, found, there in ((first, wave, then, here), (wave, first, here, then)):
        yield Told(both_of(one, other, scale), {each: YES if each in there else NO for each in found})
    yield _changes(change_of(first, wave, scale), here, range_of(scale, wave.items), before)


def _asked(wave: Any) -> tuple[UUID, UUID]:
    return wave.cohort_id, wave.instrument_id


def _levels(
    table: CountTable,
    here: Mapping[int, float],
    ends: tuple[float, float],
    before: Sequence[Mapping[int, float]],
) -> Told:
    """Who is in which fifth of the range between these ends. before: the scores of earlier waves."""
    codes = steps(table.axes[0])
    return Told(table, {each: codes[binned([value], *ends).index(1)] for each, value in here.items()}, before)


def _changes(
    table: CountTable,
    here: Mapping[int, float],
    ends: tuple[float, float],
    before: Sequence[Mapping[int, float]],
) -> Told:
    """By how many steps whoever is in the first of the earlier waves as well has changed since then."""
    codes, step, (then, *later) = steps(table.axes[0]), step_of(*ends), before
    both = {each: value - then[each] for each, value in here.items() if each in then}
    found = {each: codes[changes_binned([value], step).index(1)] for each, value in both.items()}
    return Told(table, found, [then.keys() & each.keys() for each in later])


def counted(told: Told, agreed: Agreed, funder: str | None, threshold: int) -> CountTable:
    """The table in numbers, by whether people agreed to be shared with a funder, if one is named."""
    table, (told_by,) = told.table, told.table.axes
    spread = (axis(shares(funder), funder, (YES, NO)),) if funder else ()

    def cell(number: int, code: str) -> Key:
        said = {shares(funder): YES if funder in agreed[number] else NO} if funder else {}
        return key_of({**dict(table.within), told_by.name: code, **said})

    found = replace(table, counts=Counter(starmap(cell, told.codes.items())), spread=spread)
    silent = [
        each
        for each in ((YES, NO, None) if funder else (None,))
        if _silent(told, agreed, funder, each, threshold)
    ]
    name = shares(funder) if funder else ""
    cells = [dict(key) for key in system_of((found.shape,)).keys]
    hidden = {key_of(each) for each in cells if told_by.name in each and each.get(name) in silent}
    return replace(found, silent=frozenset(hidden))


def _silent(told: Told, agreed: Agreed, funder: str | None, code: str | None, threshold: int) -> bool:
    """Whether some people, but too few to tell of, are in this table and not in an earlier one, or there and not here.

    What decides is who answered, never what. How many they are all is in one system with the number of each wave.
    """

    def people(found: Iterable[int]) -> set[int]:
        return {each for each in found if code is None or (funder in agreed[each]) == (code == YES)}

    here = people(told.codes)
    return any(0 < len(here ^ people(each)) <= threshold for each in told.before)
