"""Our OAuth server: Authlib speaks the protocol, the rows are behind the tenant's wall.

People's sign-in (authorization code, refresh) registers its grants beside the one below.
"""

import hmac
import logging
from collections.abc import Callable
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, InvalidScopeError, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import Flask, g, request
from sqlalchemy import select

from tenants.access.actions import TOKEN_LIFETIME, store_token
from tenants.access.models import CLIENT_PREFIX, TOKEN_PREFIX, Client
from tenants.kernel.ids import bearer, digest, tenant_of
from tenants.kernel.session import Session


class OAuthClient(ClientMixin):  # type: ignore[misc]
    """A client row, as Authlib asks for it."""

    def __init__(self, row: Client) -> None:
        self.row = row

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(word for word in (scope or "").split() if word in self.row.scopes)

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.row.secret_hash, digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        return method in ClientCredentials.TOKEN_ENDPOINT_AUTH_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """A client acts for its tenant. Without `scope` the token has all its client's scopes."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # noqa: RUF012

    def validate_requested_scope(self) -> None:
        asked = set((self.request.payload.scope or "").split())
        if not asked <= set(self.request.client.row.scopes):
            raise InvalidScopeError("The client does not hold every scope that it asks for.")

    def generate_token(self, *, scope: str | None = None, **kwargs: Any) -> Any:
        scope = " ".join((scope or "").split()) or " ".join(self.request.client.row.scopes)
        return super().generate_token(scope=scope, **kwargs)


def create_server(app: Flask) -> AuthorizationServer:
    """The server, wired to the session that the token route opened."""
    logging.getLogger("authlib").setLevel(logging.INFO)  # it would write tokens into a debug log
    server = AuthorizationServer(app, query_client=_client_by_id, save_token=_save)
    lifetime = int(TOKEN_LIFETIME.total_seconds())
    server.register_token_generator(
        "default", BearerTokenGenerator(_new_token, expires_generator=_always(lifetime))
    )
    server.register_client_auth_method("client_secret_basic", _client_by_basic)
    server.register_client_auth_method("client_secret_post", _client_by_form)
    server.register_grant(ClientCredentials)
    return server


def _client_by_id(client_id: str) -> OAuthClient | None:
    session: Session = g.oauth_session
    if tenant_of(client_id, CLIENT_PREFIX) != session.tenant_id:
        return None
    row = session.scalar(select(Client).where(Client.id == _row_id(client_id), Client.state == "active"))
    return OAuthClient(row) if row else None


def _client_by_basic(query_client: Callable[[str], OAuthClient | None], _: Any) -> OAuthClient | None:
    """Authlib's own fails on bytes that are no UTF-8; Flask has read the header and shows none then."""
    sent = request.authorization
    if sent is None or sent.type != "basic":
        return None
    return _proven(query_client(sent.username or ""), sent.password or "")


def _client_by_form(query_client: Callable[[str], OAuthClient | None], _: Any) -> OAuthClient | None:
    """Authlib's own tells an unknown client from a wrong secret."""
    form = request.form
    return _proven(query_client(form.get("client_id", "")), form.get("client_secret", ""))


def _proven(client: OAuthClient | None, secret: str) -> OAuthClient | None:
    return client if client and client.check_client_secret(secret) else None


def _row_id(client_id: str) -> str | None:
    text = client_id.rpartition("_")[2]
    return text if len(text) == 32 and all(character in "0123456789abcdef" for character in text) else None


def _new_token(client: OAuthClient, **_: Any) -> str:
    return bearer(TOKEN_PREFIX, client.row.tenant_id)


def _always(seconds: int) -> Any:
    return lambda *_args, **_kwargs: seconds


def _save(token: dict[str, Any], granted: Any) -> None:
    store_token(
        g.oauth_session,
        client_id=granted.client.row.id,
        token=token["access_token"],
        scopes=token["scope"].split(),
    )
