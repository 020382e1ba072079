"""Answers to surveys as they may leave: of people who may be reported on, without names, through a door.

The door `answers_to_report` gives the answers of waves that were counted to a report that is being built, under numbers
for names. Each is put into its bin here, and nothing but the bins is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from tenants.outcomes.surveys.scoring import BINS, binned, range_of, score
from tenants.reporting.counting import Counting, shares
from tenants.reporting.suppression.model import Key, key_of
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import NO, YES, CountTable, axis

_WHO = "SELECT membership_id, agreed FROM counted WHERE covered ORDER BY membership_id"
_ANSWERS = """
SELECT wave, respondent, part, answers
  FROM door.answers_to_report(CAST(:waves AS uuid[]), CAST(:people AS uuid[]), CAST(:parts AS bigint[]))
"""
_STAGED = """
SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (wave uuid, scale text, bin integer, agreed text)
"""
Place = tuple[UUID, str]
"""A wave, and a scale by its key."""
Scores = Mapping[int, tuple[int, frozenset[str]]]
"""By a number for each person, the same in all waves: the bin of the score, and which funders were agreed to."""


def told_outside(
    counting: Counting, waves: Sequence[Any], empty: Mapping[Place, CountTable]
) -> list[CountTable]:
    """The tables of all scales, once for each funder whose part is told.

    Of a part of a wave of which others tell by the difference no number is shown: see `_silent`.
    """
    if not waves:
        return []
    scores = _scores(counting, waves)
    staged = [
        {"wave": str(wave), "scale": scale, "bin": place, "agreed": ",".join(sorted(agreed))}
        for (wave, scale), found in scores.items()
        for place, agreed in found.values()
    ]
    counting.stage("fact_surveys", _STAGED, rows=orjson.dumps(staged).decode())
    of_wave = {wave.id: wave for wave in waves}
    tables: list[CountTable] = []
    for place, table in empty.items():
        wave = of_wave[place[0]]
        before = [
            scores[each.id, place[1]]
            for each in waves[: waves.index(wave)]
            if (each.cohort_id, each.instrument_id) == (wave.cohort_id, wave.instrument_id)
        ]
        funders: tuple[str | None, ...] = counting.scope.funders
        tables += [
            _counted(table, scores[place], each, before, counting.threshold) for each in funders or (None,)
        ]
    return tables


def _scores(counting: Counting, waves: Sequence[Any]) -> dict[Place, Scores]:
    rows = counting.run(_WHO).all()
    parts = sorted({tuple(sorted(row.agreed)) for row in rows})
    known = {
        "waves": [wave.id for wave in waves],
        "people": [row.membership_id for row in rows],
        "parts": [parts.index(tuple(sorted(row.agreed))) for row in rows],
    }
    found: dict[Place, dict[int, tuple[int, frozenset[str]]]] = {
        (wave.id, scale["key"]): {} for wave in waves for scale in wave.scales
    }
    of_wave = {wave.id: wave for wave in waves}
    for row in counting.run(_ANSWERS, **known):
        wave = of_wave[row.wave]
        for scale in wave.scales:
            value = score(scale, wave.items, row.answers)
            if value is not None:
                place = binned([value], *range_of(scale, wave.items)).index(1)
                found[wave.id, scale["key"]][row.respondent] = place, frozenset(parts[row.part])
    return dict(found)


def _counted(
    table: CountTable, scores: Scores, funder: str | None, before: Sequence[Scores], threshold: int
) -> CountTable:
    (bins,) = table.axes
    spread = (axis(shares(funder), funder, (YES, NO)),) if funder else ()

    def part(agreed: Iterable[str]) -> dict[str, str]:
        return {shares(funder): YES if funder in agreed else NO} if funder else {}

    counts: dict[Key, int] = {}
    for place in range(BINS):
        for said in [part(()), part((funder,))] if funder else [{}]:
            number = sum(at == place and part(agreed) == said for at, agreed in scores.values())
            key = key_of({**dict(table.within), bins.name: bins.codes[place].code, **said})
            counts[key] = number
    counted = replace(table, counts=counts, spread=spread)
    name = shares(funder) if funder else ""
    silent = [
        code
        for code in ((YES, NO, None) if funder else (None,))
        if _silent(scores, before, funder, code, threshold)
    ]
    few = [key for key in system_of((counted.shape,)).keys if dict(key).get(name) in silent]
    return replace(counted, few=frozenset(few))


def _silent(
    scores: Scores, before: Sequence[Scores], funder: str | None, code: str | None, threshold: int
) -> bool:
    """Whether some people, but too few to tell of, have a score here and not in an earlier wave, or there and not here.

    What decides is who answered, never what.
    """

    def people(found: Scores) -> set[int]:
        return {
            number
            for number, (_, agreed) in found.items()
            if code is None or (funder in agreed) == (code == YES)
        }

    here = people(scores)
    return any(0 < len(here ^ people(each)) <= threshold for each in before)
