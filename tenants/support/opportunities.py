"""The board of what the tenant's people could apply for: supplements, calls and awards, with their deadlines."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from tenants.cohorts.models import Cohort, Participant, Program
from tenants.kernel import events
from tenants.kernel.rows import Version, edited, row_named, row_of
from tenants.kernel.session import Session
from tenants.support.models import Opportunity


def post_opportunity(session: Session, *, program_id: UUID | None = None, **told: Any) -> Opportunity:
    """Put something on the board, for one program or for all. Raises Invalid for an unknown program."""
    if program_id is not None:
        row_named(session, Program, program_id, pointer="/program_id")
    opportunity = Opportunity(program_id=program_id, **told)
    session.add(opportunity)
    session.flush()
    events.record(session, "opportunity.posted", subject=opportunity)
    return opportunity


def edit_opportunity(
    session: Session, *, opportunity_id: UUID, changes: dict[str, Any], if_match: Version
) -> Opportunity:
    """Change what it says. Raises NotFound and StaleVersion."""
    opportunity = row_of(session, Opportunity, opportunity_id)
    changed = edited(opportunity, changes, if_match=if_match)
    if changed:
        events.record(session, "opportunity.updated", subject=opportunity, changed=changed)
    return opportunity


def remove_opportunity(session: Session, *, opportunity_id: UUID, if_match: Version) -> None:
    """Take it off the board. Raises NotFound and StaleVersion."""
    opportunity = row_of(session, Opportunity, opportunity_id)
    if_match.check(opportunity.version)
    session.delete(opportunity)
    events.record(session, "opportunity.removed", subject=opportunity)


def opportunities(open_only: bool = False) -> Select[Any]:
    """The tenant's board; with `open_only`, what can still be applied for."""
    rows = select(*Opportunity.__table__.columns)
    open_ = Opportunity.deadline.is_(None) | (Opportunity.deadline >= func.current_date())
    return rows.where(open_) if open_only else rows


def opportunities_of_member(membership_id: UUID) -> Select[Any]:
    """What somebody could still apply for: of the programs that she takes part in, and of all."""
    mine = (
        select(Cohort.program_id)
        .join(Participant, (Participant.tenant_id == Cohort.tenant_id) & (Participant.cohort_id == Cohort.id))
        .where(Participant.membership_id == membership_id)
    )
    return opportunities(open_only=True).where(
        Opportunity.program_id.is_(None) | Opportunity.program_id.in_(mine)
    )
