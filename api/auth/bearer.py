"""Who is calling: a bearer token, looked up under the wall of the tenant that it names."""

from dataclasses import dataclass
from uuid import UUID

from flask import Request
from sqlalchemy import bindparam, select

from tenants.access.models import TOKEN_PREFIX, AccessToken, Client
from tenants.institutions.models import Tenant
from tenants.kernel.clock import now
from tenants.kernel.errors import Forbidden, Unauthenticated
from tenants.kernel.ids import digest, tenant_of
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session

_LOOK_UP = (
    select(AccessToken.client_id, AccessToken.scopes, AccessToken.expires_at, Client.state, Tenant.state)
    .join(Client, (Client.tenant_id == AccessToken.tenant_id) & (Client.id == AccessToken.client_id))
    .join(Tenant, Tenant.id == AccessToken.tenant_id)
    .where(AccessToken.hash == bindparam("hash"))
)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated client and what it may do."""

    client_id: UUID
    scopes: frozenset[str]

    def require(self, permission: Permission) -> None:
        """Raise Forbidden unless the caller's token holds this permission."""
        if permission.value not in self.scopes:
            raise Forbidden(f"This token lacks the scope {permission.value}.", code="insufficient_scope")


def token_in(request: Request) -> tuple[UUID, str]:
    """The tenant that the request's token names, and the token. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    tenant_id = tenant_of(token, TOKEN_PREFIX) if scheme.lower() == "bearer" else None
    if tenant_id is None:
        raise Unauthenticated("Send an access token: Authorization: Bearer <token>.")
    return tenant_id, token


def caller_of(session: Session, token: str) -> Caller:
    """The caller that holds this token. Raises Unauthenticated, or Forbidden for a suspended tenant."""
    row = session.connection().execute(_LOOK_UP, {"hash": digest(token)}).one_or_none()
    if row is None or row.expires_at <= now() or row[3] != "active":
        raise Unauthenticated("This access token is unknown, expired or revoked.", code="invalid_token")
    if row[4] != "open":
        raise Forbidden("This tenant is suspended.", code="tenant_suspended")
    return Caller(row.client_id, frozenset(row.scopes))
