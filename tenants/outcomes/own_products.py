"""Products that a member records herself. At first they are hers alone; she says who else may know.

While she keeps one (`visibility` "me", or "group": see `tenants.outcomes.shown`) no tenant, report or event tells of
it, and what the tenant records never clashes with it. Once others may know it is a product of the tenant as any
other: it comes to it as one that was made, and goes as one that was deleted if she takes it back for herself. If the
tenant has it already she comes to stand behind that one, and hers is no more.
"""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, literal, select, update

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Forbidden, NotFound
from tenants.kernel.rows import Version, edited, one, only
from tenants.kernel.session import Session
from tenants.outcomes.actions import PRODUCT_FIELDS, new, product_facts, public
from tenants.outcomes.contributors import refuse_relation
from tenants.outcomes.joining import join_product, stand_behind
from tenants.outcomes.models import KEPT, GroupProduct, Product, ProductContributor, ProductState
from tenants.outcomes.rules import NOMINATIONS
from tenants.outcomes.sameness import refuse_same, same_product
from tenants.outcomes.states import begin, enter_state, follow_kind
from tenants.support.mentors import refuse_unless_herself

OWN_VISIBILITIES = ("me", "program", "funder")
"""Who may know of what a member records; she shows it to a group there."""


def own_products(membership_id: UUID, kind: str | None = None) -> Select[Any]:
    """The products that somebody is behind, and how; `own` are those that she recorded herself."""
    hers = func.coalesce(Product.author_id == literal(membership_id), False).label("own")
    behind = (
        (ProductContributor.tenant_id == Product.tenant_id)
        & (ProductContributor.product_id == Product.id)
        & (ProductContributor.membership_id == membership_id)
    )
    how = (ProductContributor.role, ProductContributor.relation)
    rows: Select[Any] = select(*Product.__table__.columns, hers, *how).join(ProductContributor, behind)
    return only(rows, kind=kind)


def own_product(session: Session, *, product_id: UUID) -> Any:
    """One that the session's member is behind. Raises NotFound."""
    rows = own_products(session.info["membership_id"]).where(Product.id == product_id)
    return one(session, rows, "product")


def record_product(
    session: Session,
    *,
    state: str | None = None,
    role: str = "formal",
    relation: str | None = None,
    **told: Any,
) -> Product:
    """Record what oneself is behind; where others may know and the tenant has it, that one, behind which she stands.

    Raises Invalid, Conflict "exists" where she is behind it already, and Forbidden "not_personal" where it is to be
    hers alone and she did not sign in as herself.
    """
    me = session.info["membership_id"]
    facts = _facts(session, {**dict.fromkeys(PRODUCT_FIELDS), "visibility": "me", **told})
    relation = relation or NOMINATIONS.get(facts["kind"])
    refuse_relation(facts["kind"], relation)
    alone = facts["visibility"] in KEPT
    if not alone and (same := same_product(session, facts)) is not None:
        stand_behind(session, same, role=role, relation=relation)
        return same
    product = Product(author_id=me, **facts)
    with new("product"):
        session.add(product)
        session.flush()
    how = {"role": role, "relation": relation, "by_herself": True, "private": alone}
    session.add(ProductContributor(product_id=product.id, membership_id=me, **how))
    session.flush()
    begin(session, product, state)
    if not alone:
        events.record(session, "product.created", subject=product)
    return product


def edit_own_product(
    session: Session, *, product_id: UUID, changes: dict[str, Any], if_match: Version
) -> UUID:
    """Change what one recorded oneself, or say who may know. The product's id: another's where the tenant, which may
    know now, has it already.

    Raises as `record_product`, and NotFound, Forbidden "not_yours", StaleVersion, and Conflict "others_are_behind_it".
    """
    product = _to_change(session, product_id)
    if_match.check(product.version)
    was = product.visibility
    told = {field: changes.get(field, getattr(product, field)) for field in PRODUCT_FIELDS}
    facts = _facts(session, told)
    how = {str(name): changes[name] for name in ("role", "relation") if name in changes}
    refuse_relation(facts["kind"], how.get("relation"))
    same = None
    if facts["visibility"] not in KEPT:
        same = same_product(session, facts, besides=product)
    if same is not None and was in KEPT:
        return join_product(session, product, same, told=facts, how=how)
    if same is not None:
        raise Conflict("This product is recorded already.", code="exists")
    changed = edited(product, facts, if_match=if_match)
    if _says_how(session, product, how):
        changed.append("membership_ids")
    if not changed:
        return product.id
    if "kind" in changed:
        follow_kind(session, product)
    with new("product"):
        session.flush()
    if "visibility" in changed:
        _keep(session, product)
    _record(session, product, was, changed)
    return product.id


def record_own_state(
    session: Session, *, product_id: UUID, state: str, date: dt.date | None = None
) -> ProductState:
    """Note that what one recorded oneself came into a state. Raises as `edit_own_product`."""
    product = _to_change(session, product_id)
    kind = product.kind
    entered = enter_state(session, product, state=state, date=date)
    if product.kind != kind:
        facts = _facts(session, {field: getattr(product, field) for field in PRODUCT_FIELDS})
        if product.visibility not in KEPT:
            refuse_same(session, facts, besides=product)
        product.natural_key = facts["natural_key"]
    product.updated_at = now()
    with new("product"):
        session.flush()
    _record(session, product, product.visibility, ["state"])
    return entered


def remove_own_product(session: Session, *, product_id: UUID, if_match: Version) -> None:
    """Remove what one recorded oneself, or stand no longer behind what one came to. Raises as `edit_own_product`."""
    if _leave(session, product_id, if_match):
        return
    product = _to_change(session, product_id)
    if_match.check(product.version)
    session.delete(product)
    if product.visibility not in KEPT:
        events.record(session, "product.deleted", subject=product)


def kept_key(session: Session, key: str) -> str:
    """The natural key of what she keeps, which clashes with nobody's."""
    return f"own:{session.membership_id}:{key}"


def _leave(session: Session, product_id: UUID, if_match: Version) -> bool:
    """Whether she had come to stand behind what somebody else recorded, and does no more."""
    own_product(session, product_id=product_id)
    product = session.get_one(Product, (session.tenant_id, product_id))
    if product.author_id == session.membership_id:
        return False
    hers = delete(ProductContributor).where(
        ProductContributor.product_id == product_id,
        ProductContributor.membership_id == session.membership_id,
        ProductContributor.by_herself,
    )
    if not session.execute(hers.returning(ProductContributor.id)).all():
        return False
    if_match.check(product.version)
    product.updated_at = now()
    events.record(session, "product.updated", subject=product, changed=["membership_ids"])
    return True


def _says_how(session: Session, product: Product, how: dict[str, Any]) -> bool:
    """Whether she is behind it otherwise than before."""
    hers = session.scalar(select(ProductContributor).where(ProductContributor.product_id == product.id))
    if hers is None:  # it went meanwhile
        raise NotFound("product")
    changed = any(getattr(hers, name) != value for name, value in how.items())
    for name, value in how.items():
        setattr(hers, name, value)
    if changed:
        product.updated_at = now()
    return changed


def _keep(session: Session, product: Product) -> None:
    """Whether it is hers to keep, and if hers alone no group is shown it any more."""
    of_it = update(ProductContributor).where(ProductContributor.product_id == product.id)
    session.execute(of_it.values(private=product.visibility in KEPT))
    if product.visibility == "me":
        session.execute(delete(GroupProduct).where(GroupProduct.product_id == product.id))


def _record(session: Session, product: Product, was: str, changed: list[str]) -> None:
    """Tell the tenant what it is to know: nothing of what was hers to keep and is."""
    kept = (was in KEPT, product.visibility in KEPT)
    if kept == (False, False):
        events.record(session, "product.updated", subject=product, changed=public(changed))
    elif kept != (True, True):
        events.record(session, f"product.{'created' if kept[0] else 'deleted'}", subject=product)


def _facts(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    facts = product_facts(told)
    if facts["visibility"] not in KEPT:
        return facts
    refuse_unless_herself(session)
    return {**facts, "natural_key": kept_key(session, facts["natural_key"])}


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
