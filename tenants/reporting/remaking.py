"""Making a report again from what was frozen with it."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select

from tenants.kernel.errors import Conflict
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.reporting.leaving import Frozen, leaving_document
from tenants.reporting.ledger import earlier_releases
from tenants.reporting.metrics import METRICS
from tenants.reporting.models import Report, ReportFile, ReportInput, ReportSnapshot
from tenants.reporting.releasing import released
from tenants.reporting.rendering import RENDER
from tenants.reporting.tables import CountTable, table_from


def remade(session: Session, *, report_id: UUID) -> bool:
    """Whether the exact tables behind a report that may leave, protected anew after the same ledger, give the very same
    files. False as well where the definitions have changed since.

    Raises NotFound, and Conflict "not_frozen" for a report without a snapshot.
    """
    report = row_of(session, Report, report_id)
    if report.snapshot_id is None or report.frozen is None:
        raise Conflict("Only a report that may leave, once built, can be made again.", code="not_frozen")
    snapshot = session.get_one(ReportSnapshot, (session.tenant_id, report.snapshot_id))
    kept = select(ReportInput.tables).where(ReportInput.snapshot_id == snapshot.id)
    tables = [table_from(each) for each in session.scalars(kept).one()]
    leaving = released(
        tables,
        as_of=snapshot.as_of.isoformat(),
        snapshot=snapshot.digest,
        threshold=snapshot.threshold,
        ledger=earlier_releases(session, program_id=snapshot.program_id, before=snapshot.based_on),
    )
    frozen = Frozen.of(report.frozen)
    if leaving.document != snapshot.document or len(frozen.tables) != len(METRICS):
        return False
    by_metric = list(_by_metric(tables, frozen))
    built = leaving_document(report, frozen, by_metric, leaving, snapshot.threshold)
    files = session.execute(
        select(ReportFile.format, ReportFile.content).where(ReportFile.report_id == report_id)
    )
    return all(RENDER[form](built) == content for form, content in files)


def _by_metric(tables: list[CountTable], frozen: Frozen) -> Iterator[list[CountTable]]:
    begin = 0
    for number in frozen.tables:
        yield tables[begin : begin + number]
        begin += number
