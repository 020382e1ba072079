"""What funders ask an institution to contribute, and what it answers."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, literal, select, text
from sqlalchemy.orm import aliased

from tenants.kernel.errors import Conflict
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.reporting.passing import ONE_AT_A_TIME
from tenants.reporting.pools.models import (
    ANSWERS,
    ContributionAnswer,
    ContributionHindrance,
    ContributionRequest,
)
from tenants.reporting.pools.sealing import answer
from tenants.reporting.sharing_models import SharingPlan

STATES = ("waiting", *ANSWERS, "superseded")
_MADE = text("SELECT door.pool_made(:request)")


def contribution_requests(session: Session) -> Select[Any]:
    """What the session's tenant is asked for: on which of its programs, if on any; what it answered, and what hindered
    it.
    """
    row, me, later = ContributionRequest, session.tenant_id, aliased(ContributionRequest)
    superseded = (
        select(later.id)
        .where(
            later.tenant_id == me,
            later.source_tenant_id == row.source_tenant_id,
            later.pooled_report_id == row.pooled_report_id,
            later.id > row.id,
        )
        .exists()
    )
    state = case((superseded, literal("superseded")), else_=func.coalesce(said(), literal("waiting")))
    plan = (SharingPlan.tenant_id == me) & (SharingPlan.id == row.agreement_id)
    hindered = (ContributionHindrance.tenant_id == me) & (ContributionHindrance.request_id == row.id)
    columns = [each for each in row.__table__.columns if each.name not in ("tenant_id", "agreement_id")]
    return (
        select(
            *columns,
            row.agreement_id.label("sharing_agreement_id"),
            SharingPlan.program_id,
            state.label("state"),
            ContributionHindrance.reason.label("hindrance"),
        )
        .outerjoin(SharingPlan, plan)
        .outerjoin(ContributionHindrance, hindered)
        .where(row.tenant_id == me)
    )


def contribution_request(session: Session, contribution_request_id: UUID) -> Any:
    """One of them. Raises NotFound."""
    rows = contribution_requests(session).where(ContributionRequest.id == contribution_request_id)
    return one(session, rows, "contribution request")


def said() -> Any:
    """A column of what was answered to a request, at last."""
    row = ContributionRequest
    return (
        select(ContributionAnswer.answer)
        .where(
            ContributionAnswer.tenant_id == row.source_tenant_id,
            ContributionAnswer.source_tenant_id == row.tenant_id,
            ContributionAnswer.request_id == row.id,
        )
        .order_by(ContributionAnswer.id.desc())
        .limit(1)
        .correlate(row)
        .scalar_subquery()
    )


def decline(session: Session, *, contribution_request_id: UUID) -> None:
    """Take no part; what was contributed enters no pool that is not made yet.

    Raises NotFound, Conflict "answered" where that was said, or the funder asked anew, and "pooled" where the pool was
    made with it.
    """
    asked = held(session, contribution_request_id, "waiting", "contributed")
    if session.execute(_MADE, {"request": asked.id}).scalar_one():
        raise Conflict("The pool was made, with what was contributed.", code="pooled")
    answer(session, asked, "declined")


def held(session: Session, contribution_request_id: UUID, *states: str) -> Any:
    """A request in one of these states, until the transaction ends. Raises NotFound and Conflict "answered"."""
    session.execute(ONE_AT_A_TIME, {"what": str(contribution_request_id)})
    asked = contribution_request(session, contribution_request_id)
    if asked.state not in states:
        raise Conflict(f"Nothing can be said to this request any more: it is {asked.state}.", code="answered")
    return asked
