"""/v1/products"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.products.schemas import Product, ProductCreate, ProductPatch, ProductQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.outcomes import actions, queries

blp = Blueprint("Products", description="What came out, and who is behind it.")
READ, WRITE = Permission.OUTCOMES_READ, Permission.OUTCOMES_WRITE


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
