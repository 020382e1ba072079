"""Waves: when the people of a cohort are asked an instrument, and what the tenant is told of their answers."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, insert, select

from tenants.cohorts.intake import REMINDER_HOUR
from tenants.cohorts.models import Cohort
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_held, row_named, row_of
from tenants.kernel.session import Session
from tenants.outcomes.surveys.models import SurveyChange, SurveyResult, SurveyWave
from tenants.support.instruments import plain
from tenants.support.models import Instrument

GRACE = timedelta(minutes=1)
"""So much later a wave is counted, for answers that were on their way."""
APART = timedelta(days=28)
"""Between two waves of a cohort that ask the same question: asked again at once, most would say the same, and what is
new would tell of those who came in."""
LONGEST = timedelta(days=366)
FURTHEST = timedelta(days=5 * 366)


def plan_wave(
    session: Session,
    *,
    cohort_id: UUID,
    instrument_id: UUID,
    label: str,
    opens_on: date,
    closes_on: date,
    reminders: Sequence[int] = (),
) -> SurveyWave:
    """Ask the people of a cohort an instrument from the day `opens_on` to the day `closes_on`, as they begin and end in
    its time zone. They are written to when it opens and so many days before the last as `reminders` says.

    Raises NotFound, Invalid for an instrument that is not the program's or has no scale and for days that cannot be,
    and Conflict "asked_lately".
    """
    cohort = row_held(session, Cohort, cohort_id)
    instrument = row_named(session, Instrument, instrument_id, pointer="/instrument_id")
    if instrument.program_id != cohort.program_id:
        raise Invalid.field("/instrument_id", "unknown", "The program of the cohort has no such instrument.")
    if not instrument.scales:
        raise Invalid.field("/instrument_id", "no_scales", "It has no scale that answers could be told by.")
    zone = ZoneInfo(cohort.time_zone)
    _check_days(opens_on, closes_on, now().astimezone(zone).date())
    asked: dict[str, Any] = {
        "tenant_id": session.tenant_id,
        "id": new_id(),
        "cohort_id": cohort_id,
        "instrument_id": instrument_id,
        "label": label,
        "opens_at": _moment(opens_on, zone),
        "closes_at": _moment(closes_on + timedelta(days=1), zone),
        "reminders": sorted(set(reminders), reverse=True),
    }
    _refuse_repetition(session, instrument, asked)
    session.execute(insert(SurveyWave).values(**asked))
    wave = row_of(session, SurveyWave, asked["id"])
    first = max(_moment(opens_on, zone, hour=REMINDER_HOUR), now())
    later = [_moment(closes_on - timedelta(days=days), zone, hour=REMINDER_HOUR) for days in wave.reminders]
    for moment in (first, *(each for each in later if each > first)):
        jobs.enqueue(session, "survey_reminder", subject_id=wave.id, not_before=moment)
    jobs.enqueue(session, "survey_count", subject_id=wave.id, not_before=wave.closes_at + GRACE)
    events.record(session, "survey_wave.planned", subject=wave)
    return wave


def waves_of_cohort(cohort_id: UUID) -> Select[Any]:
    """When a cohort was and will be asked. How many answered is told once a wave is counted."""
    return select(*SurveyWave.__table__.columns).where(SurveyWave.cohort_id == cohort_id)


def call_wave_off(session: Session, *, survey_wave_id: UUID) -> None:
    """Remove a wave that has not opened. Raises NotFound, and Conflict "opened"."""
    wave = row_of(session, SurveyWave, survey_wave_id)
    if wave.opens_at <= now():
        raise Conflict("It has opened, and people may have answered.", code="opened")
    events.record(session, "survey_wave.called_off", subject=wave)
    session.delete(wave)


def results_of(survey_wave_id: UUID) -> Select[Any]:
    """What is told of each scale in a wave."""
    return select(*SurveyResult.__table__.columns).where(SurveyResult.wave_id == survey_wave_id)


def changes_of(survey_wave_id: UUID) -> Select[Any]:
    """What is told of each scale's change in a wave since the first."""
    return select(*SurveyChange.__table__.columns).where(SurveyChange.wave_id == survey_wave_id)


def _check_days(opens_on: date, closes_on: date, today: date) -> None:
    if opens_on < today:
        raise Invalid.field("/opens_on", "past", "This day has gone by.")
    if opens_on > today + FURTHEST:
        raise Invalid.field("/opens_on", "too_far", "Plan at most five years ahead.")
    if not opens_on <= closes_on <= opens_on + LONGEST:
        raise Invalid.field("/closes_on", "invalid", "It closes on the day it opens or within a year.")


def _refuse_repetition(session: Session, instrument: Instrument, asked: dict[str, Any]) -> None:
    near = (
        select(Instrument.items)
        .join(
            SurveyWave,
            (SurveyWave.tenant_id == Instrument.tenant_id) & (SurveyWave.instrument_id == Instrument.id),
        )
        .where(
            SurveyWave.cohort_id == asked["cohort_id"],
            SurveyWave.opens_at < asked["closes_at"] + APART,
            SurveyWave.closes_at > asked["opens_at"] - APART,
        )
    )
    known = {plain(item["text"]) for items in session.scalars(near) for item in items}
    if any(plain(item["text"]) in known for item in instrument.items):
        raise Conflict(
            "Another survey asks the cohort one of these questions within 28 days.", code="asked_lately"
        )


def _moment(day: date, zone: ZoneInfo, *, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
