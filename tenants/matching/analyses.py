"""Asking what the rules of a run cost, and what plain ways reach."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from tenants.kernel import events, jobs
from tenants.kernel.errors import Conflict
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tenants.kernel.rows import one, row_held
from tenants.kernel.session import Session
from tenants.matching.models import MatchingAnalysis, MatchingRun


def order_analysis(session: Session, *, matching_run_id: UUID) -> MatchingAnalysis:
    """Order what each rule costs a run's proposal and what plain ways reach. Raises NotFound, Conflict "not_ready"."""
    run = row_held(session, MatchingRun, matching_run_id)
    check_proposes(run)
    analysis_id = new_id()
    job = jobs.enqueue(session, "matching_analysis", subject_id=analysis_id)
    session.flush()
    analysis = MatchingAnalysis(id=analysis_id, matching_run_id=run.id, job_id=job.id)
    session.add(analysis)
    session.flush()
    events.record(session, "matching_analysis.ordered", subject=analysis)
    return analysis


def analyses(matching_run_id: UUID) -> Select[Any]:
    """The analyses of a run, each with the `state`, `progress` and `error` of its job."""
    return (
        select(*MatchingAnalysis.__table__.columns, Job.state, Job.progress, Job.error)
        .join(Job, (Job.tenant_id == MatchingAnalysis.tenant_id) & (Job.id == MatchingAnalysis.job_id))
        .where(MatchingAnalysis.matching_run_id == matching_run_id)
    )


def analysis(session: Session, *, matching_run_id: UUID, analysis_id: UUID) -> Row[Any]:
    """One analysis as lists show it. Raises NotFound."""
    return one(session, analyses(matching_run_id).where(MatchingAnalysis.id == analysis_id), "analysis")


def check_proposes(run: MatchingRun) -> None:
    """Raise Conflict "not_ready" for a run without groups."""
    if run.group_count is None:
        raise Conflict("This run proposes no groups.", code="not_ready")
