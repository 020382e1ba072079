"""Making a report again from what was frozen with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select

from tenants.kernel.errors import Conflict
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.reporting.leaving import Frozen, leaving_document
from tenants.reporting.ledger import earlier_releases
from tenants.reporting.metrics import METRICS
from tenants.reporting.models import Report, ReportFile, ReportInput, ReportSnapshot
from tenants.reporting.releasing import Released, released_of_one
from tenants.reporting.tables import CountTable, table_from
from tenants.reporting.writing import written


@dataclass(frozen=True)
class Remaking:
    """A report that may leave, and all that its files were made of."""

    report: Report
    words: Frozen
    snapshot: ReportSnapshot
    tables: Sequence[CountTable]

    @classmethod
    def of(cls, session: Session, *, report_id: UUID) -> Self:
        """What was frozen with a report. Raises NotFound, and Conflict "not_frozen" for one without a snapshot."""
        report = row_of(session, Report, report_id)
        if report.snapshot_id is None or report.pooled_for is not None:
            raise Conflict("Only a report that may leave, once built, can be made again.", code="not_frozen")
        snapshot = session.get_one(ReportSnapshot, (session.tenant_id, report.snapshot_id))
        kept = select(ReportInput.tables).where(ReportInput.snapshot_id == snapshot.id)
        tables = [table_from(each) for each in session.scalars(kept).one()]
        return cls(report, Frozen.of(report.frozen or ""), snapshot, tables)

    @property
    def known(self) -> bool:
        """Whether there are as many metrics still as it was made of."""
        return len(self.words.tables) == len(METRICS)

    def document(self, words: Frozen) -> dict[str, Any]:
        """The document with these words, by the definitions of today. Only where the metrics are `known`."""
        leaving = Released(self.snapshot.document)
        return leaving_document(self.report, words, list(self._by_metric()), leaving, self.snapshot.threshold)

    def _by_metric(self) -> Iterator[Sequence[CountTable]]:
        begin = 0
        for number in self.words.tables:
            yield self.tables[begin : begin + number]
            begin += number


def remade(session: Session, *, report_id: UUID) -> bool:
    """Whether the exact tables behind a report that may leave, protected anew after the same ledger, give the very same
    files. False as well where the definitions have changed since.

    Raises NotFound, and Conflict "not_frozen" for a report without a snapshot.
    """
    kept = Remaking.of(session, report_id=report_id)
    snapshot = kept.snapshot
    leaving = released_of_one(
        kept.tables,
        str(session.tenant_id),
        as_of=snapshot.as_of.isoformat(),
        snapshot=snapshot.digest,
        threshold=snapshot.threshold,
        ledger=earlier_releases(session, program_id=snapshot.program_id, before=snapshot.based_on),
    )
    if leaving.document != snapshot.document or not kept.known:
        return False
    built = kept.document(kept.words)
    files = session.execute(
        select(ReportFile.format, ReportFile.sha256).where(ReportFile.report_id == report_id)
    )
    return all(digest_of(form, built) == digest for form, digest in files)


def digest_of(form: str, document: dict[str, Any]) -> str:
    """SHA-256 of a form of a document, in hex."""
    digest = sha256()
    for chunk in written(form, document):
        digest.update(chunk)
    return digest.hexdigest()
