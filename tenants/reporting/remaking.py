"""Making a report again from what was frozen with it."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.kernel.errors import Conflict
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.reporting.leaving import Frozen, leaving_document
from tenants.reporting.ledger import earlier_releases
from tenants.reporting.metrics import METRICS
from tenants.reporting.models import Report, ReportFile, ReportInput, ReportSnapshot
from tenants.reporting.releasing import Released, released
from tenants.reporting.tables import CountTable, table_from
from tenants.reporting.writing import written


def remade(session: Session, *, report_id: UUID) -> bool:
    """Whether the exact tables behind a report that may leave, protected anew after the same ledger, give the very same
    files. False as well where the definitions have changed since.

    Raises NotFound, and Conflict "not_frozen" for a report without a snapshot.
    """
    report, snapshot, tables = _frozen(session, report_id)
    leaving = released(
        tables,
        as_of=snapshot.as_of.isoformat(),
        snapshot=snapshot.digest,
        threshold=snapshot.threshold,
        ledger=earlier_releases(session, program_id=snapshot.program_id, before=snapshot.based_on),
    )
    if leaving.document != snapshot.document or len(_words(report).tables) != len(METRICS):
        return False
    built = _built(report, snapshot, tables)
    files = session.execute(
        select(ReportFile.format, ReportFile.sha256).where(ReportFile.report_id == report_id)
    )
    return all(_digest(form, built) == digest for form, digest in files)


def _frozen(session: Session, report_id: UUID) -> tuple[Report, ReportSnapshot, list[CountTable]]:
    report = row_of(session, Report, report_id)
    if report.snapshot_id is None:
        raise Conflict("Only a report that may leave, once built, can be made again.", code="not_frozen")
    snapshot = session.get_one(ReportSnapshot, (session.tenant_id, report.snapshot_id))
    kept = select(ReportInput.tables).where(ReportInput.snapshot_id == snapshot.id)
    return report, snapshot, [table_from(each) for each in session.scalars(kept).one()]


def _built(report: Report, snapshot: ReportSnapshot, tables: list[CountTable]) -> dict[str, Any]:
    words = _words(report)
    leaving = Released(snapshot.document)
    return leaving_document(report, words, list(_by_metric(tables, words)), leaving, snapshot.threshold)


def _words(report: Report) -> Frozen:
    return Frozen.of(report.frozen or "")


def _digest(form: str, built: dict[str, Any]) -> str:
    digest = sha256()
    for chunk in written(form, built):
        digest.update(chunk)
    return digest.hexdigest()


def _by_metric(tables: list[CountTable], frozen: Frozen) -> Iterator[list[CountTable]]:
    begin = 0
    for number in frozen.tables:
        yield tables[begin : begin + number]
        begin += number
