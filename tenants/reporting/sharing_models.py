"""Sharing agreements between a funder and an institution: what passes between two, each row for its addressee and its
sender. Addressed rows (`source_tenant_id` sends, `tenant_id` reads) are never changed.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of

SIDES = ("funder", "institution")
DECISIONS = ("signed", "declined", "ended")
SCHEDULES = ("none", "quarterly", "yearly")
MONTHS = {"quarterly": 3, "yearly": 12}
"""Between two reports of a schedule."""


class SharingOffer(Created, TenantRow):
    """One side offers the other an agreement; its id is the agreement's.

    `funder` is the name by which people agree to be shared with the funder. `awards`, `institutes` and `program` say
    whose outcomes it is about, `metrics` which sections a report has; `pooled` that what is reported may be pooled with
    that of other institutions.
    """

    __tablename__ = "sharing_offer"
    __table_args__ = (
        one_of("offered_by", SIDES),
        one_of("schedule", SCHEDULES),
        Index("ix_sharing_offer_source", "source_tenant_id", "id"),
    )

    source_tenant_id: Mapped[UUID]
    offered_by: Mapped[str]
    from_name: Mapped[str]
    to_name: Mapped[str]
    funder: Mapped[str]
    awards: Mapped[list[str]]
    institutes: Mapped[list[str]]
    program: Mapped[str | None]
    metrics: Mapped[list[str]]
    schedule: Mapped[str]
    first_due_on: Mapped[dt.date | None]
    ends_on: Mapped[dt.date | None]
    message: Mapped[str | None]
    pooled: Mapped[bool] = mapped_column(server_default=false())


class SharingSignature(Created, TenantRow):
    """What one side says to the agreement, each thing once: the offer's own comes with it. `ends_on`: the
    first day on which an agreement that is ended holds no more.
    """

    __tablename__ = "sharing_signature"
    __table_args__ = (
        one_of("decision", DECISIONS),
        UniqueConstraint(
            "tenant_id", "source_tenant_id", "agreement_id", "decision", name="uq_sharing_signature_decision"
        ),
        Index("ix_sharing_signature_agreement", "tenant_id", "agreement_id", "id"),
        Index("ix_sharing_signature_source", "source_tenant_id", "agreement_id", "id"),
    )

    source_tenant_id: Mapped[UUID]
    agreement_id: Mapped[UUID]
    decision: Mapped[str]
    signed_by: Mapped[str | None]
    ends_on: Mapped[dt.date | None]


class SharingPlan(Created, TenantRow):
    """The institution's own: on which program it reports under an agreement, whose id it has, and when next."""

    __tablename__ = "sharing_plan"
    __table_args__ = (belongs_to("program"), belongs_to("job"))

    program_id: Mapped[UUID]
    job_id: Mapped[UUID | None]
    due_on: Mapped[dt.date | None]
