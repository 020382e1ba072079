"""What was asked of public sources, what they answered, and what is perhaps somebody's."""

import datetime as dt
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of
from tenants.kernel.clock import now

STATES = ("open", "confirmed", "rejected")
KINDS = ("product", "award")
MATCHED_BY = ("orcid", "name_and_institution", "initial_and_institution", "name")
DECIDERS = ("person", "institution")


class Verification(Created, TenantRow):
    """An order to look for what people of a program published or were awarded. How far it is, is its job's to say.

    `after_id` is the last membership that was looked for: whoever takes the job over goes on behind her.
    """

    __tablename__ = "verification"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("program"),
        belongs_to("membership"),
        belongs_to("job"),
        Index("ix_verification_membership", "tenant_id", "membership_id"),
    )

    program_id: Mapped[UUID]
    cohort_id: Mapped[UUID | None]
    membership_id: Mapped[UUID | None]
    job_id: Mapped[UUID]
    sources: Mapped[list[str]]
    fiscal_years: Mapped[list[int]]
    institution_attribute: Mapped[str]
    after_id: Mapped[UUID | None]
    asked: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int | None]
    found: Mapped[int] = mapped_column(default=0)
    unavailable: Mapped[list[str]] = mapped_column(default=list, server_default="{}")


class Finding(Created, TenantRow):
    """Something that sources say and that is perhaps somebody's. Nothing follows from it before it is confirmed.

    `natural_key` is `whose.natural_key`. Once confirmed it names the product or the career event that it became.
    """

    __tablename__ = "finding"
    __table_args__ = (
        belongs_to("membership"),
        belongs_to("product", on_delete="SET NULL (product_id)"),
        belongs_to("career_event", on_delete="SET NULL (career_event_id)"),
        UniqueConstraint("tenant_id", "membership_id", "natural_key"),
        Index("ix_finding_product", "tenant_id", "product_id"),
        Index("ix_finding_career_event", "tenant_id", "career_event_id"),
        one_of("kind", KINDS),
        one_of("matched_by", MATCHED_BY),
        one_of("state", STATES),
        one_of("decided_by", DECIDERS),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
    )

    membership_id: Mapped[UUID]
    natural_key: Mapped[str]
    kind: Mapped[str]
    product_kind: Mapped[str]
    title: Mapped[str | None]
    date: Mapped[dt.date | None]
    doi: Mapped[str | None]
    pmid: Mapped[str | None]
    project_number: Mapped[str | None]
    code: Mapped[str | None]
    institution: Mapped[str | None]
    organization_id: Mapped[str | None]
    """The ROR id of the institution that was printed with her, where its name says which it is."""
    sources: Mapped[list[str]]
    matched_by: Mapped[str]
    score: Mapped[float]
    state: Mapped[str] = mapped_column(default="open", server_default="open")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    product_id: Mapped[UUID | None]
    career_event_id: Mapped[UUID | None]


class SourcePage(TenantRow):
    """A page of a source, as it came. What one tenant asks tells who its people are: so none has another's pages."""

    __tablename__ = "source_page"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "request_hash"),
        Index("ix_source_page_fetched", "tenant_id", "fetched_at"),
    )

    source: Mapped[str]
    request_hash: Mapped[str]
    """SHA-256 of what was asked."""
    fetched_at: Mapped[datetime] = mapped_column(default=now)
    body: Mapped[bytes]


class CandidateSearch(Created, TenantRow):
    """A search among public awards for peers to invite; by a member, `author_id`, or by the tenant.

    `candidates` are as published. They are nobody's record, and go with the search once it has expired.
    """

    __tablename__ = "candidate_search"
    __table_args__ = (
        belongs_to("membership", "author_id"),
        belongs_to("job"),
        Index("ix_candidate_search_author", "tenant_id", "author_id"),
        Index("ix_candidate_search_expires", "tenant_id", "expires_at"),
    )

    author_id: Mapped[UUID | None]
    job_id: Mapped[UUID]
    text: Mapped[str]
    activity_codes: Mapped[list[str]]
    institutes: Mapped[list[str]]
    fiscal_years: Mapped[list[int]]
    expires_at: Mapped[datetime]
    compared: Mapped[int | None]
    candidates: Mapped[list[Any] | None]
