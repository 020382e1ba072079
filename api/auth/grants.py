"""The grants of our OAuth server: Authlib's, made as strict as OAuth 2.1 and RFC 9700 ask."""

from typing import Any, ClassVar
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError, UnauthorizedClientError, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import g

from tenants.access import tokens
from tenants.access.models import AuthorizationCode, ClientAuthorization, RefreshToken
from tenants.access.sign_in import Visitor
from tenants.kernel.session import Session

SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
EVERY_METHOD = [*SECRET_METHODS, "none"]


class S256Challenge(CodeChallenge):  # type: ignore[misc]
    """PKCE for every client, when it asks; Authlib's own lets a request without a challenge pass, and `plain`."""

    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if asked.get("code_challenge_method") != "S256":  # which is `plain` when it is left out
            raise InvalidRequestError("'code_challenge_method' must be S256")
        super().validate_code_challenge(grant, redirect_uri)


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """A client acts for its tenant. Without `scope` the token has all that its client may do so."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS

    def validate_requested_scope(self) -> None:
        if not set(_words(self.request.payload.scope)) <= self.request.client.for_itself:
            raise InvalidScopeError("The client does not hold every scope that it asks for.")

    def generate_token(self, *, scope: str | None = None, **kwargs: Any) -> Any:
        scope = " ".join(_words(scope)) or " ".join(sorted(self.request.client.for_itself))
        return super().generate_token(scope=scope, **kwargs)


class Code:
    """A code that has been used up, as Authlib asks for it."""

    code_challenge_method = "S256"

    def __init__(self, row: AuthorizationCode, authorization: ClientAuthorization) -> None:
        self.authorization = authorization
        self.redirect_uri = row.redirect_uri
        self.code_challenge = row.code_challenge

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return " ".join(self.authorization.scopes)


class AuthorizationCodes(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """A client acts for a person who let it."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY_METHOD

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Any) -> str:
        """As registered, to the letter, and always said. Authlib's own quotes what it cannot, and fails then."""
        uri: str | None = request.payload.redirect_uri
        if not uri or not client.check_redirect_uri(uri):
            raise InvalidRequestError("'redirect_uri' is missing or is not one of this client's.")
        if not client.check_grant_type(AuthorizationCodes.GRANT_TYPE):
            raise UnauthorizedClientError("This client may not ask for codes.", redirect_uri=uri)
        return uri

    def validate_requested_scope(self) -> None:
        if not set(_words(self.request.payload.scope)) <= set(self.request.client.row.scopes):
            raise InvalidScopeError("The client does not hold every scope that it asks for.")

    def save_authorization_code(self, code: str, request: Any) -> None:
        """The code is made in `generate_authorization_code`, with its row."""

    def generate_authorization_code(self) -> str:
        visitor: Visitor = self.request.user
        assert visitor.membership_id is not None  # noqa: S101  pages let nobody else come so far
        return tokens.authorize(
            _session(),
            client_id=self.request.client.row.id,
            membership_id=visitor.membership_id,
            connection_id=visitor.who.connection_id,
            scopes=_words(self.request.scope),
            redirect_uri=self.request.payload.redirect_uri,
            code_challenge=self.request.payload.data["code_challenge"],
        )

    def query_authorization_code(self, code: str, client: Any) -> Code | None:
        used = tokens.use_code(_session(), code=code, client_id=client.row.id)
        return Code(*used) if used else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It was used up when it was looked for, so that it serves once."""

    def authenticate_user(self, authorization_code: Code) -> ClientAuthorization:
        return authorization_code.authorization


class Refreshing:
    """A refresh token that has been used up, as Authlib asks for it."""

    def __init__(self, row: RefreshToken, authorization: ClientAuthorization) -> None:
        self.row = row
        self.authorization = authorization

    def get_scope(self) -> str:
        return " ".join(self.row.scopes)

    def check_client(self, client: Any) -> bool:
        return bool(client.row.id == self.authorization.client_id)


class RefreshTokens(grants.RefreshTokenGrant):  # type: ignore[misc]
    """Every refresh token serves once and brings the next."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY_METHOD
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Refreshing | None:
        client_id: UUID = self.request.client.row.id
        asked = set(_words(self.request.payload.scope))
        held = tokens.scopes_of_refresh_token(_session(), token=refresh_token, client_id=client_id)
        if held is not None and not asked <= set(
            held
        ):  # before it is used up, so that the client can ask again
            raise InvalidScopeError("Not all of these scopes were granted.")
        used = tokens.use_refresh_token(_session(), token=refresh_token, client_id=client_id)
        return Refreshing(*used) if used else None

    def authenticate_user(self, refresh_token: Refreshing) -> ClientAuthorization:
        return refresh_token.authorization

    def revoke_old_credential(self, refresh_token: Refreshing) -> None:
        """It was used up when it was looked for, so that it serves once."""


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """RFC 7009: a client gives back a token of its own."""

    CLIENT_AUTH_METHODS = EVERY_METHOD

    def authenticate_token(self, request: Any, client: Any) -> str:
        self.check_params(request, client)
        token: str = request.form["token"]
        return token

    def revoke_token(self, token: str, request: Any) -> None:
        tokens.revoke_token(_session(), token=token, client_id=request.client.row.id)


def _session() -> Session:
    session: Session = g.oauth_session
    return session


def _words(scope: str | None) -> list[str]:
    return list(dict.fromkeys((scope or "").split()))
