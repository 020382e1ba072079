"""What came from outside is not kept for good: pages of sources, and searches for candidates."""

from sqlalchemy import delete, exists, func, select

from tenants.kernel import jobs
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.jobs import Job
from tenants.kernel.session import Session
from tenants.outcomes.verification.fetching import KEPT
from tenants.outcomes.verification.models import CandidateSearch, SourcePage


def expect_expiry(session: Session) -> None:
    """Have what comes from outside go once its time is over, unless that is expected already."""
    waiting = exists().where(Job.kind == "public_data_expiry", Job.state == "queued")
    if not session.scalar(select(waiting)):
        jobs.enqueue(session, "public_data_expiry", subject_id=session.tenant_id, not_before=now() + KEPT)


def forget(claim: Claim) -> None:
    """Delete the tenant's pages and searches whose time is over; while there are others, come again for them."""
    with claim.effect() as session:
        session.execute(delete(SourcePage).where(SourcePage.fetched_at <= now() - KEPT))
        session.execute(delete(CandidateSearch).where(CandidateSearch.expires_at <= now()))
        pages = session.scalar(select(func.min(SourcePage.fetched_at)))
        searches = session.scalar(select(func.min(CandidateSearch.expires_at)))
        ends = [*([pages + KEPT] if pages else []), *([searches] if searches else [])]
        if ends:
            claim.go_on(min(ends))
