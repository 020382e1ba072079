"""What other tenants sent: releases as they arrived, and what one says to them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, func, literal, select
from sqlalchemy.orm import aliased

from tenants.kernel import events
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.reporting.files import ReportDownload, download_of
from tenants.reporting.models import FORMATS
from tenants.reporting.passing import ONE_AT_A_TIME, send
from tenants.reporting.release_models import ANSWERS, ReceivedFile, ReceivedReport, ReleaseAnswer
from tenants.reporting.sharing_models import SharingOffer

STATES = ("received", *ANSWERS, "superseded")


def received_reports(session: Session) -> Select[Any]:
    """The releases that the parties of one's agreements sent, and how each stands."""
    me, row, later = session.tenant_id, ReceivedReport, aliased(ReceivedReport)
    sender = case(
        (SharingOffer.source_tenant_id == me, SharingOffer.tenant_id), else_=SharingOffer.source_tenant_id
    )
    answer = (
        select(ReleaseAnswer.answer)
        .where(
            ReleaseAnswer.tenant_id == row.source_tenant_id,
            ReleaseAnswer.source_tenant_id == me,
            ReleaseAnswer.release_id == row.id,
        )
        .order_by(ReleaseAnswer.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    superseded = (
        select(later.id)
        .where(
            later.tenant_id == me,
            later.source_tenant_id == row.source_tenant_id,
            later.supersedes_id == row.id,
        )
        .exists()
    )
    state = case((superseded, literal("superseded")), else_=func.coalesce(answer, literal("received")))
    apart = ("tenant_id", "source_tenant_id", "agreement_id", "corrections")
    columns = [each for each in row.__table__.columns if each.name not in apart]
    return (
        select(
            *columns,
            row.source_tenant_id.label("sender_id"),
            row.agreement_id.label("sharing_agreement_id"),
            SharingOffer.funder,
            func.jsonb_array_length(row.corrections).label("corrected_cells"),
            state.label("state"),
        )
        .join(SharingOffer, SharingOffer.id == row.agreement_id)
        .where(row.tenant_id == me, row.source_tenant_id == sender)
    )


def received_report(session: Session, received_report_id: UUID) -> Row[Any]:
    """One of them as lists show it. Raises NotFound."""
    rows = received_reports(session).where(ReceivedReport.id == received_report_id)
    return one(session, rows, "received report")


def corrections_received(session: Session, *, received_report_id: UUID) -> dict[str, Any]:
    """What it says otherwise than the report that it supersedes. Raises NotFound."""
    rows = received_reports(session).where(ReceivedReport.id == received_report_id)
    found = one(session, rows.add_columns(ReceivedReport.corrections), "received report")
    return {"cells": found.corrections}


def file_received(session: Session, *, received_report_id: UUID, format_: str) -> ReportDownload:
    """A file of it, byte for byte as the sender had it. Raises NotFound."""
    found = received_report(session, received_report_id)
    file = select(ReceivedFile).where(
        ReceivedFile.tenant_id == session.tenant_id,
        ReceivedFile.source_tenant_id == found.sender_id,
        ReceivedFile.received_report_id == received_report_id,
        ReceivedFile.format == format_,
    )
    kept = session.scalars(file).one_or_none() if format_ in FORMATS else None
    if kept is None:
        raise NotFound("file of this report")
    return download_of(kept, f"report-{received_report_id}")


def answer_report(
    session: Session, *, received_report_id: UUID, answer: str, comment: str | None = None
) -> None:
    """Accept a report, or return it, once. Raises NotFound and Conflict "answered"."""
    session.execute(ONE_AT_A_TIME, {"what": str(received_report_id)})
    found = received_report(session, received_report_id)
    if found.state != "received":
        raise Conflict(f"This report is {found.state} already.", code="answered")
    row = ReleaseAnswer(
        id=new_id(),
        tenant_id=found.sender_id,
        source_tenant_id=session.tenant_id,
        release_id=received_report_id,
        answer=answer,
        comment=comment,
    )
    send(session, row)
    events.record(
        session, f"received_report.{answer}", subject_type="received_report", subject_id=received_report_id
    )
