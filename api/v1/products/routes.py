"""/v1/products, /v1/me/products, /v1/groups/{group_id}/products, and /v1/outcome-kinds"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.products.schemas import (
    Contributor,
    ContributorPut,
    GroupProduct,
    OutcomeKinds,
    OwnProduct,
    OwnProductCreate,
    OwnProductPatch,
    OwnProductQuery,
    Product,
    ProductCreate,
    ProductPatch,
    ProductQuery,
    ProductState,
    StateCreate,
)
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.outcomes import actions, contributors, kinds, models, own_products, queries, shown, states

blp = Blueprint("Products", description="What came out, and who is behind it.")
READ, WRITE = Permission.OUTCOMES_READ, Permission.OUTCOMES_WRITE
HERS, BY_HER = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
OWN = "/me/products"
ONE_OWN = f"{OWN}/<uuid:own_product_id>"
OF_GROUP = "/groups/<uuid:group_id>/products"


@blp.get("/outcome-kinds", READ, returns=OutcomeKinds)
def get_outcome_kinds(_: Session) -> dict[str, Any]:
    """The kinds of products and career events, and where reports to funders put each."""
    return {
        "products": kinds.PRODUCTS,
        "career_events": kinds.CAREER_EVENTS,
        "rppr": kinds.RPPR,
        "outcome_types": kinds.OUTCOME_TYPES,
    }


@blp.list("/products", READ, query=ProductQuery, returns=Product)
def list_products(session: Session, **filters: Any) -> Select[Any]:
    """The tenant's products."""
    return queries.products(**filters)


@blp.post(
    "/products",
    WRITE,
    body=ProductCreate,
    returns=Product,
    status=201,
    location="/v1/products/{id}",
    etag=True,
)
def create_product(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Record a product; 409 if it is recorded already."""
    product = actions.create_product(session, **body)
    return queries.product(session, product_id=product.id)


@blp.get("/products/<uuid:product_id>", READ, returns=Product, etag=True)
def get_product(session: Session, product_id: UUID) -> Row[Any]:
    """One product."""
    return queries.product(session, product_id=product_id)


@blp.patch("/products/<uuid:product_id>", WRITE, body=ProductPatch, returns=Product, etag=True)
def edit_product(session: Session, body: dict[str, Any], product_id: UUID, if_match: IfMatch) -> Row[Any]:
    """Change a product, or who is behind it."""
    actions.edit_product(session, product_id=product_id, changes=body, if_match=if_match)
    return queries.product(session, product_id=product_id)


@blp.delete("/products/<uuid:product_id>", WRITE, status=204, etag=True)
def delete_product(session: Session, product_id: UUID, if_match: IfMatch) -> None:
    """Remove a product."""
    actions.delete_product(session, product_id=product_id, if_match=if_match)


@blp.list("/products/<uuid:product_id>/states", READ, returns=ProductState)
def list_product_states(session: Session, product_id: UUID) -> Select[Any]:
    """What a product went through, in the order in which it was told."""
    actions.tenants_product(session, product_id)
    return states.product_states(product_id)


@blp.post("/products/<uuid:product_id>/states", WRITE, body=StateCreate, returns=ProductState, status=201)
def record_product_state(session: Session, body: dict[str, Any], product_id: UUID) -> models.ProductState:
    """Say that a product came into a state; none is taken back."""
    return actions.record_state(session, product_id=product_id, **body)


@blp.list("/products/<uuid:product_id>/contributors", READ, returns=Contributor)
def list_contributors(session: Session, product_id: UUID) -> Select[Any]:
    """Who is behind a product, and how."""
    actions.tenants_product(session, product_id)
    return contributors.contributors(product_id)


@blp.put(
    "/products/<uuid:product_id>/contributors/<uuid:membership_id>",
    WRITE,
    body=ContributorPut,
    returns=Contributor,
)
def put_contributor(session: Session, body: dict[str, Any], product_id: UUID, membership_id: UUID) -> Any:
    """Say that somebody is behind a product, and how."""
    product = actions.tenants_product(session, product_id)
    return contributors.put_contributor(session, product=product, membership_id=membership_id, **body)


@blp.list(OWN, HERS, query=OwnProductQuery, returns=OwnProduct)
def list_my_products(session: Session, kind: str | None) -> Select[Any]:
    """What one is behind: what one recorded oneself, and what the tenant did."""
    return own_products.own_products(g.caller.membership_id, kind)


@blp.post(
    OWN,
    BY_HER,
    body=OwnProductCreate,
    returns=OwnProduct,
    status=201,
    location="/v1/me/products/{id}",
    etag=True,
    errors=(403,),
)
def record_my_product(session: Session, body: dict[str, Any]) -> Any:
    """Record what one is behind; for oneself alone unless one says otherwise."""
    product = own_products.record_product(session, **body)
    return own_products.own_product(session, product_id=product.id)


@blp.get(ONE_OWN, HERS, returns=OwnProduct, etag=True)
def get_my_product(session: Session, own_product_id: UUID) -> Any:
    """One of them."""
    return own_products.own_product(session, product_id=own_product_id)


@blp.patch(ONE_OWN, BY_HER, body=OwnProductPatch, returns=OwnProduct, etag=True, errors=(403,))
def edit_my_product(session: Session, body: dict[str, Any], own_product_id: UUID, if_match: IfMatch) -> Any:
    """Change what one recorded oneself, or who may know, while nobody else is behind it. Where the tenant, which may
    know now, has it already, that one is answered, with one behind it, and the id of before is no more.
    """
    product_id = own_products.edit_own_product(
        session, product_id=own_product_id, changes=body, if_match=if_match
    )
    return own_products.own_product(session, product_id=product_id)


@blp.delete(ONE_OWN, BY_HER, status=204, etag=True, errors=(403, 409))
def remove_my_product(session: Session, own_product_id: UUID, if_match: IfMatch) -> None:
    """Remove what one recorded oneself, or stand no longer behind what one came to."""
    own_products.remove_own_product(session, product_id=own_product_id, if_match=if_match)


@blp.list(f"{ONE_OWN}/states", HERS, returns=ProductState)
def list_my_product_states(session: Session, own_product_id: UUID) -> Select[Any]:
    """What it went through, in the order in which it was told."""
    own_products.own_product(session, product_id=own_product_id)
    return states.product_states(own_product_id)


@blp.post(f"{ONE_OWN}/states", BY_HER, body=StateCreate, returns=ProductState, status=201, errors=(403, 409))
def record_my_product_state(
    session: Session, body: dict[str, Any], own_product_id: UUID
) -> models.ProductState:
    """Say that what one recorded oneself came into a state; none is taken back."""
    return own_products.record_own_state(session, product_id=own_product_id, **body)


@blp.list(OF_GROUP, HERS, returns=GroupProduct)
def list_group_products(session: Session, group_id: UUID) -> Select[Any]:
    """What members show their group of what came out, and what its items and actions came to."""
    refuse_strangers(session, group_id)
    return shown.products_of_group(group_id)


@blp.put(f"{OF_GROUP}/<uuid:own_product_id>", BY_HER, status=204)
def show_product(session: Session, group_id: UUID, own_product_id: UUID) -> None:
    """Show one's group what one is behind, though the tenant may not know."""
    shown.show_product(session, group_id=group_id, product_id=own_product_id)


@blp.delete(f"{OF_GROUP}/<uuid:own_product_id>", BY_HER, status=204)
def hide_product(session: Session, group_id: UUID, own_product_id: UUID) -> None:
    """Show it no longer."""
    shown.hide_product(session, group_id=group_id, product_id=own_product_id)
