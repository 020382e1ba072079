"""Who is calling: a bearer token, looked up under the wall of the tenant that it names."""

from dataclasses import dataclass
from uuid import UUID

from flask import Request
from sqlalchemy import bindparam, select

from tenants.access.connections import ENFORCED
from tenants.access.models import TOKEN_PREFIX, AccessToken, Client, ClientAuthorization, Connection
from tenants.access.sign_in import USABLE
from tenants.institutions.models import Tenant
from tenants.kernel.clock import now
from tenants.kernel.errors import Forbidden, NotFound, Unauthenticated
from tenants.kernel.ids import digest, tenant_of
from tenants.kernel.permissions import PRIVATE, SELF, Permission
from tenants.kernel.session import Session
from tenants.people.held import EVERYWHERE, NOWHERE, Giver, Held, Reach, reach
from tenants.people.models import Membership
from tenants.people.roles import roles_of

_LOOK_UP = (
    select(
        AccessToken.client_id,
        AccessToken.scopes,
        AccessToken.expires_at,
        AccessToken.membership_id,
        AccessToken.authorization_id,
        Client.state,
        Client.cors_origins,
        Tenant.state.label("tenant_state"),
    )
    .join(Client, (Client.tenant_id == AccessToken.tenant_id) & (Client.id == AccessToken.client_id))
    .join(Tenant, Tenant.id == AccessToken.tenant_id)
    .where(AccessToken.hash == bindparam("hash"))
)
_ON_BEHALF = (
    select(
        ClientAuthorization.connection_id,
        Membership.person_id,
        Connection.state,
        ENFORCED.label("enforced"),
    )
    .join(Membership, Membership.id == ClientAuthorization.membership_id)
    .outerjoin(Connection, Connection.id == ClientAuthorization.connection_id)
    .where(ClientAuthorization.id == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated client and what it may do: for its tenant or, with a membership, for one of its people.

    `roles` are what she holds now; None where the client acts for the tenant itself.
    """

    client_id: UUID
    scopes: frozenset[str]
    membership_id: UUID | None = None
    personal: bool = False
    roles: tuple[Held, ...] | None = None
    cors_origins: tuple[str, ...] = ()

    @property
    def actor(self) -> str:
        """Who acts, as events name it."""
        return str(self.client_id) if self.membership_id is None else f"membership:{self.membership_id}"

    @property
    def held(self) -> frozenset[str]:
        """All that the caller may do somewhere in the tenant, by scope."""
        return frozenset(scope for scope in self.scopes if self.reach(Permission(scope)))

    @property
    def giver(self) -> Giver:
        """The caller as somebody who gives roles."""
        return Giver(self.roles, self.scopes)

    def reach(self, permission: Permission) -> Reach:
        """Where in the tenant the caller may do this; nowhere is false."""
        if permission.value not in self.scopes:
            return NOWHERE
        if self.roles is None or permission in SELF | PRIVATE:
            return EVERYWHERE
        return reach(self.roles, permission)

    def require(self, permission: Permission, *, reading: bool) -> Reach:
        """Where the caller may do this.

        Raises Forbidden where the token lacks the scope. A person whose roles do not give it finds nothing to read
        there (NotFound), and may not write (Forbidden).
        """
        if permission.value not in self.scopes:
            raise Forbidden(f"This token lacks the scope {permission.value}.", code="insufficient_scope")
        if self.membership_id is None and permission in SELF | PRIVATE:
            raise Forbidden("This is for people; the token acts for no one.", code="no_membership")
        where = self.reach(permission)
        if not where:
            if reading:
                raise NotFound
            raise Forbidden("None of your roles allows this.", code="insufficient_role")
        return where


def token_in(request: Request) -> tuple[UUID, str]:
    """The tenant that the request's token names, and the token. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    tenant_id = tenant_of(token, TOKEN_PREFIX) if scheme.lower() == "bearer" else None
    if tenant_id is None:
        raise Unauthenticated("Send an access token: Authorization: Bearer <token>.")
    return tenant_id, token


def caller_of(session: Session, token: str) -> Caller:
    """The caller that holds this token; the session becomes that of the person whom it acts for.

    Raises Unauthenticated, or Forbidden for a suspended tenant.
    """
    row = session.connection().execute(_LOOK_UP, {"hash": digest(token)}).one_or_none()
    if row is None or row.expires_at <= now() or row.state != "active":
        raise Unauthenticated("This access token is unknown, expired or revoked.", code="invalid_token")
    if row.tenant_state != "open":
        raise Forbidden("This tenant is suspended.", code="tenant_suspended")
    client = (row.client_id, frozenset(row.scopes))
    origins = tuple(row.cors_origins)
    if row.membership_id is None:
        return Caller(*client, cors_origins=origins)
    behalf = session.connection().execute(_ON_BEHALF, {"id": row.authorization_id}).one_or_none()
    if behalf is None or behalf.state not in (None, *USABLE):
        raise Unauthenticated("What this token was given for has ended.", code="invalid_token")
    personal = behalf.connection_id is None
    session.identify(membership_id=row.membership_id, person_id=behalf.person_id if personal else None)
    # What is about oneself stays open whatever the tenant enforces.
    ruled_out = behalf.enforced and behalf.state != "enforced"
    roles = () if ruled_out else tuple(roles_of(session, row.membership_id))
    return Caller(*client, row.membership_id, personal, roles, origins)
