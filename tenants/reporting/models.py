"""Reports: frozen answers with the definitions they used."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of

AUDIENCES = ("internal", "funder", "public")
FORMATS = ("json", "csv", "pdf", "html", "xlsx")
PLAIN = ("json", "csv")
"""What is built unless another format is asked for."""


class Report(Created, TenantRow):
    """A report ordered for a cohort or a whole program. How far it is, is its job's to say.

    `funder` names the one it is for: it is about those alone who agreed to be shared with it. What leaves is a part of
    a snapshot of the whole program.

    `metrics`: the names of those that it shows, all if null. `award_list`: the id of the list of major awards that it
    counts by, the usual one if null; what leaves of a program counts by one.

    `frozen`: with its snapshot, all that its files were made of. `refusals`: the `ledger.refusals` that were known when
    people were counted; `disclosed_at`: when it first left. `pooled_for`: the funder by name, of what was contributed
    to a report of several institutions: it has no files of its own.
    """

    __tablename__ = "report"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("program"),
        belongs_to("job"),
        belongs_to("report_snapshot", "snapshot_id"),
        one_of("audience", AUDIENCES),
        CheckConstraint("audience = 'funder' OR funder IS NULL", name="funder"),
    )

    cohort_id: Mapped[UUID | None]
    program_id: Mapped[UUID]
    job_id: Mapped[UUID]
    audience: Mapped[str]
    funder: Mapped[str | None]
    as_of: Mapped[dt.date]
    formats: Mapped[list[str]]
    snapshot_id: Mapped[UUID | None]
    metrics: Mapped[list[str] | None]
    award_list: Mapped[str | None]
    frozen: Mapped[str | None]
    refusals: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    disclosed_at: Mapped[dt.datetime | None]
    pooled_for: Mapped[str | None]


class ReportFile(Created, TenantRow):
    """One form of a report, byte for byte as it is downloaded."""

    __tablename__ = "report_file"
    __table_args__ = (
        belongs_to("report", on_delete="CASCADE"),
        belongs_to("kept_file", "file_id"),
        UniqueConstraint("tenant_id", "report_id", "format"),
        Index("ix_report_file_report", "tenant_id", "report_id"),
        Index("ix_report_file_file", "tenant_id", "file_id", unique=True),
        one_of("format", FORMATS),
    )

    report_id: Mapped[UUID]
    format: Mapped[str]
    file_id: Mapped[UUID]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class ReportSnapshot(Created, TenantRow):
    """What may leave of a program at one moment: every number that any report on it shows to anybody outside.

    `digest` is of the rows that were counted: of equal ones, the very same. `document` is what `releasing` made of the
    numbers, after the `based_on` releases that had gone before. `place`: where it stands in the program's ledger, from
    the first download on. `refused`: why it tells nothing new, for the tenant alone. `left_out`: the breakdowns that do
    not leave, for good once this has (`shapes`). `pooled_report_id`: of a contribution, the report of several
    institutions it went into, whose document it has once that is released; `encrypted_part` is then its own part of the
    numbers, for the job of the next pool alone.
    """

    __tablename__ = "report_snapshot"
    __table_args__ = (
        belongs_to("program"),
        UniqueConstraint("tenant_id", "program_id", "place"),
        CheckConstraint("place = based_on + 1", name="place"),
    )

    program_id: Mapped[UUID]
    as_of: Mapped[dt.date]
    digest: Mapped[str]
    threshold: Mapped[int]
    document: Mapped[dict[str, Any]]
    refused: Mapped[str | None]
    left_out: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    based_on: Mapped[int]
    place: Mapped[int | None]
    pooled_report_id: Mapped[UUID | None]
    encrypted_part: Mapped[bytes | None]


class ReportInput(Created, TenantRow):
    """The exact tables behind a snapshot, from which it can be made again. Nobody is in them by name or id."""

    __tablename__ = "report_input"
    __table_args__ = (
        belongs_to("program"),
        belongs_to("report_snapshot", "snapshot_id"),
        UniqueConstraint("tenant_id", "snapshot_id"),
    )

    program_id: Mapped[UUID]
    snapshot_id: Mapped[UUID]
    tables: Mapped[list[Any]]
