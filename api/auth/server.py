"""Our OAuth server: Authlib speaks the protocol, the rows are behind the tenant's wall."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import Flask, current_app, g, request
from sqlalchemy import select

from api.auth import grants
from api.cors import admit
from tenants.access import tokens
from tenants.access.clients import LOOPBACK_ADDRESSES, knows_secret
from tenants.access.models import CLIENT_PREFIX, TOKEN_PREFIX, Client, ClientAuthorization
from tenants.kernel.ids import bearer, tenant_of
from tenants.kernel.permissions import PRIVATE, SELF
from tenants.kernel.session import Session


class OAuthClient(ClientMixin):  # type: ignore[misc]
    """A client row, as Authlib asks for it."""

    def __init__(self, row: Client) -> None:
        self.row = row

    @property
    def for_itself(self) -> set[str]:
        """The scopes that it can use on nobody's behalf."""
        return set(self.row.scopes) - SELF - PRIVATE

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_default_redirect_uri(self) -> None:
        """Every request says where to."""

    def get_allowed_scope(self, scope: str | None) -> str:
        asked = (scope or "").split() or self.row.scopes
        return " ".join(word for word in asked if word in self.row.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """To the letter; a program on somebody's own machine may use any port of it (RFC 8252, 7.3)."""
        if redirect_uri in self.row.redirect_uris:
            return True
        return self.row.first_party and _without_port(redirect_uri) in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return knows_secret(self.row, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        return (method == "none") == self.row.public

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types


class Issuer(IssuerParameter):  # type: ignore[misc]
    """Who answers, in every answer of the authorization endpoint (RFC 9207)."""

    def get_issuer(self) -> str:
        issuer: str = current_app.config["PUBLIC_URL"]
        return issuer


def create_server(app: Flask) -> AuthorizationServer:
    """The server, wired to the session that the route opened."""
    logging.getLogger("authlib").setLevel(logging.INFO)  # it would write tokens into a debug log
    server = AuthorizationServer(app, query_client=client_by_id, save_token=_save)
    lifetime = int(tokens.ACCESS_TOKEN_LIFETIME.total_seconds())
    server.register_token_generator(
        "default", BearerTokenGenerator(_new_token, _new_refresh_token, expires_generator=_always(lifetime))
    )
    server.register_client_auth_method("client_secret_basic", _client_by_basic)
    server.register_client_auth_method("client_secret_post", _client_by_form)
    server.register_client_auth_method("none", _public_client)
    server.register_grant(grants.ClientCredentials)
    server.register_grant(grants.AuthorizationCodes, [grants.S256Challenge()])
    server.register_grant(grants.RefreshTokens)
    server.register_endpoint(grants.Revocation)
    server.register_extension(Issuer())
    return server


def basic_in_request() -> tuple[str, str] | None:
    """The client's id and secret in the request's header, which are form-encoded in it (RFC 6749, 2.3.1)."""
    sent = request.authorization
    if sent is None or sent.type != "basic":
        return None
    return unquote_plus(sent.username or ""), unquote_plus(sent.password or "")


def client_by_id(client_id: str) -> OAuthClient | None:
    """An active client of the session's tenant by its public id."""
    session: Session = g.oauth_session
    if tenant_of(client_id, CLIENT_PREFIX) != session.tenant_id:
        return None
    row = session.scalar(select(Client).where(Client.id == _row_id(client_id), Client.state == "active"))
    if row is None:
        return None
    admit(tuple(row.cors_origins))
    return OAuthClient(row)


def _client_by_basic(query_client: Callable[[str], OAuthClient | None], _: Any) -> OAuthClient | None:
    """Authlib's own fails on bytes that are no UTF-8; Flask has read the header and shows none then."""
    sent = basic_in_request()
    return _proven(query_client(sent[0]), sent[1]) if sent else None


def _client_by_form(query_client: Callable[[str], OAuthClient | None], _: Any) -> OAuthClient | None:
    """Authlib's own tells an unknown client from a wrong secret."""
    form = request.form
    return _proven(query_client(form.get("client_id", "")), form.get("client_secret", ""))


def _public_client(query_client: Callable[[str], OAuthClient | None], _: Any) -> OAuthClient | None:
    """Authlib's own tells an unknown client from a confidential one."""
    form = request.form
    if request.authorization is not None or "client_secret" in form:
        return None
    client = query_client(form.get("client_id", ""))
    return client if client and client.row.public else None


def _proven(client: OAuthClient | None, secret: str) -> OAuthClient | None:
    return client if client and client.check_client_secret(secret) else None


def _row_id(client_id: str) -> str | None:
    text = client_id.rpartition("_")[2]
    return text if len(text) == 32 and all(character in "0123456789abcdef" for character in text) else None


def _without_port(uri: str) -> str | None:
    """A loopback address without its port, or None for any other."""
    for host in LOOPBACK_ADDRESSES:
        begin = f"http://{host}:"
        if uri.startswith(begin):
            port, _, path = uri.removeprefix(begin).partition("/")
            if port.isascii() and port.isdecimal() and urlsplit(uri).query == "":
                return f"http://{host}/{path}"
    return None


def _new_token(client: OAuthClient, **_: Any) -> str:
    return bearer(TOKEN_PREFIX, client.row.tenant_id)


def _new_refresh_token(**_: Any) -> str:
    return tokens.new_refresh_token(g.oauth_session)


def _always(seconds: int) -> Any:
    return lambda *_args, **_kwargs: seconds


def _save(token: dict[str, Any], granted: Any) -> None:
    authorization = granted.user if isinstance(granted.user, ClientAuthorization) else None
    tokens.store_tokens(
        g.oauth_session,
        client_id=granted.client.row.id,
        access_token=token["access_token"],
        scopes=token["scope"].split(),
        authorization=authorization,
        refresh_token=token.get("refresh_token"),
    )
