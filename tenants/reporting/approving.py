"""The files of an approved release: the same report, whose cover names who approved it and when.

They take the place of those that were looked through, from whose words nothing else differs, and are what the addressee
receives byte for byte.
"""

from typing import Any

from sqlalchemy import select, text, update

from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.files import FileStore
from tenants.kernel.kept import KeptFile, delete_dropped, drop
from tenants.kernel.rows import row_held, row_of
from tenants.kernel.session import Session
from tenants.reporting.agreements import name_of
from tenants.reporting.files import Written, write_files
from tenants.reporting.leaving import Frozen
from tenants.reporting.models import Report, ReportFile
from tenants.reporting.release_models import Release
from tenants.reporting.remaking import Remaking, digest_of
from tenants.reporting.writing import written


def write_approved(claim: Claim) -> None:
    """Write the files of the claimed release anew, once it is approved.

    Raises JobFailed "definitions_changed" where anything else would differ from what was looked through.
    """
    with claim.session() as session:
        release = row_of(session, Release, claim.subject_id)
        kept = Remaking.of(session, report_id=release.report_id)
        looked_through = session.scalars(
            select(ReportFile.sha256).where(
                ReportFile.report_id == release.report_id, ReportFile.format == "json"
            )
        ).one()
        approval = _approval(session, release)
        session.expunge_all()
    if not kept.known or digest_of("json", kept.document(kept.words)) != looked_through:
        raise JobFailed("definitions_changed", "What reports say has changed since; draft it anew.")
    words = Frozen(kept.words.said, {**kept.words.cover, "approved_by": approval}, kept.words.tables)
    document = kept.document(words)
    files = FileStore.of(claim.settings)
    contents = {form: written(form, document) for form in kept.report.formats}
    wrote = write_files(files, tenant_id=claim.tenant_id, contents=contents)
    with claim.effect() as session:
        release = row_held(session, Release, claim.subject_id)
        if (release.state, release.report_id) == ("approved", kept.report.id):
            row_of(session, Report, kept.report.id).frozen = words.text
            for each in wrote:
                _replace(session, kept.report, each)
    delete_dropped(session, files)


def _approval(session: Session, release: Release) -> dict[str, Any] | None:
    """Who approved it, and on which day (UTC); None of one that is approved no longer."""
    if release.approved_at is None:
        return None
    institution = session.scalars(text("SELECT name FROM tenant")).one()
    name = name_of(session, release.approved_by) or f"A client of {institution}"
    return {"name": name, "at": release.approved_at.date().isoformat()}


def _replace(session: Session, report: Report, file: Written) -> None:
    of_it = (ReportFile.report_id == report.id, ReportFile.format == file.format)
    before = session.scalars(select(ReportFile.file_id).where(*of_it)).one()
    session.add(KeptFile(id=file.id, size=file.size))
    session.flush()
    session.execute(
        update(ReportFile).where(*of_it).values(file_id=file.id, size=file.size, sha256=file.sha256)
    )
    drop(session, before)
