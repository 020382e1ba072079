"""What of somebody's went into reports that left: her own to read, and nobody else's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, literal, null, select, text, union_all

from tenants.cohorts.models import Program
from tenants.kernel.session import Session
from tenants.reporting.models import Report
from tenants.reporting.named.ordering import naming
from tenants.reporting.release_models import CountedPerson, Release

_NOTE = text(
    "INSERT INTO counted_person (tenant_id, id, report_id, membership_id, with_outcomes)"
    " SELECT :tenant, uuidv7(), :report, membership_id, with_outcomes"
    "   FROM unnest(CAST(:members AS uuid[]), CAST(:outcomes AS boolean[])) AS p (membership_id, with_outcomes)"
    "   JOIN membership m ON m.id = membership_id"
)
# Without a condition, which would ask for the right to read: the wall keeps all but those of reports that have not left
# within 90 days, and cannot any more (`ledger.KEPT`).
_FORGET = text("DELETE FROM counted_person")


def note_counted(session: Session, *, report_id: UUID, people: Sequence[Any]) -> None:
    """Note, for each of them alone, who is counted in a report, and forget it of reports that have not left in time."""
    members, outcomes = ([row[place] for row in people] for place in (0, 1))
    known = {"tenant": session.tenant_id, "report": report_id, "members": members, "outcomes": outcomes}
    session.execute(_NOTE, known)
    session.execute(_FORGET)


def shared_of(membership_id: UUID) -> Select[Any]:
    """The reports that left with somebody's data in them, to whom and when, and the documents that name her, with what
    they say of her. A session sees its own member's alone.
    """
    return select(union_all(_counted(membership_id), _named(membership_id)).subquery())


def _named(membership_id: UUID) -> Select[Any]:
    rows = naming(membership_id).subquery().c
    columns: tuple[Any, ...] = (
        rows.id,
        null().label("report_id"),
        rows.named_document_id,
        rows.kind,
        literal("funder").label("audience"),
        null().label("funder"),
        null().label("sent_to"),
        literal(False).label("pooled"),
        rows.program_name,
        rows.as_of,
        literal(True).label("with_outcomes"),
        rows.shared_at,
        rows.said,
    )
    return select(*columns)


def _counted(membership_id: UUID) -> Select[Any]:
    counted, of_report = CountedPerson, CountedPerson.report_id == Report.id
    columns: tuple[Any, ...] = (
        counted.id,
        Report.id.label("report_id"),
        null().label("named_document_id"),
        null().label("kind"),
        Report.audience,
        Report.funder,
        func.coalesce(Release.addressee_name, Report.pooled_for).label("sent_to"),
        Report.pooled_for.is_not(None).label("pooled"),
        Program.name.label("program_name"),
        Report.as_of,
        counted.with_outcomes,
        Report.disclosed_at.label("shared_at"),
        null().label("said"),
    )
    return (
        select(*columns)
        .join(Report, (Report.tenant_id == counted.tenant_id) & of_report)
        .join(Program, (Program.tenant_id == Report.tenant_id) & (Program.id == Report.program_id))
        .outerjoin(Release, (Release.tenant_id == Report.tenant_id) & (Release.report_id == Report.id))
        .where(counted.membership_id == membership_id, Report.disclosed_at.is_not(None))
    )
