"""What members show their groups of what came out, and what groups' items and actions came to.

Members of the group read it, and nobody else is told; a product that its author keeps (`visibility` "me") comes to be
open to those groups alone that she shows it to ("group"), for as long as she is in them.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, cast, delete, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from tenants.groups.queries import refuse_strangers
from tenants.kernel.session import Session
from tenants.meetings.agenda_models import AgendaItem, GroupAction
from tenants.outcomes.models import GroupProduct, Product
from tenants.outcomes.own_products import own_product

_NO_IDS = cast([], ARRAY(Uuid()))


def products_of_group(group_id: UUID) -> Select[Any]:
    """The products that members show to their group or that its items and actions name, as far as the session may
    read them: with who shows each (`shown_by`), and what came to it.
    """
    ways: dict[str, tuple[Any, Any]] = {
        "shown_by": (GroupProduct, GroupProduct.author_id),
        "agenda_item_ids": (AgendaItem, AgendaItem.id),
        "action_ids": (GroupAction, GroupAction.id),
    }
    named, columns = [], []
    for name, (model, column) in ways.items():
        here = (
            (model.tenant_id == Product.tenant_id)
            & (model.product_id == Product.id)
            & (model.group_id == group_id)
        )
        named.append(exists().where(here))
        found = select(func.array_agg(aggregate_order_by(column, column))).where(here).scalar_subquery()
        columns.append(func.coalesce(found, _NO_IDS).label(name))
    open_to_all = Product.visibility != "me"
    return select(*Product.__table__.columns, *columns).where(open_to_all, named[0] | named[1] | named[2])


def show_product(session: Session, *, group_id: UUID, product_id: UUID) -> None:
    """Show one's group what one is behind. What one kept for oneself is open to that group from now on.

    Raises NotFound to strangers, and for what one is not behind.
    """
    refuse_strangers(session, group_id)
    own_product(session, product_id=product_id)
    row = {"group_id": group_id, "author_id": session.membership_id, "product_id": product_id}
    told = insert(GroupProduct).values(tenant_id=session.tenant_id, **row)
    session.execute(told.on_conflict_do_nothing())
    _open(session, product_id, before="me", after="group")


def hide_product(session: Session, *, group_id: UUID, product_id: UUID) -> None:
    """Show it no longer. What no group is shown any more is for oneself alone again. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    hers = (GroupProduct.product_id == product_id) & (GroupProduct.author_id == session.membership_id)
    session.execute(delete(GroupProduct).where(hers, GroupProduct.group_id == group_id))
    if not session.scalar(select(exists().where(hers))):
        _open(session, product_id, before="group", after="me")


def _open(session: Session, product_id: UUID, *, before: str, after: str) -> None:
    product = session.get(Product, (session.tenant_id, product_id))
    if product is not None and product.visibility == before and product.author_id == session.membership_id:
        product.visibility = after
