"""Releases, what arrives of them elsewhere, and whose data was in them."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of
from tenants.reporting.models import FORMATS

STATES = ("drafted", "reviewed", "approved", "sent", "superseded")
ANSWERS = ("accepted", "returned")


class Release(Created, TenantRow):
    """A report on its way out: to the funder of an agreement, or to everybody where there is none.

    `nil`: it has all rows and columns, and every number in it is 0. `coverage` and `corrections` are computed from what
    was released alone.
    """

    __tablename__ = "release"
    __table_args__ = (
        belongs_to("program"),
        belongs_to("cohort"),
        belongs_to("report"),
        belongs_to("release", "supersedes_id"),
        UniqueConstraint("tenant_id", "report_id"),
        Index("ix_release_agreement", "tenant_id", "agreement_id", "due_on"),
        one_of("state", STATES),
    )

    agreement_id: Mapped[UUID | None]
    addressee_name: Mapped[str | None]
    program_id: Mapped[UUID]
    cohort_id: Mapped[UUID | None]
    report_id: Mapped[UUID]
    supersedes_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(default="drafted")
    due_on: Mapped[dt.date | None]
    nil: Mapped[bool | None]
    coverage: Mapped[dict[str, Any] | None]
    corrections: Mapped[list[Any] | None]
    drafted_by: Mapped[str | None]
    reviewed_by: Mapped[str | None]
    approved_by: Mapped[str | None]
    reviewed_at: Mapped[dt.datetime | None]
    approved_at: Mapped[dt.datetime | None]
    sent_at: Mapped[dt.datetime | None]


class ReceivedReport(Created, TenantRow):
    """A release as it arrives at its addressee; its id is the release's. Never changed."""

    __tablename__ = "received_report"
    __table_args__ = (Index("ix_received_report_source", "source_tenant_id", "id"),)

    source_tenant_id: Mapped[UUID]
    agreement_id: Mapped[UUID]
    from_name: Mapped[str]
    title: Mapped[str]
    as_of: Mapped[dt.date]
    due_on: Mapped[dt.date | None]
    supersedes_id: Mapped[UUID | None]
    approved_by: Mapped[str | None]
    nil: Mapped[bool]
    coverage: Mapped[dict[str, Any]]
    corrections: Mapped[list[Any]]
    formats: Mapped[list[str]]


class ReceivedFile(Created, TenantRow):
    """One rendering of a received report, byte for byte as its sender had it: a file that the addressee keeps."""

    __tablename__ = "received_file"
    __table_args__ = (
        one_of("format", FORMATS),
        Index("ix_received_file_report", "tenant_id", "received_report_id", "format"),
        Index("ix_received_file_file", "tenant_id", "file_id", unique=True),
        Index("ix_received_file_source", "source_tenant_id", "received_report_id"),
    )

    source_tenant_id: Mapped[UUID]
    received_report_id: Mapped[UUID]
    format: Mapped[str]
    file_id: Mapped[UUID]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class ReleaseAnswer(Created, TenantRow):
    """What the addressee says to a release, once."""

    __tablename__ = "release_answer"
    __table_args__ = (
        one_of("answer", ANSWERS),
        UniqueConstraint("tenant_id", "source_tenant_id", "release_id", name="uq_release_answer_release"),
        Index("ix_release_answer_release", "tenant_id", "release_id", "id"),
        Index("ix_release_answer_source", "source_tenant_id", "release_id"),
    )

    source_tenant_id: Mapped[UUID]
    release_id: Mapped[UUID]
    answer: Mapped[str]
    comment: Mapped[str | None]


class CountedPerson(TenantRow):
    """Somebody who was counted in a report that may leave: her own row, that nobody else reads.

    `with_outcomes`: whether her products, career and answers were counted, and not only that she was there.
    """

    __tablename__ = "counted_person"
    __table_args__ = (
        belongs_to("report", on_delete="CASCADE"),
        belongs_to("membership", on_delete="CASCADE"),
        Index("ix_counted_person_membership", "tenant_id", "membership_id", "id"),
        Index("ix_counted_person_report", "tenant_id", "report_id"),
    )

    report_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    with_outcomes: Mapped[bool]
