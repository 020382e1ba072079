"""Products that a member records herself. At first they are hers alone; she says who else may know.

While one is hers alone (`visibility` "me") no tenant, no report and no event tells of it, and what the tenant records
never clashes with it. Once others may know it is a product of the tenant as any other: it comes to it as one that was
made, and goes as one that was deleted if she takes it back for herself.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, literal, select, update

from tenants.kernel import events
from tenants.kernel.errors import Conflict, Forbidden, NotFound
from tenants.kernel.rows import Version, edited, one, only
from tenants.kernel.session import Session
from tenants.outcomes.actions import PRODUCT_FIELDS, new, product_facts, public
from tenants.outcomes.models import Product, ProductContributor
from tenants.support.mentors import refuse_unless_herself

OWN_VISIBILITIES = ("me", "program", "funder")
"""Who may know of what a member records; her group knows by what she links it to."""


def own_products(membership_id: UUID, kind: str | None = None) -> Select[Any]:
    """The products that somebody is behind; `own` are those that she recorded herself."""
    behind = exists().where(
        ProductContributor.tenant_id == Product.tenant_id,
        ProductContributor.product_id == Product.id,
        ProductContributor.membership_id == membership_id,
    )
    hers = func.coalesce(Product.author_id == literal(membership_id), False).label("own")
    rows: Select[Any] = select(*Product.__table__.columns, hers).where(behind)
    return only(rows, kind=kind)


def own_product(session: Session, *, product_id: UUID) -> Any:
    """One that the session's member is behind. Raises NotFound."""
    rows = own_products(session.info["membership_id"]).where(Product.id == product_id)
    return one(session, rows, "product")


def record_product(session: Session, **told: Any) -> Product:
    """Record what oneself is behind. Raises Invalid, Conflict "exists", and Forbidden "not_personal" where it is to be
    hers alone and she did not sign in as herself.
    """
    me = session.info["membership_id"]
    facts = _facts(session, {**dict.fromkeys(PRODUCT_FIELDS), "visibility": "me", **told})
    product = Product(author_id=me, **facts)
    with new("product"):
        session.add(product)
        session.flush()
    alone = product.visibility == "me"
    session.add(ProductContributor(product_id=product.id, membership_id=me, private=alone))
    session.flush()
    if not alone:
        events.record(session, "product.created", subject=product)
    return product


def edit_own_product(
    session: Session, *, product_id: UUID, changes: dict[str, Any], if_match: Version
) -> None:
    """Change what one recorded oneself, or say who may know.

    Raises as `record_product`, and NotFound, Forbidden "not_yours", StaleVersion, and Conflict "others_are_behind_it".
    """
    product = _to_change(session, product_id)
    if_match.check(product.version)
    was = product.visibility
    told = {field: changes.get(field, getattr(product, field)) for field in PRODUCT_FIELDS}
    changed = edited(product, _facts(session, told), if_match=if_match)
    if not changed:
        return
    with new("product"):
        session.flush()
    if "visibility" in changed:
        of_it = update(ProductContributor).where(ProductContributor.product_id == product.id)
        session.execute(of_it.values(private=product.visibility == "me"))
    _record(session, product, was, changed)


def remove_own_product(session: Session, *, product_id: UUID, if_match: Version) -> None:
    """Remove what one recorded oneself. Raises as `edit_own_product`."""
    product = _to_change(session, product_id)
    if_match.check(product.version)
    session.delete(product)
    if product.visibility != "me":
        events.record(session, "product.deleted", subject=product)


def _record(session: Session, product: Product, was: str, changed: list[str]) -> None:
    """Tell the tenant what it is to know: nothing of what was hers alone and is."""
    if was == product.visibility == "me":
        return
    if "me" not in (was, product.visibility):
        events.record(session, "product.updated", subject=product, changed=public(changed))
    else:
        events.record(session, f"product.{'created' if was == 'me' else 'deleted'}", subject=product)


def _facts(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    facts = product_facts(told)
    if facts["visibility"] != "me":
        return facts
    refuse_unless_herself(session)
    return {**facts, "natural_key": f"own:{session.membership_id}:{facts['natural_key']}"}


def _to_change(session: Session, product_id: UUID) -> Product:
    own_product(session, product_id=product_id)
    product = session.get(Product, (session.tenant_id, product_id))
    if product is None:  # it went meanwhile
        raise NotFound("product")
    if product.author_id != session.membership_id:
        raise Forbidden("Only who recorded this changes it; ask your organisers.", code="not_yours")
    behind = select(func.count()).where(ProductContributor.product_id == product_id)
    if session.scalars(behind).one() > 1:
        raise Conflict("Others are behind this too; ask your organisers.", code="others_are_behind_it")
    return product
