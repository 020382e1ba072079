"""/v1/findings, and /v1/me/findings"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.findings.schemas import Finding, FindingQuery, OwnFindingQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.outcomes.verification import actions, queries

blp = Blueprint(
    "Findings", description="What public sources say is somebody's, until it is confirmed or rejected."
)
READ, WRITE = Permission.OUTCOMES_READ, Permission.OUTCOMES_WRITE
HERS, BY_HER = Permission.ME_READ, Permission.ME_WRITE
ONE, ONE_OWN = "/findings/<uuid:finding_id>", "/me/findings/<uuid:own_finding_id>"


@blp.list("/findings", READ, query=FindingQuery, returns=Finding)
def list_findings(session: Session, **filters: Any) -> Select[Any]:
    """What was found for the tenant's people."""
    return queries.findings(**filters)


@blp.get(ONE, READ, returns=Finding)
def get_finding(session: Session, finding_id: UUID) -> Row[Any]:
    """One of them."""
    return queries.finding(session, finding_id=finding_id)


@blp.post(f"{ONE}/confirmation", WRITE, returns=Finding, errors=(409,))
def confirm_finding(session: Session, finding_id: UUID) -> Any:
    """Say for somebody that it is hers; it becomes a product or a career event."""
    return actions.confirm(session, finding_id=finding_id)


@blp.post(f"{ONE}/rejection", WRITE, returns=Finding, errors=(409,))
def reject_finding(session: Session, finding_id: UUID) -> Any:
    """Say for somebody that it is not hers; it is not found again."""
    return actions.reject(session, finding_id=finding_id)


@blp.list("/me/findings", HERS, query=OwnFindingQuery, returns=Finding)
def list_my_findings(session: Session, **filters: Any) -> Select[Any]:
    """What was found for oneself."""
    return queries.findings(membership_id=g.caller.membership_id, **filters)


@blp.get(ONE_OWN, HERS, returns=Finding)
def get_my_finding(session: Session, own_finding_id: UUID) -> Row[Any]:
    """One of them."""
    return queries.finding(session, finding_id=own_finding_id, membership_id=g.caller.membership_id)


@blp.post(f"{ONE_OWN}/confirmation", BY_HER, returns=Finding, errors=(409,))
def confirm_my_finding(session: Session, own_finding_id: UUID) -> Any:
    """Say that it is one's own; it becomes a product or a career event."""
    return actions.confirm(session, finding_id=own_finding_id, membership_id=g.caller.membership_id)


@blp.post(f"{ONE_OWN}/rejection", BY_HER, returns=Finding, errors=(409,))
def reject_my_finding(session: Session, own_finding_id: UUID) -> Any:
    """Say that it is not one's own; it is not found again."""
    return actions.reject(session, finding_id=own_finding_id, membership_id=g.caller.membership_id)
