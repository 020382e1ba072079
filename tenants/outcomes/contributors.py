"""Who is behind a product, in which role, and what they are to it."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import FieldError, Invalid
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session
from tenants.outcomes.models import KEPT, Product, ProductContributor
from tenants.outcomes.rules import NOMINATIONS, broken_rules_of_contributor
from tenants.people.models import Membership


def contributors(product_id: UUID) -> Select[Any]:
    """Who is behind a product of the tenant's; nobody behind one that a member keeps."""
    same = (ProductContributor.tenant_id == Product.tenant_id) & (ProductContributor.product_id == Product.id)
    return (
        select(*ProductContributor.__table__.columns)
        .join(Product, same)
        .where(Product.id == product_id, Product.author_id.is_(None) | Product.visibility.not_in(KEPT))
    )


def put_contributor(
    session: Session, *, product: Product, membership_id: UUID, role: str, relation: str | None = None
) -> Any:
    """Say that somebody is behind a product, and how; whoever is already changes. Raises NotFound and Invalid."""
    row_of(session, Membership, membership_id)
    refuse_relation(product.kind, relation)
    row = {"product_id": product.id, "membership_id": membership_id, "role": role, "relation": relation}
    told = insert(ProductContributor).values(tenant_id=session.tenant_id, **row)
    changed = session.execute(
        told.on_conflict_do_update(
            index_elements=["tenant_id", "product_id", "membership_id"],
            set_={"role": role, "relation": relation},
            where=ProductContributor.role.is_distinct_from(role)
            | ProductContributor.relation.is_distinct_from(relation),
        ).returning(ProductContributor.id)
    ).all()
    if changed:
        product.updated_at = now()
        events.record(session, "product.updated", subject=product, changed=["membership_ids"])
    found = contributors(product.id).where(ProductContributor.membership_id == membership_id)
    return one(session, found, "contributor")


def refuse_relation(kind: str, relation: str | None) -> None:
    """Raise Invalid where nobody can be that to a product of this kind."""
    broken = [
        FieldError(f"/{rule.field}", rule.code, rule.message)
        for rule in broken_rules_of_contributor(kind, relation)
    ]
    if broken:
        raise Invalid(*broken)


def check_memberships(session: Session, membership_ids: Sequence[UUID]) -> None:
    """Raise Invalid at each of /membership_ids that the tenant does not have."""
    known = set(session.scalars(select(Membership.id).where(Membership.id.in_(membership_ids))))
    unknown = [
        FieldError(f"/membership_ids/{place}", "unknown", "There is no such membership.")
        for place, membership_id in enumerate(membership_ids)
        if membership_id not in known
    ]
    if unknown:
        raise Invalid(*unknown)


def add_contributors(session: Session, product: Product, membership_ids: Iterable[UUID]) -> None:
    """Put them behind a product, formally; of a nomination as whom its kind says."""
    relation = NOMINATIONS.get(product.kind)
    rows = [
        {
            "tenant_id": session.tenant_id,
            "product_id": product.id,
            "membership_id": membership_id,
            "relation": relation,
        }
        for membership_id in sorted(set(membership_ids))
    ]
    session.execute(insert(ProductContributor).on_conflict_do_nothing(), rows)


def replace_contributors(session: Session, product: Product, membership_ids: Sequence[UUID]) -> bool:
    """Whether anybody came or went; who stays keeps role and relation. Raises Invalid."""
    check_memberships(session, membership_ids)
    of_product = ProductContributor.product_id == product.id
    before = set(session.scalars(select(ProductContributor.membership_id).where(of_product)))
    gone, come = before - set(membership_ids), set(membership_ids) - before
    if gone:
        session.execute(
            delete(ProductContributor).where(of_product, ProductContributor.membership_id.in_(gone))
        )
    if come:
        add_contributors(session, product, come)
    return bool(gone or come)
