"""Sending a release: into the ledger, and into the addressee's rows."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text

from tenants.cohorts.models import Cohort, Program
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.kernel.files import FileStore
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.reporting.agreements import agreement, name_of
from tenants.reporting.corrections import corrections, nothing_to_report
from tenants.reporting.ledger import enter, refuse_stale
from tenants.reporting.models import Report, ReportFile
from tenants.reporting.passing import send
from tenants.reporting.release_models import ReceivedFile, ReceivedReport, Release
from tenants.reporting.releases import held, refuse_unbuilt

_KEEP = text("SELECT door.keep_received(:sent)")


def send_release(session: Session, *, release_id: UUID, files: FileStore) -> None:
    """Send an approved release to the funder of its agreement, or publish it where there is none. From then on it is in
    the ledger, and stands whatever happens.

    Raises NotFound, Conflict "wrong_state", "not_ready" until its files name the approver, "not_in_force" where its
    agreement has ended, and as `ledger.enter`.
    """
    release = held(session, release_id, "approved")
    report = row_of(session, Report, release.report_id)
    found = None
    if release.agreement_id is not None:
        found = agreement(session, release.agreement_id)
        if found.state != "signed":
            raise Conflict(f"The agreement is {found.state}.", code="not_in_force")
    # Whoever looked it through has downloaded it: that is no reason to send it on.
    refuse_stale(session, report)
    refuse_unbuilt(session, release)
    enter(session, report)
    document = _document(session, report.id, files)
    release.coverage = document["cover"]["coverage"]
    release.nil = nothing_to_report(document)
    release.corrections = _corrections(session, release, document, files)
    release.state, release.sent_at = "sent", now()
    session.flush()
    if found is not None:
        _deliver(session, release, found)
        _copy(session, release, found.partner_id, files)
    events.record(session, "release.sent", subject=release)


def _corrections(
    session: Session, release: Release, document: dict[str, Any], files: FileStore
) -> list[dict[str, Any]]:
    """What it says otherwise than what it supersedes, which it takes the place of."""
    if release.supersedes_id is None:
        return []
    before = held(session, release.supersedes_id, "sent")
    before.state = "superseded"
    return corrections(_document(session, before.report_id, files), document)


def _document(session: Session, report_id: UUID, files: FileStore) -> dict[str, Any]:
    """The document as it was built, whatever the definitions say by now."""
    kept = select(ReportFile.file_id).where(ReportFile.report_id == report_id, ReportFile.format == "json")
    content = files.kept(session.tenant_id, session.scalars(kept).one())
    document: dict[str, Any] = orjson.loads(b"".join(content))
    return document


def _deliver(session: Session, release: Release, found: Any) -> None:
    report = row_of(session, Report, release.report_id)
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


def _copy(session: Session, release: Release, addressee: UUID, files: FileStore) -> None:
    """Give the addressee files of its own, byte for byte. What is copied for nothing is an orphan there."""
    for each in session.scalars(select(ReportFile).where(ReportFile.report_id == release.report_id)):
        file_id = new_id()
        files.copy(session.tenant_id, each.file_id, to_tenant=addressee, to_file=file_id)
        row = ReceivedFile(
            id=new_id(),
            tenant_id=addressee,
            source_tenant_id=session.tenant_id,
            received_report_id=release.id,
            format=each.format,
            file_id=file_id,
            size=each.size,
            sha256=each.sha256,
        )
        session.add(row)
    session.flush()
    session.execute(_KEEP, {"sent": release.id})
