"""Documents that name people, apart from reports: nothing of them is a release, and no event carries a name."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of
from tenants.reporting.models import FORMATS

KINDS = ("table_8b", "rppr")


class NamedDocument(Created, TenantRow):
    """A document that names people of a cohort or a program, ordered and built as a report is.

    `since`: the first day of what is told, all if null. `named_ids` are the memberships that it names, of `people` in
    all, and `told_ids` those of every row that it is made of; null until it is built, and its files go at `expires_at`.
    """

    __tablename__ = "named_document"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("program"),
        belongs_to("job"),
        one_of("kind", KINDS),
    )

    cohort_id: Mapped[UUID | None]
    program_id: Mapped[UUID]
    job_id: Mapped[UUID]
    kind: Mapped[str]
    since: Mapped[dt.date | None]
    as_of: Mapped[dt.date]
    formats: Mapped[list[str]]
    people: Mapped[int | None]
    named_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    told_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    built_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime | None]


class NamedDocumentFile(Created, TenantRow):
    """One form of such a document, until it expires."""

    __tablename__ = "named_document_file"
    __table_args__ = (
        belongs_to("named_document"),
        belongs_to("kept_file", "file_id"),
        UniqueConstraint("tenant_id", "named_document_id", "format"),
        Index("ix_named_document_file_file", "tenant_id", "file_id", unique=True),
        one_of("format", FORMATS),
    )

    named_document_id: Mapped[UUID]
    format: Mapped[str]
    file_id: Mapped[UUID]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class NamedPerson(TenantRow):
    """That a document names somebody, and what it says of her: hers alone to read.

    `said` is a list of {section, columns, row}; of those who are named with her it has nothing.
    """

    __tablename__ = "named_person"
    __table_args__ = (
        belongs_to("named_document"),
        belongs_to("membership", on_delete="CASCADE"),
        Index("ix_named_person_membership", "tenant_id", "membership_id", "id"),
        Index("ix_named_person_document", "tenant_id", "named_document_id"),
    )

    named_document_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    said: Mapped[list[Any]]
