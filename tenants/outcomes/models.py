"""What came out: products, and events of a career."""

import datetime as dt
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, one_of

VISIBILITIES = ("me", "group", "program", "funder")
PRODUCT_KINDS = (
    "manuscript",
    "protocol",
    "dataset",
    "software",
    "proposal_submitted",
    "proposal_awarded",
    "supplement",
    "talk",
    "guest_lecture",
    "panel",
    "nomination_given",
    "nomination_received",
    "leadership",
    "policy",
    "collaboration",
    "other",
)
CAREER_EVENT_KINDS = (
    "award",
    "observation",
    "appointment",
    "promotion",
    "institution_change",
    "leave",
    "departure",
)
SAMPLES = ("complete", "survivors")


class Product(Edited, TenantRow):
    """Something that came out. `natural_key` is `rules.product_key`.

    `author_id` is the member who recorded it herself; null: the tenant did. What she keeps for herself (`visibility`
    "me") nobody else is shown, and its key is one of her own.
    """

    __tablename__ = "product"
    __table_args__ = (
        belongs_to("membership", "author_id"),
        UniqueConstraint("tenant_id", "natural_key"),
        Index("ix_product_author", "tenant_id", "author_id"),
        one_of("kind", PRODUCT_KINDS),
        one_of("visibility", VISIBILITIES),
    )

    kind: Mapped[str]
    title: Mapped[str | None]
    date: Mapped[dt.date | None]
    doi: Mapped[str | None]
    pmid: Mapped[str | None]
    project_number: Mapped[str | None]
    visibility: Mapped[str]
    natural_key: Mapped[str]
    author_id: Mapped[UUID | None]


class ProductContributor(Created, TenantRow):
    """A membership behind a product. `private`: of one that she keeps for herself."""

    __tablename__ = "product_contributor"
    __table_args__ = (
        belongs_to("product", on_delete="CASCADE"),
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "product_id", "membership_id"),
        Index("ix_product_contributor_membership", "tenant_id", "membership_id"),
    )

    product_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    private: Mapped[bool] = mapped_column(default=False, server_default="false")


class CareerEvent(Edited, TenantRow):
    """A dated fact of somebody's career.

    `award`: `code` is the activity code, an empty `date` an award known but undated, `before_first_k`
    one known to be older than the first K award. `observation`: from `date` to `until` this person's
    awards were looked for; `sample` says whether everybody was followed ("complete") or only those
    still visible later ("survivors").
    `natural_key` is `rules.career_event_key`.
    """

    __tablename__ = "career_event"
    __table_args__ = (
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "membership_id", "natural_key"),
        Index("ix_career_event_membership", "tenant_id", "membership_id", "kind"),
        one_of("kind", CAREER_EVENT_KINDS),
        one_of("visibility", VISIBILITIES),
        one_of("sample", SAMPLES),
    )

    membership_id: Mapped[UUID]
    kind: Mapped[str]
    code: Mapped[str | None]
    date: Mapped[dt.date | None]
    until: Mapped[dt.date | None]
    sample: Mapped[str | None]
    before_first_k: Mapped[bool] = mapped_column(default=False)
    project_number: Mapped[str | None]
    visibility: Mapped[str]
    natural_key: Mapped[str]
