"""Clients, as lists show them."""

from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy import Text as SqlText
from sqlalchemy import cast as sql_cast

from tenants.access.models import CLIENT_PREFIX, Client


def clients() -> Select[Any]:
    """Every client of the tenant, without secrets."""
    public_id = (
        literal(f"{CLIENT_PREFIX}_") + _hex(Client.tenant_id) + literal("_") + _hex(Client.id)
    ).label("client_id")
    shown = (
        Client.name,
        Client.state,
        Client.grant_types,
        Client.redirect_uris,
        Client.cors_origins,
        Client.scopes,
        Client.secret_hash.is_(None).label("public"),
        Client.first_party,
    )
    return select(Client.id, public_id, *shown, Client.created_at, Client.updated_at, Client.version)


def _hex(column: Any) -> Any:
    return func.replace(sql_cast(column, SqlText), "-", "")
