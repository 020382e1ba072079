"""Making, rotating and revoking API clients."""

import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select

from tenants.access.models import SECRET_PREFIX, AccessToken, Client, ClientAuthorization
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from tenants.kernel.ids import bearer, digest, new_id
from tenants.kernel.permissions import ALL, NAMED, PRIVATE, SELF, Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

LOOPBACK_ADDRESSES = ("127.0.0.1", "[::1]")


def create_client(
    session: Session,
    *,
    name: str,
    grant_types: Sequence[str] = ("client_credentials",),
    redirect_uris: Sequence[str] = (),
    cors_origins: Sequence[str] = (),
    scopes: Sequence[str] | None = None,
    public: bool = False,
    held: Iterable[str],
) -> tuple[Client, str | None]:
    """A new client and its secret, which is not kept and cannot be shown again. A public one has none.

    `held` is what its maker may do: the most it can grant, beside what people may do for themselves, and what is
    granted when `scopes` is None, but for what concerns documents that name people. Invalid names a scope beyond that
    ("scope_not_held") or one that no client of a tenant is given ("private_scope"), and grant types that do not fit.
    """
    own = set(held)
    granted = sorted(own - PRIVATE - NAMED if scopes is None else set(scopes))
    _refuse_unfit(granted, own, grant_types, redirect_uris, public)
    secret = None if public else bearer(SECRET_PREFIX, session.tenant_id)
    client = Client(
        id=new_id(),
        name=name,
        grant_types=sorted(set(grant_types)),
        redirect_uris=list(redirect_uris),
        cors_origins=list(cors_origins),
        scopes=granted,
        secret_hash=digest(secret) if secret else None,
    )
    session.add(client)
    session.flush()
    events.record(session, "client.created", subject=client, audience="audit")
    return client, secret


def create_own_client(session: Session) -> Client:
    """The product's own client of a new tenant: for programs on people's own machines, so public.

    It alone may be given what groups write, as no institution runs it.
    """
    client = Client(
        id=new_id(),
        name="Peerloom",
        first_party=True,
        grant_types=["authorization_code", "refresh_token"],
        redirect_uris=[f"http://{host}/callback" for host in LOOPBACK_ADDRESSES],
        scopes=sorted(ALL),
    )
    session.add(client)
    session.flush()
    events.record(session, "client.created", subject=client, audience="audit")
    return client


def rotate_secret(
    session: Session, *, client_id: UUID, held: Iterable[str], keep_old_for: timedelta = timedelta()
) -> tuple[Client, str]:
    """Give a client a new secret; the old one works for `keep_old_for` longer, tokens already issued run out.

    `held` is what the caller may do. Forbidden "scope_not_held" if the client may do more: whoever learns
    its secret could become it. Conflict "public_client" for one that has no secret.
    """
    client = _active(session, client_id)
    _refuse_stronger(client, held)
    if client.public:
        raise Conflict("A public client has no secret.", code="public_client")
    secret = bearer(SECRET_PREFIX, session.tenant_id)
    client.old_secret_hash = client.secret_hash if keep_old_for else None
    client.old_secret_until = now() + keep_old_for if keep_old_for else None
    client.secret_hash = digest(secret)
    session.flush()
    events.record(session, "client.secret_rotated", subject=client, audience="audit")
    return client, secret


def knows_secret(client: Client, secret: str) -> bool:
    """Whether this is the client's secret, or the one before while that is kept. Takes the same time either way."""
    offered = digest(secret)
    hashes = [client.secret_hash or b""]
    if client.old_secret_until is not None and client.old_secret_until > now():
        hashes.append(client.old_secret_hash or b"")
    matches = [hmac.compare_digest(known, offered) for known in hashes]
    return any(matches)


def revoke_client(session: Session, *, client_id: UUID, held: Iterable[str]) -> Client:
    """End a client and every token it holds.

    `held` is what the caller may do. Forbidden "scope_not_held" if the client may do more; Conflict
    "last_manager" if nobody else could manage clients and grant what this one could: the tenant would be
    locked out. Documents that name people are an owner's to give.
    """
    is_manager = (Client.state == "active") & Client.scopes.contains([Permission.CLIENTS_MANAGE])
    # Held, so that of two who revoke each other one is refused.
    managers = session.scalars(select(Client).where(is_manager).order_by(Client.id).with_for_update()).all()
    client = _active(session, client_id)
    _refuse_stronger(client, held)
    others = [set(each.scopes) for each in managers if each is not client]
    if client in managers and not any(set(client.scopes) - NAMED <= scopes for scopes in others):
        raise Conflict("No other client could take this one's place; make one first.", code="last_manager")
    client.state = "revoked"
    for held_by_it in (AccessToken, ClientAuthorization):
        session.execute(delete(held_by_it).where(held_by_it.client_id == client_id))
    events.record(session, "client.revoked", subject=client, audience="audit")
    return client


def _refuse_unfit(
    granted: Collection[str],
    held: set[str],
    grant_types: Collection[str],
    redirect_uris: Collection[str],
    public: bool,
) -> None:
    broken = []
    if private := sorted(PRIVATE & set(granted)):
        said = f"What groups write is given to no client of a tenant: {', '.join(private)}."
        broken.append(FieldError("/scopes", "private_scope", said))
    if beyond := [scope for scope in granted if scope not in held | SELF | PRIVATE]:
        said = f"You cannot grant what you lack: {', '.join(beyond)}."
        broken.append(FieldError("/scopes", "scope_not_held", said))
    if public and "client_credentials" in grant_types:
        said = "A public client acts for people only: leave client_credentials out."
        broken.append(FieldError("/grant_types", "not_public", said))
    if "refresh_token" in grant_types and "authorization_code" not in grant_types:
        said = "Refresh tokens come with authorization codes."
        broken.append(FieldError("/grant_types", "needs_authorization_code", said))
    if "authorization_code" in grant_types and not redirect_uris:
        said = "Authorization codes need an address to go to."
        broken.append(FieldError("/redirect_uris", "required", said))
    if broken:
        raise Invalid(*broken)


def _refuse_stronger(client: Client, held: Iterable[str]) -> None:
    if client.first_party:
        raise Forbidden(
            "This is the product's own client; it is not the tenant's to change.", code="first_party"
        )
    beyond = sorted(set(client.scopes) - set(held) - SELF)
    if beyond:
        raise Forbidden(f"This client holds what you lack: {', '.join(beyond)}.", code="scope_not_held")


def _active(session: Session, client_id: UUID) -> Client:
    client = row_of(session, Client, client_id, "client")
    if client.state != "active":
        raise Conflict("This client is revoked.", code="client_revoked")
    return client
