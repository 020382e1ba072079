"""/v1/connections"""

from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Row, Select

from api.auth.trial import trial_url
from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.connections.schemas import Connection, ConnectionCreate, ConnectionPatch, ConnectionTest
from tenants.access import connections as actions
from tenants.access import models
from tenants.institutions.models import Tenant
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session

blp = Blueprint("Connections", description="How the tenant's people sign in.")
ALLOW = Permission.CONNECTIONS_MANAGE
ONE = "/connections/<uuid:connection_id>"


@blp.list("/connections", ALLOW, returns=Connection)
def list_connections(session: Session) -> Select[Any]:
    """The tenant's own connections; the platform's is everybody's."""
    return actions.connections(current_app.config["PUBLIC_URL"])


@blp.post(
    "/connections",
    ALLOW,
    body=ConnectionCreate,
    returns=Connection,
    status=201,
    location="/v1/connections/{id}",
    etag=True,
)
def create_connection(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Make a draft. The secret is kept encrypted and never shown."""
    return _shown(session, actions.create_connection(session, **body).id)


@blp.get(ONE, ALLOW, returns=Connection, etag=True)
def get_connection(session: Session, connection_id: UUID) -> Row[Any]:
    """One connection."""
    return _shown(session, connection_id)


@blp.patch(ONE, ALLOW, body=ConnectionPatch, returns=Connection, etag=True, errors=(409,))
def edit_connection(
    session: Session, body: dict[str, Any], connection_id: UUID, if_match: IfMatch
) -> Row[Any]:
    """Change a connection, switch it on or off, or enforce it. Never so that no owner could sign in."""
    actions.edit_connection(session, connection_id=connection_id, changes=body, if_match=if_match)
    return _shown(session, connection_id)


@blp.delete(ONE, ALLOW, status=204, etag=True, errors=(409,))
def delete_connection(session: Session, connection_id: UUID, if_match: IfMatch) -> None:
    """Remove a connection that is not in use, and the identities that it knew."""
    actions.delete_connection(session, connection_id=connection_id, if_match=if_match)


@blp.post(f"{ONE}/tests", ALLOW, returns=ConnectionTest, secrets=("url",))
def test_connection(session: Session, connection_id: UUID) -> dict[str, str]:
    """Get a page on which to sign in for a test: it opens no session, and lets a draft be switched on."""
    connection = row_of(session, models.Connection, connection_id)
    tenant = session.get_one(Tenant, session.tenant_id)
    return {"url": trial_url(tenant.slug, connection)}


def _shown(session: Session, connection_id: UUID) -> Row[Any]:
    found = actions.connections(current_app.config["PUBLIC_URL"]).where(models.Connection.id == connection_id)
    return one(session, found, "connection")
