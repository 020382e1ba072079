"""Sending a release: into the ledger, and into the addressee's rows."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text

from tenants.cohorts.models import Cohort, Program
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.reporting.agreements import agreement, name_of, send
from tenants.reporting.corrections import corrections, nothing_to_report
from tenants.reporting.ledger import enter
from tenants.reporting.models import Report, ReportFile
from tenants.reporting.release_models import ReceivedReport, Release
from tenants.reporting.releases import held

_COPY = text(
    "INSERT INTO received_file (tenant_id, id, source_tenant_id, received_report_id, format, content, sha256)"
    " SELECT :addressee, uuidv7(), tenant_id, :release, format, content, sha256 FROM report_file"
    "  WHERE report_id = :report"
)


def send_release(session: Session, *, release_id: UUID) -> None:
    """Send an approved release to the funder of its agreement, or publish it where there is none. From then on it is in
    the ledger, and stands whatever happens.

    Raises NotFound, Conflict "wrong_state", "not_in_force" where its agreement has ended, and as `ledger.enter`.
    """
    release = held(session, release_id, "approved")
    report = row_of(session, Report, release.report_id)
    found = None
    if release.agreement_id is not None:
        found = agreement(session, release.agreement_id)
        if found.state != "signed":
            raise Conflict(f"The agreement is {found.state}.", code="not_in_force")
    enter(session, report)
    document = _document(session, report.id)
    release.coverage = document["cover"]["coverage"]
    release.nil = nothing_to_report(document)
    release.corrections = _corrections(session, release, document)
    release.state, release.sent_at = "sent", now()
    session.flush()
    if found is not None:
        _deliver(session, release, report, found)
    events.record(session, "release.sent", subject=release)


def _corrections(session: Session, release: Release, document: dict[str, Any]) -> list[dict[str, Any]]:
    """What it says otherwise than what it supersedes, which it takes the place of."""
    if release.supersedes_id is None:
        return []
    before = held(session, release.supersedes_id, "sent")
    before.state = "superseded"
    return corrections(_document(session, before.report_id), document)


def _document(session: Session, report_id: UUID) -> dict[str, Any]:
    file = select(ReportFile.content).where(ReportFile.report_id == report_id, ReportFile.format == "json")
    document: dict[str, Any] = orjson.loads(session.scalars(file).one())
    return document


def _deliver(session: Session, release: Release, report: Report, found: Any) -> None:
    program = row_of(session, Program, report.program_id)
    cohort = row_of(session, Cohort, report.cohort_id) if report.cohort_id else None
    arriving = ReceivedReport(
        id=release.id,
        tenant_id=found.partner_id,
        source_tenant_id=session.tenant_id,
        agreement_id=found.id,
        from_name=session.scalars(text("SELECT name FROM tenant")).one(),
        title=f"{program.name}, {cohort.name}" if cohort else program.name,
        as_of=report.as_of,
        due_on=release.due_on,
        supersedes_id=release.supersedes_id,
        approved_by=name_of(session, release.approved_by),
        nil=release.nil,
        coverage=release.coverage,
        corrections=release.corrections,
        formats=report.formats,
    )
    send(session, arriving)
    known = {"addressee": found.partner_id, "release": release.id, "report": report.id}
    session.execute(_COPY, known)
