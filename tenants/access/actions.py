"""Making, rotating and revoking API clients; keeping the tokens that they are given."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select

from tenants.access.models import SECRET_PREFIX, AccessToken, Client
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Forbidden, Invalid
from tenants.kernel.ids import bearer, digest, new_id
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

TOKEN_LIFETIME = timedelta(minutes=15)


def create_client(
    session: Session,
    *,
    name: str,
    grant_types: Sequence[str] = ("client_credentials",),
    redirect_uris: Sequence[str] = (),
    scopes: Sequence[str] | None = None,
    held: Iterable[str],
) -> tuple[Client, str]:
    """A new client and its secret, which is not kept and cannot be shown again.

    `held` is what its maker may do: the most it can grant, and what is granted when `scopes` is None.
    Invalid "scope_not_held" names a scope beyond that.
    """
    granted = sorted(held) if scopes is None else sorted(set(scopes))
    beyond = [scope for scope in granted if scope not in set(held)]
    if beyond:
        raise Invalid.field(
            "/scopes", "scope_not_held", f"You cannot grant what you lack: {', '.join(beyond)}."
        )
    secret = bearer(SECRET_PREFIX, session.tenant_id)
    client = Client(
        id=new_id(),
        name=name,
        grant_types=sorted(set(grant_types)),
        redirect_uris=list(redirect_uris),
        scopes=granted,
        secret_hash=digest(secret),
    )
    session.add(client)
    session.flush()
    events.record(session, "client.created", subject=client, audience="audit")
    return client, secret


def rotate_secret(session: Session, *, client_id: UUID, held: Iterable[str]) -> tuple[Client, str]:
    """Give a client a new secret; the old one stops working now, tokens already issued run out.

    `held` is what the caller may do. Forbidden "scope_not_held" if the client may do more: whoever learns
    its secret could become it.
    """
    client = _active(session, client_id)
    _refuse_stronger(client, held)
    secret = bearer(SECRET_PREFIX, session.tenant_id)
    client.secret_hash = digest(secret)
    session.flush()
    events.record(session, "client.secret_rotated", subject=client, audience="audit")
    return client, secret


def revoke_client(session: Session, *, client_id: UUID, held: Iterable[str]) -> Client:
    """End a client and every token it holds.

    `held` is what the caller may do. Forbidden "scope_not_held" if the client may do more; Conflict
    "last_manager" if nobody else could manage clients and grant what this one could: the tenant would be
    locked out.
    """
    is_manager = (Client.state == "active") & Client.scopes.contains([Permission.CLIENTS_MANAGE])
    # Held, so that of two who revoke each other one is refused.
    managers = session.scalars(select(Client).where(is_manager).order_by(Client.id).with_for_update()).all()
    client = _active(session, client_id)
    _refuse_stronger(client, held)
    others = [set(each.scopes) for each in managers if each is not client]
    if client in managers and not any(set(client.scopes) <= scopes for scopes in others):
        raise Conflict("No other client could take this one's place; make one first.", code="last_manager")
    client.state = "revoked"
    session.execute(delete(AccessToken).where(AccessToken.client_id == client_id))
    events.record(session, "client.revoked", subject=client, audience="audit")
    return client


def store_token(session: Session, *, client_id: UUID, token: str, scopes: Sequence[str]) -> None:
    """Keep a token's hash, for 15 minutes."""
    session.add(
        AccessToken(
            client_id=client_id, hash=digest(token), scopes=list(scopes), expires_at=now() + TOKEN_LIFETIME
        )
    )


def _refuse_stronger(client: Client, held: Iterable[str]) -> None:
    beyond = sorted(set(client.scopes) - set(held))
    if beyond:
        raise Forbidden(f"This client holds what you lack: {', '.join(beyond)}.", code="scope_not_held")


def _active(session: Session, client_id: UUID) -> Client:
    client = row_of(session, Client, client_id, "client")
    if client.state != "active":
        raise Conflict("This client is revoked.", code="client_revoked")
    return client
