"""Products that groups link to what they did. The link is the group's: nothing at the product tells of it."""

from uuid import UUID

from sqlalchemy import exists, select

from tenants.kernel.errors import Invalid
from tenants.kernel.session import Session
from tenants.outcomes.models import ProductContributor


def refuse_others_product(session: Session, *, product_id: UUID | None) -> None:
    """Raise Invalid at /product_id unless there is none, or the session's member is behind it."""
    hers = exists().where(
        ProductContributor.product_id == product_id,
        ProductContributor.membership_id == session.membership_id,
    )
    if product_id is not None and not session.scalar(select(hers)):
        raise Invalid.field("/product_id", "unknown", "There is no such product of yours.")
