"""Building a report in the background: count, protect what leaves, and write the files."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.cohorts.models import Cohort, Program
from tenants.institutions.models import Tenant
from tenants.kernel import events
from tenants.kernel.claims import Claim
from tenants.kernel.files import FileStore
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session, expect_many_rows
from tenants.reporting.counting import Counting
from tenants.reporting.covers import cover_of
from tenants.reporting.document import Section, document
from tenants.reporting.files import add_files, write_files
from tenants.reporting.lanes import counted
from tenants.reporting.leaving import Frozen, leaving_document
from tenants.reporting.ledger import (
    breakdowns_released,
    earlier_releases,
    list_released,
    parts_released,
    refusals,
    told_digest,
)
from tenants.reporting.metric import Figure
from tenants.reporting.metrics import metrics_by
from tenants.reporting.models import Report, ReportFile, ReportInput, ReportSnapshot
from tenants.reporting.releasing import Earlier, Released, released_of_one
from tenants.reporting.scope import Scope
from tenants.reporting.shapes import rolled_up
from tenants.reporting.shared import note_counted
from tenants.reporting.tables import CountTable, said_of_table
from tenants.reporting.writing import written


@dataclass(frozen=True)
class Order:
    """What was read at one moment: the report, what was counted, and all that had left before."""

    report: Report
    said: dict[str, Any]
    cover: dict[str, Any]
    scope: Scope
    found: Sequence[tuple[Sequence[CountTable], Sequence[Figure]]]
    left_out: Collection[str]
    digest: str
    threshold: int
    ledger: Sequence[Earlier]
    people: Sequence[Any]
    refusals: Sequence[UUID]

    @property
    def tables(self) -> list[CountTable]:
        """All that was counted."""
        return [table for tables, _ in self.found for table in tables]

    @property
    def frozen(self) -> Frozen:
        """What the report says beside its numbers."""
        return Frozen(self.said, self.cover, [len(tables) for tables, _ in self.found])


def build_report(claim: Claim) -> None:
    """Build the claimed report and write its files, once."""
    with claim.session(snapshot=True) as session:  # so that the totals of all metrics agree
        expect_many_rows(session)
        order = ordered(session, claim, row_of(session, Report, claim.subject_id))
    leaving = None
    if order.scope.outward:
        leaving = released_of_one(
            order.tables,
            str(claim.tenant_id),
            as_of=order.report.as_of.isoformat(),
            snapshot=order.digest,
            threshold=order.threshold,
            ledger=order.ledger,
        )
        claim.check()
    built = _document(order, leaving)
    contents = {form: written(form, built) for form in order.report.formats}
    files = write_files(FileStore.of(claim.settings), tenant_id=claim.tenant_id, contents=contents)
    with claim.effect() as session:
        report = row_of(session, Report, order.report.id)
        if leaving is not None:
            report.snapshot_id = keep(session, order, leaving)
            report.refusals, report.award_list = list(order.refusals), order.report.award_list
            report.frozen = order.frozen.text
            note_counted(session, report_id=report.id, people=order.people)
        add_files(session, ReportFile, files, report_id=report.id)
        events.record(session, "report.built", subject=report)


def ordered(session: Session, claim: Claim, report: Report) -> Order:
    """Count all that a report is of."""
    program = row_of(session, Program, report.program_id)
    tenant = session.get_one(Tenant, session.tenant_id)
    ledger = earlier_releases(session, program_id=program.id) if report.audience != "internal" else []
    scope = _scope(session, report)
    fixed = list_released(session, program_id=program.id) if scope.outward else None
    award_list = fixed or report.award_list
    metrics = metrics_by(award_list)
    counting = Counting(session, scope, threshold=tenant.disclosure_threshold)
    counting.count_people(program.funders)
    people = counting.people(report.cohort_id, report.funder) if scope.outward else []
    told, digest = counted(claim, counting, metrics, program.funders)
    found = [(each.tables, each.exact) for each in told]
    gone = set[str]()
    if scope.outward:
        found, gone = _rolled_up(session, scope, found, counting.threshold)
    cohort = row_of(session, Cohort, report.cohort_id) if report.cohort_id else None
    said = {
        "report_id": str(report.id),
        "audience": report.audience,
        "funder": report.funder,
        "as_of": report.as_of.isoformat(),
        "scope": {
            "program_id": str(program.id),
            "program": program.name,
            "cohort_id": str(cohort.id) if cohort else None,
            "cohort": cohort.name if cohort else None,
        },
        "inputs": {"sha256": told_digest(report.id, digest) if scope.outward else digest},
    }
    cover = cover_of(session, report, institution=tenant.name)
    if report in session:
        session.expunge(report)
    report.award_list = award_list
    threshold = tenant.disclosure_threshold
    known = refusals(session, program_id=program.id)
    return Order(report, said, cover, scope, found, gone, digest, threshold, ledger, people, known)


def _scope(session: Session, report: Report) -> Scope:
    """Inside, the report's cohort or every cohort of its program. What leaves is counted for the program, in all parts
    that any report of it was for."""
    every = select(Cohort.id).where(Cohort.program_id == report.program_id).order_by(Cohort.id)
    outward = report.audience != "internal"
    cohort_ids = [report.cohort_id] if report.cohort_id and not outward else session.scalars(every)
    parts = parts_released(session, program_id=report.program_id) if outward else []
    funders = {each.funder for each in parts} | {report.funder}
    return Scope(
        tenant_id=report.tenant_id,
        program_id=report.program_id,
        cohort_ids=tuple(cohort_ids),
        as_of=report.as_of,
        outward=outward,
        by_cohort=outward and (report.cohort_id is not None or any(each.by_cohort for each in parts)),
        funders=tuple(sorted(each for each in funders if each is not None)) if outward else (),
    )


def _rolled_up(
    session: Session,
    scope: Scope,
    found: Sequence[tuple[Sequence[CountTable], Sequence[Figure]]],
    threshold: int,
) -> tuple[list[tuple[Sequence[CountTable], Sequence[Figure]]], set[str]]:
    """What leaves of each metric's tables, and what is left out."""
    told, gone = breakdowns_released(session, program_id=scope.program_id)
    leaving = list[tuple[Sequence[CountTable], Sequence[Figure]]]()
    for tables, exact in found:
        left, gone = rolled_up(tables, told=told, before=gone, threshold=threshold)
        leaving.append((left, exact))
    return leaving, gone


def _document(order: Order, leaving: Released | None) -> dict[str, Any]:
    if leaving is not None:
        tables = [tables for tables, _ in order.found]
        return leaving_document(order.report, order.frozen, tables, leaving, order.threshold)
    sections = [
        Section(metric, [each.whole(order.report.as_of) for each in tables], exact)
        for metric, (tables, exact) in zip(metrics_by(order.report.award_list), order.found, strict=True)
    ]
    return document(order.said, order.cover, sections, threshold=None)


def keep(session: Session, order: Order, leaving: Released, *, pooled_report_id: UUID | None = None) -> UUID:
    """Keep what may leave, and the exact numbers behind it; the snapshot's id. `pooled_report_id`: see the model."""
    snapshot_id = new_id()
    session.add(
        ReportSnapshot(
            id=snapshot_id,
            program_id=order.report.program_id,
            as_of=order.report.as_of,
            digest=order.digest,
            threshold=order.threshold,
            document=leaving.document,
            refused=leaving.refused,
            left_out=sorted(order.left_out),
            based_on=len(order.ledger),
            pooled_report_id=pooled_report_id,
        )
    )
    session.flush()
    tables = [said_of_table(each) for each in order.tables]
    session.add(ReportInput(program_id=order.report.program_id, snapshot_id=snapshot_id, tables=tables))
    session.flush()
    return snapshot_id
