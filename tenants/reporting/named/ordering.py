"""Ordering documents that name people, and handing them out."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from tenants.cohorts.models import Program
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session
from tenants.reporting.actions import program_of
from tenants.reporting.files import ReportDownload, download_of
from tenants.reporting.models import FORMATS, PLAIN
from tenants.reporting.named.facts import facts_for
from tenants.reporting.named.models import NamedDocument, NamedDocumentFile, NamedPerson


def order_named_document(
    session: Session,
    *,
    kind: str,
    cohort_id: UUID | None = None,
    program_id: UUID | None = None,
    since: dt.date | None = None,
    as_of: dt.date | None = None,
    formats: Sequence[str] = PLAIN,
) -> UUID:
    """Order a document on one cohort or a whole program, as of a day (UTC; today if none is said); its id.

    Raises Invalid unless exactly one of the two is named and known, and for days that make no sense.
    """
    today = now().date()
    until = as_of or today
    if until > today:
        raise Invalid.field("/as_of", "in_the_future", f"Today is {today} (UTC); nothing later is known.")
    if since is not None and since > until:
        raise Invalid.field("/since", "out_of_order", "since is after as_of.")
    program: Program = program_of(session, cohort_id, program_id)
    document_id = new_id()
    job = jobs.enqueue(session, "named_document", subject_id=document_id)
    session.flush()
    document = NamedDocument(
        id=document_id,
        cohort_id=cohort_id,
        program_id=program.id,
        job_id=job.id,
        kind=kind,
        since=since,
        as_of=until,
        formats=sorted(set(formats), key=FORMATS.index),
    )
    session.add(document)
    session.flush()
    events.record(session, "named_document.ordered", subject=document)
    return document_id


def named_documents(kind: str | None = None) -> Select[Any]:
    """The tenant's documents that name people: how far each is, and how many of how many it names."""
    document = NamedDocument
    named = func.cardinality(document.named_ids)
    apart = [each for each in document.__table__.columns if each.name not in ("named_ids", "told_ids")]
    rows = select(
        *apart, named.label("named"), (document.people - named).label("not_named"),
        Job.state, Job.progress, Job.error,
    ).join(Job, (Job.tenant_id == document.tenant_id) & (Job.id == document.job_id))  # fmt: skip
    return rows if kind is None else rows.where(document.kind == kind)


def named_document(session: Session, document_id: UUID) -> Row[Any]:
    """One of them. Raises NotFound."""
    return one(session, named_documents().where(NamedDocument.id == document_id), "named document")


def file_of_document(session: Session, *, document_id: UUID, format_: str) -> ReportDownload:
    """A document's file, while all that it tells may be told.

    Raises NotFound for a format that was not ordered, and Conflict: "not_ready" while it is being built, "not_built"
    where that failed or was cancelled, "expired" once its files are gone, "out_of_date" where somebody whom it names
    withdrew, or took back from the funder what it tells of.
    """
    found = named_document(session, document_id)
    if format_ not in found.formats:
        raise NotFound("file of this document")
    if found.state in ("queued", "running"):
        raise Conflict("This document is still being built; ask again shortly.", code="not_ready")
    if found.state != "succeeded":
        raise Conflict(f"This document was not built ({found.state}).", code="not_built")
    document = row_of(session, NamedDocument, document_id)
    file = session.scalar(
        select(NamedDocumentFile).where(
            NamedDocumentFile.named_document_id == document_id, NamedDocumentFile.format == format_
        )
    )
    if file is None or found.expires_at <= now():
        raise Conflict("The files of this document are gone; order it anew.", code="expired")
    if not set(document.told_ids or ()) <= facts_for(session, document).ids:
        raise Conflict(
            "Not all that this document tells may be told any more; order it anew.", code="out_of_date"
        )
    events.record(session, "named_document.downloaded", subject=document, audience="audit")
    return download_of(file, f"named-document-{document_id}")


def naming(membership_id: UUID) -> Select[Any]:
    """The documents that name somebody, and what each says of her. A session sees its own member's alone."""
    document, person = NamedDocument, NamedPerson
    of_document = (document.tenant_id == person.tenant_id) & (document.id == person.named_document_id)
    columns: tuple[Any, ...] = (
        person.id,
        document.id.label("named_document_id"),
        document.kind,
        Program.name.label("program_name"),
        document.as_of,
        document.built_at.label("shared_at"),
        person.said,
    )
    return (
        select(*columns)
        .join(document, of_document)
        .join(Program, (Program.tenant_id == document.tenant_id) & (Program.id == document.program_id))
        .where(person.membership_id == membership_id)
    )
