"""/v1/products, and /v1/me/products"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.products.schemas import (
    OwnProduct,
    OwnProductCreate,
    OwnProductPatch,
    OwnProductQuery,
    Product,
    ProductCreate,
    ProductPatch,
    ProductQuery,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.outcomes import actions, own_products, queries

blp = Blueprint("Products", description="What came out, and who is behind it.")
READ, WRITE = Permission.OUTCOMES_READ, Permission.OUTCOMES_WRITE
HERS, BY_HER = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
OWN = "/me/products"
ONE_OWN = f"{OWN}/<uuid:own_product_id>"


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
    """Change what one recorded oneself, or who may know, while nobody else is behind it."""
    own_products.edit_own_product(session, product_id=own_product_id, changes=body, if_match=if_match)
    return own_products.own_product(session, product_id=own_product_id)


@blp.delete(ONE_OWN, BY_HER, status=204, etag=True, errors=(403, 409))
def remove_my_product(session: Session, own_product_id: UUID, if_match: IfMatch) -> None:
    """Remove what one recorded oneself."""
    own_products.remove_own_product(session, product_id=own_product_id, if_match=if_match)
