"""Pooled reports of several institutions: the funder's own rows, and what passes between it and each of them."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of
from tenants.reporting.models import FORMATS

STATES = ("waiting", "built", "refused")
ANSWERS = ("contributed", "declined")
HINDRANCES = ("agreement_ended", "other_award_list")


class PooledReport(Created, TenantRow):
    """What a funder ordered of several institutions together.

    `funder`: the name by which people agree to be shared with it. `award_list`: the id of the list by which all of it
    counts major awards. `document`: what was released, for the ledger.
    """

    __tablename__ = "pooled_report"
    __table_args__ = (one_of("state", STATES),)

    title: Mapped[str]
    funder: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    as_of: Mapped[dt.date]
    formats: Mapped[list[str]]
    metrics: Mapped[list[str]]
    award_list: Mapped[str]
    document: Mapped[dict[str, Any] | None]
    coverage: Mapped[dict[str, Any] | None]
    built_at: Mapped[dt.datetime | None]


class PooledFile(Created, TenantRow):
    """One form of a pooled report, byte for byte as it is downloaded."""

    __tablename__ = "pooled_file"
    __table_args__ = (
        belongs_to("pooled_report"),
        belongs_to("kept_file", "file_id"),
        UniqueConstraint("tenant_id", "pooled_report_id", "format"),
        Index("ix_pooled_file_file", "tenant_id", "file_id", unique=True),
        one_of("format", FORMATS),
    )

    pooled_report_id: Mapped[UUID]
    format: Mapped[str]
    file_id: Mapped[UUID]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class ContributionRequest(Created, TenantRow):
    """What the funder (`source_tenant_id`) asks of one institution. The last for a report is the one that counts."""

    __tablename__ = "contribution_request"
    __table_args__ = (Index("ix_contribution_request_source", "source_tenant_id", "pooled_report_id"),)

    source_tenant_id: Mapped[UUID]
    pooled_report_id: Mapped[UUID]
    agreement_id: Mapped[UUID]
    from_name: Mapped[str]
    to_name: Mapped[str]
    funder: Mapped[str]
    title: Mapped[str]
    as_of: Mapped[dt.date]
    metrics: Mapped[list[str]]
    award_list: Mapped[str]


class ContributionAnswer(Created, TenantRow):
    """What the institution (`source_tenant_id`) says to a request; whoever contributed may decline still."""

    __tablename__ = "contribution_answer"
    __table_args__ = (
        one_of("answer", ANSWERS),
        Index("ix_contribution_answer_request", "tenant_id", "request_id"),
        Index("ix_contribution_answer_source", "source_tenant_id", "request_id"),
    )

    source_tenant_id: Mapped[UUID]
    pooled_report_id: Mapped[UUID]
    request_id: Mapped[UUID]
    answer: Mapped[str]


class ContributionHindrance(Created, TenantRow):
    """Why an institution could not contribute what it was asked for: its own to read. The funder is told that it takes
    no part.
    """

    __tablename__ = "contribution_hindrance"
    __table_args__ = (
        belongs_to("contribution_request", "request_id"),
        UniqueConstraint("tenant_id", "request_id"),
        one_of("reason", HINDRANCES),
    )

    request_id: Mapped[UUID]
    reason: Mapped[str]


class SealedContribution(Created, TenantRow):
    """Exact counts of an institution, for the job of the pool alone: neither side can select this table, and what it
    holds is encrypted under the master key `sealed_by`. Deleted by what writes the pooled report.

    `snapshot_id`: the institution's own snapshot of the same numbers; none of what it declared.
    """

    __tablename__ = "sealed_contribution"
    __table_args__ = (Index("ix_sealed_contribution_report", "tenant_id", "pooled_report_id"),)

    source_tenant_id: Mapped[UUID]
    pooled_report_id: Mapped[UUID]
    request_id: Mapped[UUID]
    snapshot_id: Mapped[UUID | None]
    counted_at: Mapped[dt.datetime]
    encrypted_content: Mapped[bytes]
    sealed_by: Mapped[str]
