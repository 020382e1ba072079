"""The job of a wave that has closed: it publishes what is told of it, once and for good.

The answers come through the door `count_survey`: once, to the job whose turn it is, of people whose outcomes are
covered, from eleven on, under numbers for names.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text

from tenants.cohorts.covered import covered
from tenants.kernel import events
from tenants.kernel.base import listed
from tenants.kernel.claims import Claim
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.outcomes.surveys.models import SurveyChange, SurveyResult, SurveyWave
from tenants.outcomes.surveys.telling import Response, change_of, level_of
from tenants.support.announcements import TOLD_NOTHING
from tenants.support.models import Instrument

_PEOPLE = text(f"""
    SELECT p.membership_id, (SELECT g.group_id FROM group_member g WHERE g.tenant_id = p.tenant_id
                                AND g.participant_id = p.id AND g.admitted_at IS NOT NULL AND g.left_at IS NULL
                              ORDER BY g.admitted_at LIMIT 1) AS circle
      FROM participant p JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
     WHERE p.cohort_id = ANY (CAST(:cohorts AS uuid[])) AND p.state NOT IN ({listed(TOLD_NOTHING)})
       AND m.person_id IS NOT NULL AND p.membership_id IN ({covered("outcomes")})
""")  # noqa: S608 - constants of ours are put in
_COUNT = text(
    "SELECT wave, respondent, circle, answers"
    "  FROM door.count_survey(:wave, CAST(:people AS uuid[]), CAST(:circles AS uuid[]))"
)
_Known = Mapping[UUID, dict[int, Response]]


def count_wave(claim: Claim) -> None:
    """Count the claimed wave and publish what is told of each of its scales."""
    with claim.effect() as session:
        wave = session.get(SurveyWave, (session.tenant_id, claim.subject_id))
        if wave is None or wave.counted_at is not None:
            return
        instrument = session.get_one(Instrument, (session.tenant_id, wave.instrument_id))
        responses = _counted(session, wave)
        for scale in instrument.scales:
            _publish(session, wave, scale, instrument.items, responses)
        events.record(session, "survey_wave.counted", subject=wave)


def _counted(session: Session, wave: SurveyWave) -> _Known:
    """By wave, what was answered; of waves before this one, by those who are covered still."""
    people = session.execute(_PEOPLE, {"cohorts": [wave.cohort_id]}).all()
    given = {
        "wave": wave.id,
        "people": [each.membership_id for each in people],
        "circles": [each.circle for each in people],
    }
    responses: dict[UUID, dict[int, Response]] = {}
    for row in session.execute(_COUNT, given):
        responses.setdefault(row.wave, {})[row.respondent] = Response(row.circle, row.answers)
    return responses


def _publish(
    session: Session, wave: SurveyWave, scale: dict[str, Any], items: Sequence[Any], responses: _Known
) -> None:
    here = responses.get(wave.id, {})
    told = session.execute(
        select(SurveyResult.wave_id, SurveyResult.n)
        .join(
            SurveyWave,
            (SurveyWave.tenant_id == SurveyResult.tenant_id) & (SurveyWave.id == SurveyResult.wave_id),
        )
        .where(
            SurveyWave.cohort_id == wave.cohort_id,
            SurveyWave.instrument_id == wave.instrument_id,
            SurveyResult.scale == scale["key"],
        )
        .order_by(SurveyWave.opens_at)
    ).all()
    made = {"tenant_id": session.tenant_id, "wave_id": wave.id, "scale": scale["key"]}
    level = level_of(scale, items, here, [(responses.get(row.wave_id, {}), row.n) for row in told])
    if level is not None:
        session.execute(insert(SurveyResult).values(**made, id=new_id(), **level))
    if told:
        first = told[0].wave_id
        change = change_of(scale, items, here, responses.get(first, {}))
        if change is not None:
            session.execute(insert(SurveyChange).values(**made, id=new_id(), since_id=first, **change))
