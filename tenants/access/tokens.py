"""What clients hold for people: authorizations, their codes, refresh tokens and access tokens.

Codes and refresh tokens are used up in one statement, so that of many who bring the same one a single one is
served. Whoever brings one a second time, after that, has found it or lost it: then the whole family ends.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update

from tenants.access.models import (
    CODE_PREFIX,
    REFRESH_PREFIX,
    AccessToken,
    AuthorizationCode,
    Client,
    ClientAuthorization,
    RefreshToken,
)
from tenants.access.sign_in import may_be_used
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import NotFound
from tenants.kernel.ids import bearer, digest, new_id, random_id
from tenants.kernel.session import Session

Once = TypeVar("Once", AuthorizationCode, RefreshToken)
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
CODE_LIFETIME = timedelta(seconds=60)
REFRESH_TOKEN_LIFETIME = timedelta(days=30)
AUTHORIZATION_LIFETIME = timedelta(days=180)


def authorize(
    session: Session,
    *,
    client_id: UUID,
    membership_id: UUID,
    connection_id: UUID | None,
    scopes: Sequence[str],
    redirect_uri: str,
    code_challenge: str,
) -> str:
    """Record what a person lets a client do, and return the code that the client exchanges within a minute.

    `connection_id` is that of the connection through which she had signed in, None the platform's; `code_challenge`
    is PKCE's, by S256.
    """
    authorization = ClientAuthorization(
        id=new_id(),
        client_id=client_id,
        membership_id=membership_id,
        scopes=list(scopes),
        connection_id=connection_id,
        expires_at=now() + AUTHORIZATION_LIFETIME,
    )
    code = bearer(CODE_PREFIX, session.tenant_id)
    session.add(authorization)
    session.flush()
    session.add(
        AuthorizationCode(
            hash=digest(code),
            authorization_id=authorization.id,
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
            expires_at=now() + CODE_LIFETIME,
        )
    )
    events.record(session, "client.authorized", subject_type="client", subject_id=client_id, audience="audit")
    return code


def use_code(
    session: Session, *, code: str, client_id: UUID
) -> tuple[AuthorizationCode, ClientAuthorization] | None:
    """Use up a code of this client: what it was issued for, or None if it is not to be had.

    The caller commits in any case: a second use ends the authorization and all that it led to.
    """
    return _use(session, AuthorizationCode, code, client_id)


def use_refresh_token(
    session: Session, *, token: str, client_id: UUID
) -> tuple[RefreshToken, ClientAuthorization] | None:
    """Use up a refresh token of this client, as `use_code` does a code."""
    return _use(session, RefreshToken, token, client_id)


def scopes_of_refresh_token(session: Session, *, token: str, client_id: UUID) -> list[str] | None:
    """What a refresh token of this client was granted, used or not."""
    rows = (
        select(RefreshToken.scopes)
        .join(ClientAuthorization, ClientAuthorization.id == RefreshToken.authorization_id)
        .where(RefreshToken.hash == digest(token), ClientAuthorization.client_id == client_id)
    )
    return session.scalar(rows)


def _use(
    session: Session, model: type[Once], secret: str, client_id: UUID
) -> tuple[Once, ClientAuthorization] | None:
    known = (model.hash == digest(secret), model.authorization_id == ClientAuthorization.id)
    of_client = (ClientAuthorization.client_id == client_id, ClientAuthorization.tenant_id == model.tenant_id)
    # The family is held first: who comes second waits there, and not with the secret's row in hand.
    family = select(ClientAuthorization.id).where(*known, *of_client).with_for_update(of=ClientAuthorization)
    held = family.cte("family")
    mine = (model.hash == digest(secret), model.authorization_id == held.c.id)
    use = update(model).where(*mine, model.used_at.is_(None), model.expires_at > func.now())
    row = use.values(used_at=func.date_trunc("hour", func.now())).returning(model.id, model.authorization_id)
    used = session.execute(row).one_or_none()
    if used is not None:
        key = session.tenant_id
        authorization = session.get_one(ClientAuthorization, (key, used.authorization_id))
        good = may_be_used(session, authorization.connection_id)
        return (session.get_one(model, (key, used.id)), authorization) if good else None
    authorization_id = session.scalar(
        select(model.authorization_id).where(*known, *of_client, model.used_at.is_not(None))
    )
    if authorization_id is not None:
        end_authorization(session, authorization_id=authorization_id, reason="replayed")
    return None


def new_refresh_token(session: Session) -> str:
    """A refresh token, not yet stored."""
    return bearer(REFRESH_PREFIX, session.tenant_id)


def store_tokens(
    session: Session,
    *,
    client_id: UUID,
    access_token: str,
    scopes: Sequence[str],
    authorization: ClientAuthorization | None = None,
    refresh_token: str | None = None,
) -> None:
    """Keep the hashes: of an access token for 15 minutes, of a refresh token for 30 days.

    A refresh token keeps all that was authorized, an access token has the `scopes` that were asked for. Refresh tokens
    stay when they are used, and tell the hour alone: else somebody's would say when she was there.
    """
    hour = now().replace(minute=0, second=0, microsecond=0)
    session.add(
        AccessToken(
            client_id=client_id,
            membership_id=authorization and authorization.membership_id,
            authorization_id=authorization and authorization.id,
            hash=digest(access_token),
            scopes=list(scopes),
            expires_at=now() + ACCESS_TOKEN_LIFETIME,
        )
    )
    if authorization is not None and refresh_token is not None:
        session.add(
            RefreshToken(
                id=random_id(),
                authorization_id=authorization.id,
                hash=digest(refresh_token),
                scopes=authorization.scopes,
                created_at=hour,
                expires_at=min(hour + REFRESH_TOKEN_LIFETIME, authorization.expires_at),
            )
        )


def revoke_token(session: Session, *, token: str, client_id: UUID) -> None:
    """End a token of this client; with a refresh token its whole family (RFC 7009, 2.1). Unknown ones are no error."""
    own = (AccessToken.hash == digest(token), AccessToken.client_id == client_id)
    session.execute(delete(AccessToken).where(*own))
    family = (
        select(RefreshToken.authorization_id)
        .join(ClientAuthorization, ClientAuthorization.id == RefreshToken.authorization_id)
        .where(RefreshToken.hash == digest(token), ClientAuthorization.client_id == client_id)
    )
    authorization_id = session.scalar(family)
    if authorization_id is not None:
        end_authorization(session, authorization_id=authorization_id, reason="revoked")


def authorizations_of(membership_id: UUID) -> Select[Any]:
    """What somebody lets clients do for her."""
    columns: tuple[Any, ...] = (
        ClientAuthorization.id,
        Client.name.label("client_name"),
        Client.first_party,
        ClientAuthorization.scopes,
        ClientAuthorization.created_at,
        ClientAuthorization.expires_at,
    )
    same = (Client.tenant_id == ClientAuthorization.tenant_id) & (Client.id == ClientAuthorization.client_id)
    return select(*columns).join(Client, same).where(ClientAuthorization.membership_id == membership_id)


def take_back(session: Session, *, membership_id: UUID, authorization_id: UUID) -> None:
    """Take back what somebody let a client do. Raises NotFound for what is not hers."""
    found = session.get(ClientAuthorization, (session.tenant_id, authorization_id))
    if found is None or found.membership_id != membership_id:
        raise NotFound("authorization")
    end_authorization(session, authorization_id=authorization_id, reason="taken_back")


def end_authorization(session: Session, *, authorization_id: UUID, reason: str) -> None:
    """End what a person let a client do, with every code and token that came of it."""
    ended = delete(ClientAuthorization).where(ClientAuthorization.id == authorization_id)
    client_id = session.scalar(ended.returning(ClientAuthorization.client_id))
    if client_id is not None:
        events.record(
            session,
            "client.authorization_ended",
            subject_type="client",
            subject_id=client_id,
            changed=[reason],
            audience="audit",
        )
