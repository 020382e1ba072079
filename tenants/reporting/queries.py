"""Reports and their files."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.jobs import Job
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session
from tenants.reporting.files import ReportDownload, file_of
from tenants.reporting.ledger import enter
from tenants.reporting.models import Report


def reports(cohort_id: UUID | None = None, program_id: UUID | None = None) -> Select[Any]:
    """The tenant's reports, each with its job's state, progress and error."""
    rows = select(*Report.__table__.columns, Job.state, Job.progress, Job.error).join(
        Job, (Job.tenant_id == Report.tenant_id) & (Job.id == Report.job_id)
    )
    if cohort_id is not None:
        rows = rows.where(Report.cohort_id == cohort_id)
    return rows if program_id is None else rows.where(Report.program_id == program_id)


def report(session: Session, *, report_id: UUID) -> Row[Any]:
    """One report as lists show it. Raises NotFound."""
    return one(session, reports().where(Report.id == report_id), "report")


def file_of_report(session: Session, *, report_id: UUID, format_: str) -> ReportDownload:
    """A report's file, for whoever may take it: the first time what leaves enters the ledger (`ledger.enter`).

    Raises as that, NotFound for a format that was not ordered, Conflict "not_ready" while the report is being built
    and "not_built" where that failed or was cancelled.
    """
    found = report(session, report_id=report_id)
    if format_ not in found.formats:
        raise NotFound("file of this report")
    if found.state in ("queued", "running"):
        raise Conflict("This report is still being built; ask again shortly.", code="not_ready")
    if found.state != "succeeded":
        raise Conflict(f"This report was not built ({found.state}).", code="not_built")
    enter(session, row_of(session, Report, report_id))
    return file_of(session, report_id=report_id, format_=format_)
