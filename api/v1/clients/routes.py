"""/v1/clients"""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.clients.schemas import Client, ClientCreate, ClientWithSecret, SecretRotation
from tenants.access import clients as actions
from tenants.access import models, queries
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

blp = Blueprint("Clients", description="Programs that call the API for this tenant.")
ALLOW = Permission.CLIENTS_MANAGE
SECRET = ("client_secret",)


@blp.list("/clients", ALLOW, returns=Client)
def list_clients(session: Session) -> Select[Any]:
    """The tenant's clients, revoked ones too."""
    return queries.clients()


@blp.post(
    "/clients",
    ALLOW,
    body=ClientCreate,
    returns=ClientWithSecret,
    status=201,
    location="/v1/clients/{id}",
    etag=True,
    secrets=SECRET,
)
def create_client(session: Session, body: dict[str, Any]) -> Any:
    """Make a client. Its secret is in this answer and nowhere else."""
    return _with_secret(*actions.create_client(session, held=g.caller.held, **body))


@blp.get("/clients/<uuid:client_id>", ALLOW, returns=Client, etag=True)
def get_client(session: Session, client_id: UUID) -> models.Client:
    """One client."""
    return row_of(session, models.Client, client_id)


@blp.post(
    "/clients/<uuid:client_id>/secret",
    ALLOW,
    body=SecretRotation,
    returns=ClientWithSecret,
    etag=True,
    secrets=SECRET,
)
def rotate_client_secret(session: Session, body: dict[str, Any], client_id: UUID) -> Any:
    """Give the client a new secret; the old one stops working at once, or as much later as you say."""
    keep = timedelta(seconds=body["keep_old_for_seconds"])
    rotated = actions.rotate_secret(session, client_id=client_id, held=g.caller.held, keep_old_for=keep)
    return _with_secret(*rotated)


@blp.post("/clients/<uuid:client_id>/revocation", ALLOW, returns=Client, etag=True)
def revoke_client(session: Session, client_id: UUID) -> models.Client:
    """End the client and all its tokens."""
    return actions.revoke_client(session, client_id=client_id, held=g.caller.held)


def _with_secret(client: models.Client, secret: str | None) -> Any:
    session_row = {name: getattr(client, name) for name in Client().fields}
    return SimpleNamespace(**session_row, client_secret=secret)
