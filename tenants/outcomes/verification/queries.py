"""Verifications and what they found, as lists show them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from tenants.kernel.jobs import Job
from tenants.kernel.rows import one, only
from tenants.kernel.session import Session
from tenants.outcomes.verification.models import Finding, Verification


def verifications(**filters: Any) -> Select[Any]:
    """The tenant's verifications, each with its job's state, progress and error."""
    rows: Select[Any] = select(*Verification.__table__.columns, Job.state, Job.progress, Job.error).join(
        Job, (Job.tenant_id == Verification.tenant_id) & (Job.id == Verification.job_id)
    )
    return only(rows, **filters)


def verification(session: Session, *, verification_id: UUID) -> Row[Any]:
    """One verification as lists show it. Raises NotFound."""
    return one(session, verifications(id=verification_id), "verification")


def findings(**filters: Any) -> Select[Any]:
    """What was found for the tenant's people."""
    return only(select(*Finding.__table__.columns), **filters)


def finding(session: Session, *, finding_id: UUID, membership_id: UUID | None = None) -> Row[Any]:
    """One finding as lists show it; with `membership_id` one of hers. Raises NotFound."""
    return one(session, findings(id=finding_id, membership_id=membership_id), "finding")
