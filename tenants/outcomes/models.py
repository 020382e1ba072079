"""What came out: products, and events of a career."""

import datetime as dt
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import Written, of_group_and_author
from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, one_of
from tenants.outcomes import kinds

VISIBILITIES = ("me", "group", "program", "funder")
KEPT = ("me", "group")
"""Where a member's own is nothing of her tenant's: hers alone, or open to those groups that she shows it to."""
PRODUCT_KINDS = tuple(kind.name for kind in kinds.PRODUCTS)
CAREER_EVENT_KINDS = tuple(kind.name for kind in kinds.CAREER_EVENTS)
STATES = tuple(dict.fromkeys(state for kind in kinds.PRODUCTS for state in kind.states))
ROLES = ("formal", "informal")
RELATIONS = ("lead", "author", "investigator", "speaker", "reviewer", "adviser", "nominator", "nominee")
SAMPLES = ("complete", "survivors")


class Product(Edited, TenantRow):
    """Something that came out. `natural_key` is `rules.product_key`.

    `author_id` is the member who recorded it herself; null: the tenant did. What she keeps (`visibility` "me" or
    "group") the tenant is not shown, and its key is one of her own. `state` is the last of its `ProductState`s.
    """

    __tablename__ = "product"
    __table_args__ = (
        belongs_to("membership", "author_id"),
        UniqueConstraint("tenant_id", "natural_key"),
        Index("ix_product_author", "tenant_id", "author_id"),
        one_of("kind", PRODUCT_KINDS),
        one_of("visibility", VISIBILITIES),
        one_of("state", STATES),
        Index("ix_product_doi", "tenant_id", "doi"),
        Index("ix_product_pmid", "tenant_id", "pmid"),
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
    state: Mapped[str | None]


class ProductState(Created, TenantRow):
    """That a product came into a state, and when: as somebody told (null: not told), and never changed."""

    __tablename__ = "product_state"
    __table_args__ = (
        belongs_to("product", on_delete="CASCADE"),
        Index("ix_product_state_product", "tenant_id", "product_id"),
        one_of("state", STATES),
    )

    product_id: Mapped[UUID]
    state: Mapped[str]
    date: Mapped[dt.date | None]


class GroupProduct(Written, TenantRow):
    """A member shows her group what she is behind."""

    __tablename__ = "group_product"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("product", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "group_id", "product_id", "author_id"),
        Index("ix_group_product_author", "tenant_id", "author_id"),
        Index("ix_group_product_product", "tenant_id", "product_id"),
    )

    product_id: Mapped[UUID]


class ProductContributor(Created, TenantRow):
    """A membership behind a product.

    `role`: formal, or informal: of whom the product says nothing, and who helped. `relation`: what she is to it.
    `by_herself`: she says so herself, and takes it back herself. `private`: of one that she keeps.
    """

    __tablename__ = "product_contributor"
    __table_args__ = (
        belongs_to("product", on_delete="CASCADE"),
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "product_id", "membership_id"),
        Index("ix_product_contributor_membership", "tenant_id", "membership_id"),
        one_of("role", ROLES),
        one_of("relation", RELATIONS),
    )

    product_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(default="formal", server_default="formal")
    relation: Mapped[str | None]
    by_herself: Mapped[bool] = mapped_column(default=False, server_default="false")
    private: Mapped[bool] = mapped_column(default=False, server_default="false")


class CareerEvent(Edited, TenantRow):
    """A dated fact of somebody's career.

    `award`: `code` is the activity code, an empty `date` an award known but undated, `before_first_k`
    one known to be older than the first K award. `observation`: from `date` to `until` this person's
    awards were looked for; `sample` says whether everybody was followed ("complete") or only those
    still visible later ("survivors").
    `natural_key` is `rules.career_event_key`; `author_id` as of a product: what she keeps for herself no tenant reads.
    """

    __tablename__ = "career_event"
    __table_args__ = (
        belongs_to("membership"),
        belongs_to("membership", "author_id"),
        UniqueConstraint("tenant_id", "membership_id", "natural_key"),
        Index("ix_career_event_author", "tenant_id", "author_id"),
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
    author_id: Mapped[UUID | None]
