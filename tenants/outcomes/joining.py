"""Coming to stand behind a product that the tenant has: one thing, told by two, is one record."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.session import Session
from tenants.meetings.agenda_models import AgendaItem, GroupAction
from tenants.outcomes.actions import new
from tenants.outcomes.models import GroupProduct, Product, ProductContributor, ProductState
from tenants.outcomes.sameness import same_product
from tenants.outcomes.states import take_over

_TELLS = ("title", "date", "doi", "pmid", "project_number")


def stand_behind(session: Session, product: Product, *, role: str, relation: str | None) -> None:
    """Put the session's member behind a product of the tenant's. Raises Conflict "exists" if she is."""
    if not _add(session, product, role=role, relation=relation):
        raise Conflict("You are behind this already.", code="exists")
    product.updated_at = now()
    session.flush()
    events.record(session, "product.updated", subject=product, changed=["membership_ids"])


def join_product(
    session: Session, hers: Product, same: Product, *, told: dict[str, Any], how: dict[str, Any]
) -> UUID:
    """Let what she kept, as it is `told` now, become the tenant's that is the same: its id. `how` she is behind it.

    What hers tells and the tenant's does not comes to it, with its states; what her groups linked to hers they link to
    it. Which of two tellings holds stays as the tenant has it, and so does who may know. Raises NotFound where
    hers became it already, by a request at the same moment.
    """
    kept = ProductContributor.product_id == hers.id
    how_kept = select(ProductContributor.role, ProductContributor.relation).where(kept)
    own = session.execute(how_kept).one_or_none()
    if own is None:
        raise NotFound("product")
    states = _states(session, hers) - _states(session, same) if told["kind"] == same.kind else set()
    _move_links(session, hers, same)
    session.delete(hers)
    session.flush()
    _add(session, same, **{**own._asdict(), **how})
    changed = ["membership_ids", *_fill(session, same, told)]
    if states:
        take_over(session, same, states)
        changed.append("state")
    same.updated_at = now()
    with new("product"):
        session.flush()
    events.record(session, "product.updated", subject=same, changed=changed)
    return same.id


def _add(session: Session, product: Product, *, role: str, relation: str | None) -> bool:
    row = {"product_id": product.id, "membership_id": session.membership_id, "by_herself": True}
    told = insert(ProductContributor).values(tenant_id=session.tenant_id, role=role, relation=relation, **row)
    return bool(session.execute(told.on_conflict_do_nothing().returning(ProductContributor.id)).all())


def _states(session: Session, product: Product) -> set[tuple[str, Any]]:
    states = select(ProductState.state, ProductState.date).where(ProductState.product_id == product.id)
    return {(row.state, row.date) for row in session.execute(states)}


def _fill(session: Session, product: Product, told: dict[str, Any]) -> list[str]:
    """Tell the tenant's product what it does not say, unless a further one of the tenant's is named by that."""
    filled = {
        name: told[name] for name in _TELLS if getattr(product, name) is None and told[name] is not None
    }
    facts = {**told, **{name: getattr(product, name) or told[name] for name in _TELLS}, "kind": product.kind}
    if not filled or same_product(session, facts, besides=product) is not None:
        return []
    for name, value in filled.items():
        setattr(product, name, value)
    return list(filled)


def _move_links(session: Session, hers: Product, same: Product) -> None:
    for model in (AgendaItem, GroupAction):
        linked = update(model).where(model.product_id == hers.id)
        session.execute(linked.values(product_id=same.id, version=model.version + 1))
    shown = select(GroupProduct.group_id).where(
        GroupProduct.product_id == hers.id, GroupProduct.author_id == session.membership_id
    )
    for group_id in session.scalars(shown).all():
        session.add(GroupProduct(group_id=group_id, author_id=session.membership_id, product_id=same.id))
