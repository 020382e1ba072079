"""Finding the product that a tenant has already, so that one thing is recorded once."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select, text

from tenants.kernel.errors import Conflict
from tenants.kernel.session import Session
from tenants.outcomes.identity import PROPOSALS, core_project_number, identity_of, title_key
from tenants.outcomes.models import KEPT, Product
from tenants.outcomes.rules import product_key

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('products' || :tenant, 0))")


def same_product(
    session: Session, facts: Mapping[str, Any], *, besides: Product | None = None
) -> Product | None:
    """The first product of the tenant's that shares an identifier with a canonical one, or its key, or has but its
    title. None of those that members keep is looked at, so that nobody learns of them.

    Until the transaction ends nobody else records one.
    """
    session.execute(_ONE_AT_A_TIME, {"tenant": str(session.tenant_id)})
    found = select(Product).where(
        Product.author_id.is_(None) | Product.visibility.not_in(KEPT), _alike(facts)
    )
    if besides is not None:
        found = found.where(Product.id != besides.id)
    return next((each for each in session.scalars(found.order_by(Product.id)) if _is_same(each, facts)), None)


def refuse_same(session: Session, facts: Mapping[str, Any], *, besides: Product | None = None) -> None:
    """Raise Conflict "exists" if the tenant has it."""
    if same_product(session, facts, besides=besides) is not None:
        raise Conflict("This product is recorded already.", code="exists")


def _alike(facts: Mapping[str, Any]) -> ColumnElement[bool]:
    alike = Product.natural_key.in_([product_key(facts), title_key(facts) or ""])
    for column in (Product.doi, Product.pmid):
        if value := facts[column.name]:
            alike |= column == value
    if facts["kind"] in PROPOSALS and facts["project_number"]:
        core = core_project_number(facts["project_number"])
        told = func.translate(func.upper(Product.project_number), " -", "")
        alike |= (Product.kind == facts["kind"]) & told.contains(core.replace("-", ""), autoescape=True)
    return alike


def _is_same(product: Product, facts: Mapping[str, Any]) -> bool:
    there = {
        name: getattr(product, name) for name in ("kind", "title", "date", "doi", "pmid", "project_number")
    }
    if product.natural_key in (product_key(facts), title_key(facts)):
        return True
    shared = identity_of(there) & identity_of(facts)
    # What a proposal was and what came of it are told apart, and counted as one.
    return any(not each.startswith("project:") or product.kind == facts["kind"] for each in shared)
