"""The ledger of a program: what has left, in its order, whoever received it.

What may leave is counted for the program as a whole and kept as a snapshot; a report shows a part of it. A snapshot
enters the ledger when a report on it is downloaded first, and only if nothing else has since it was protected: the
numbers that it hides were chosen knowing all that had left before.
"""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.rows import broken_rule, row_of
from tenants.kernel.session import Session
from tenants.people.models import ConsentEntry
from tenants.reporting.metrics.award_lists import CHOICES
from tenants.reporting.models import Report, ReportInput, ReportSnapshot
from tenants.reporting.releasing import Earlier
from tenants.reporting.shapes import names_of
from tenants.reporting.tables import CountTable, table_from

KEPT = timedelta(days=90)
"""How long a report may wait until it leaves first."""
REPORTED_ON = ("outcomes", "funder_sharing", "demographics")
"""The purposes of which a report asks."""
_ENTRIES = (
    select(
        ReportSnapshot.document,
        ReportSnapshot.created_at,
        ReportSnapshot.digest,
        ReportSnapshot.pooled_report_id.is_not(None).label("pooled"),
        ReportInput.tables,
    )
    .outerjoin(
        ReportInput,
        (ReportInput.tenant_id == ReportSnapshot.tenant_id) & (ReportInput.snapshot_id == ReportSnapshot.id),
    )
    .order_by(ReportSnapshot.place)
)


def earlier_releases(session: Session, *, program_id: UUID, before: int | None = None) -> list[Earlier]:
    """A program's ledger, or its first `before` entries, with the exact counts behind each."""
    rows = _ENTRIES.where(ReportSnapshot.program_id == program_id, ReportSnapshot.place.is_not(None))
    if before is not None:
        rows = rows.where(ReportSnapshot.place <= before)
    return [_earlier(row) for row in session.execute(rows)]


def parts_released(session: Session, *, program_id: UUID) -> Sequence[Any]:
    """Whom a program's outward reports were for: funders by name, and whether one was on a cohort."""
    parts = select(Report.funder, Report.cohort_id.is_not(None).label("by_cohort")).where(
        Report.program_id == program_id, Report.snapshot_id.is_not(None)
    )
    return list(session.execute(parts.distinct()))


def list_released(session: Session, *, program_id: UUID) -> str | None:
    """The list of major awards by which a program's releases count, None before the first of them."""
    rows = (
        select(func.coalesce(Report.award_list, CHOICES[0]))
        .join(
            ReportSnapshot,
            (ReportSnapshot.tenant_id == Report.tenant_id) & (ReportSnapshot.id == Report.snapshot_id),
        )
        .where(ReportSnapshot.program_id == program_id, ReportSnapshot.place.is_not(None))
    )
    return session.scalar(rows.order_by(ReportSnapshot.place.desc()).limit(1))


def breakdowns_released(session: Session, *, program_id: UUID) -> tuple[set[str], set[str]]:
    """The names of what left of a program, and of what was left out of that (`shapes`)."""
    inputs = (ReportInput.tenant_id == ReportSnapshot.tenant_id) & (
        ReportInput.snapshot_id == ReportSnapshot.id
    )
    rows = session.execute(
        select(ReportInput.tables, ReportSnapshot.left_out)
        .outerjoin(ReportInput, inputs)
        .where(ReportSnapshot.program_id == program_id, ReportSnapshot.place.is_not(None))
        .where(ReportSnapshot.pooled_report_id.is_(None))
    ).all()
    told = names_of([each for tables, _ in rows for each in tables or ()])
    return told, {name for _, names in rows for name in names}


def told_digest(report_id: UUID, digest: str) -> str:
    """What a report that leaves tells of the digest of its inputs: the tenant can hold it against that of the snapshot,
    and whoever has two reports cannot see whether anybody's row changed in between.
    """
    return sha256(f"{report_id}:{digest}".encode()).hexdigest()


def snapshot_of_report(session: Session, *, report_id: UUID) -> tuple[ReportSnapshot, list[Any]]:
    """What a report shows a part of, and the exact tables behind it. Raises NotFound where nothing of it leaves."""
    report = row_of(session, Report, report_id)
    if report.snapshot_id is None or report.pooled_for is not None:  # what a pool released is the funder's
        raise NotFound("snapshot of this report")
    snapshot = session.get_one(ReportSnapshot, (session.tenant_id, report.snapshot_id))
    exact = select(ReportInput.tables).where(ReportInput.snapshot_id == snapshot.id)
    return snapshot, session.scalars(exact).one()


def enter(session: Session, report: Report) -> None:
    """Put what a report shows into the ledger, if it is not there.

    Raises Conflict "out_of_date" where something else left the program since the report was built, and of a report that
    has not left before, where somebody withdrew since people were counted, or that was 90 days ago.
    """
    if report.snapshot_id is None:
        return
    if report.disclosed_at is None:
        refuse_stale(session, report)
        report.disclosed_at = now()
    snapshot = session.get_one(ReportSnapshot, (session.tenant_id, report.snapshot_id))
    if snapshot.place is not None:
        return
    placed = update(ReportSnapshot).where(
        ReportSnapshot.id == snapshot.id,
        ReportSnapshot.place.is_(None),
        ReportSnapshot.based_on == _length(snapshot.program_id),
    )
    try:
        done = session.execute(
            placed.values(place=snapshot.based_on + 1).returning(ReportSnapshot.id)
        ).one_or_none()
    except IntegrityError as error:  # by a download at the same moment
        if not broken_rule(error).endswith("place"):
            raise
        raise _out_of_date() from error
    session.refresh(snapshot)
    if done is None and snapshot.place is None:
        raise _out_of_date()
    if done is not None:
        events.record(session, "report.released", subject=report)


def refuse_stale(session: Session, report: Report) -> None:
    """Raise Conflict "out_of_date" where somebody withdrew since a report's people were counted, or after 90 days."""
    if report.audience == "internal":
        return
    known = report.refusals
    new = known is None or session.scalar(
        _refusals(report.program_id).where(ConsentEntry.id.not_in(known)).limit(1)
    )
    if report.created_at < now() - KEPT or new:
        raise Conflict(
            "Too much has changed since people were counted; order the report anew.", code="out_of_date"
        )


def _earlier(row: Any) -> Earlier:
    tables = None if row.pooled else row.tables
    counts = None if tables is None else _counts(tables)
    at = row.created_at.isoformat()
    return Earlier(row.document, counts, tables or (), pooled=row.pooled, at=at, digest=row.digest)


def refusals(session: Session, *, program_id: UUID) -> list[UUID]:
    """The entries by which somebody of a program refused what reports ask for, as far as they are seen now.

    An entry says when it was made, and is seen once it is committed: its time does not tell whether a count knew of it.
    """
    return list(session.scalars(_refusals(program_id)))


def _refusals(program_id: UUID) -> Select[Any]:
    return select(ConsentEntry.id).where(
        ConsentEntry.program_id == program_id,
        ConsentEntry.purpose.in_(REPORTED_ON),
        ConsentEntry.decision != "granted",
    )


def _length(program_id: UUID) -> Any:
    return (
        select(func.count())
        .where(ReportSnapshot.program_id == program_id, ReportSnapshot.place.is_not(None))
        .scalar_subquery()
    )


def _counts(tables: Sequence[dict[str, Any]]) -> dict[Any, int]:
    found: list[CountTable] = [table_from(each) for each in tables]
    return {key: number for each in found for key, number in each.counts.items()}


def _out_of_date() -> Conflict:
    return Conflict(
        "Another report on this program left since this one was built; order it anew.", code="out_of_date"
    )
