"""Products and career events, as lists show them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from tenants.kernel.rows import changed_since, one
from tenants.kernel.session import Session
from tenants.outcomes.models import KEPT, CareerEvent, Product, ProductContributor


def products(
    membership_id: UUID | None = None, kind: str | None = None, updated_since: datetime | None = None
) -> Select[Any]:
    """The tenant's products, each with the `membership_ids` behind it; none that a member keeps."""
    behind = (ProductContributor.tenant_id == Product.tenant_id) & (
        ProductContributor.product_id == Product.id
    )
    member = ProductContributor.membership_id
    members = select(func.array_agg(aggregate_order_by(member, member))).where(behind).scalar_subquery()
    rows = select(*Product.__table__.columns, members.label("membership_ids")).where(
        Product.author_id.is_(None) | Product.visibility.not_in(KEPT)
    )
    if membership_id is not None:
        rows = rows.where(exists().where(behind, member == membership_id))
    if kind is not None:
        rows = rows.where(Product.kind == kind)
    return rows if updated_since is None else rows.where(changed_since(Product.updated_at))


def product(session: Session, *, product_id: UUID) -> Row[Any]:
    """One product as lists show it. Raises NotFound."""
    return one(session, products().where(Product.id == product_id), "product")


def career_events(
    membership_id: UUID | None = None, kind: str | None = None, updated_since: datetime | None = None
) -> Select[Any]:
    """The tenant's career events; none that a member keeps for herself."""
    rows = select(*CareerEvent.__table__.columns).where(
        CareerEvent.author_id.is_(None) | CareerEvent.visibility.not_in(KEPT)
    )
    if membership_id is not None:
        rows = rows.where(CareerEvent.membership_id == membership_id)
    if kind is not None:
        rows = rows.where(CareerEvent.kind == kind)
    return rows if updated_since is None else rows.where(changed_since(CareerEvent.updated_at))
