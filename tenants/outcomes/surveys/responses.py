"""What people answer in surveys, each for herself alone: no role or client of the tenant reads an answer."""

from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Row, Select, Text, Uuid, delete, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from tenants.cohorts.covered import refused
from tenants.kernel.base import listed
from tenants.kernel.errors import Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.outcomes.surveys.models import SurveyResponse
from tenants.support.announcements import TOLD_NOTHING
from tenants.support.items import check_answers
from tenants.support.mentors import refuse_unless_herself

ASKED = f"p.state NOT IN ({listed(TOLD_NOTHING)}) AND NOT {refused('outcomes')}"
"""SQL: whether the participant p of the cohort c is asked: she takes part, and does not object to being counted."""
_OPEN = text(f"""
    SELECT w.id, w.cohort_id, c.name AS cohort_name, w.label, w.opens_at, w.closes_at,
           i.name, i.version, i.licence, i.source, i.items,
           CASE WHEN r.id IS NULL THEN 'open' WHEN r.declined THEN 'declined' ELSE 'answered' END AS state
      FROM survey_wave w JOIN cohort c ON c.tenant_id = w.tenant_id AND c.id = w.cohort_id
      JOIN instrument i ON i.tenant_id = w.tenant_id AND i.id = w.instrument_id
      JOIN participant p ON p.tenant_id = w.tenant_id AND p.cohort_id = w.cohort_id AND p.membership_id = :me
      LEFT JOIN survey_response r
        ON r.tenant_id = w.tenant_id AND r.wave_id = w.id AND r.membership_id = p.membership_id
     WHERE w.opens_at <= now() AND w.closes_at > now() AND {ASKED}
""")  # noqa: S608 - constants of ours are put in
_WORDS = ("cohort_name", "label", "name", "version", "licence", "source", "state")


def surveys_of(membership_id: UUID | None) -> Select[Any]:
    """The surveys that are open to somebody now, with what they ask, and her `state`: open, answered or declined."""
    typed = _OPEN.bindparams(me=membership_id).columns(
        id=Uuid(),
        cohort_id=Uuid(),
        opens_at=DateTime(timezone=True),
        closes_at=DateTime(timezone=True),
        items=JSONB(),
        **dict.fromkeys(_WORDS, Text()),
    )
    return select(typed.subquery())


def survey_of(session: Session, *, survey_id: UUID) -> Row[Any]:
    """One of those that are open to the session's member. Raises NotFound."""
    rows = surveys_of(session.membership_id).subquery()
    return one(session, select(rows).where(rows.c.id == survey_id), "survey")


def own_response(session: Session, *, survey_id: UUID) -> SurveyResponse:
    """What the session's member answered, in a survey that is open or was. Raises NotFound, and Forbidden
    "not_personal" unless she signed in as herself.
    """
    found: SurveyResponse | None = session.scalar(_own(select(SurveyResponse), session, survey_id))
    if found is None:
        raise NotFound("response")
    refuse_unless_herself(session)
    return found


def respond(
    session: Session, *, survey_id: UUID, declined: bool = False, answers: dict[str, Any] | None = None
) -> SurveyResponse:
    """Answer a survey, or decline it, in place of what one had said; no event tells of it.

    Some of the items will do. Raises NotFound where none is open, Invalid for what no item asks or takes or no answer
    at all, and Forbidden as above.
    """
    survey = survey_of(session, survey_id=survey_id)
    refuse_unless_herself(session)
    given = answers or {}
    if declined == bool(given):
        raise Invalid.field("/answers", "invalid", "Answer at least one item, or decline and answer none.")
    check_answers(survey.items, given)
    said = {"declined": declined, "answers": given, "answered_at": func.now()}
    row = insert(SurveyResponse).values(
        tenant_id=session.tenant_id,
        id=new_id(),
        wave_id=survey_id,
        membership_id=session.membership_id,
        **said,
    )
    key = ["tenant_id", "wave_id", "membership_id"]
    session.execute(row.on_conflict_do_update(index_elements=key, set_=said))
    return own_response(session, survey_id=survey_id)


def take_response_back(session: Session, *, survey_id: UUID) -> None:
    """Remove what one answered, at any time; what was published stands, and nothing later is computed from it.

    Raises NotFound and Forbidden as `own_response` does.
    """
    own_response(session, survey_id=survey_id)
    session.execute(_own(delete(SurveyResponse), session, survey_id))


def _own(statement: Any, session: Session, survey_id: UUID) -> Any:
    return statement.where(
        SurveyResponse.wave_id == survey_id, SurveyResponse.membership_id == session.membership_id
    )
