"""Reports: frozen answers with the definitions they used."""

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of

AUDIENCES = ("internal", "funder", "public")
FORMATS = ("json", "csv", "pdf", "html", "xlsx")
PLAIN = ("json", "csv")
"""What is built unless another format is asked for."""


class Report(Created, TenantRow):
    """A report ordered for a cohort or a whole program. How far it is, is its job's to say.

    `funder` names the one it is for: it is about those alone who agreed to be shared with it.
    """

    __tablename__ = "report"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("program"),
        belongs_to("job"),
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
