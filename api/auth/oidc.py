"""Asking an outside provider who somebody is: OpenID Connect, authorization code with PKCE.

Authlib's own client takes an answer that names another issuer, keeps a provider's metadata for the life of the
process, does not compare its issuer, and waits for ever. So the requests and every check are here; joserfc
reads what is signed. Checks follow OpenID Connect Core 3.1.3.7, RFC 9207 and RFC 9700.
"""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from tenants.kernel.errors import Forbidden
from tenants.kernel.outgoing import Outgoing, Unreachable

ALGORITHMS = ["RS256", "PS256", "ES256"]
CLOCK_SKEW_SECONDS = 120
METADATA_SECONDS = 600
KEYS_AGAIN_AFTER_SECONDS = 10
"""How soon a provider's keys may be asked for again because of a token signed with an unknown one."""


class SignInRefused(Forbidden):
    """The provider's answer cannot be accepted: `code` says which rule it breaks."""

    code = "sign_in_refused"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as a connection or the deployment names it."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    scopes: tuple[str, ...] = ("openid",)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What ties an answer to its request and to the browser: made of both, so that neither need be kept."""

    state: str
    browser: str

    @property
    def nonce(self) -> str:
        """Bound into the ID token by the provider."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """PKCE's code_verifier."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """PKCE's code_challenge, S256."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def _derived(self, purpose: str) -> str:
        return _base64url(hmac.digest(self.browser.encode(), f"{purpose}:{self.state}".encode(), "sha256"))


class Providers:
    """What is known of providers in this process, for ten minutes: their metadata and keys, by issuer."""

    def __init__(self, outgoing: Outgoing) -> None:
        self.outgoing = outgoing
        self._kept: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def metadata(self, issuer: str) -> dict[str, Any]:
        """The provider's own description. Raises SignInRefused if it is another's or lacks what is needed."""
        said = self._get("metadata", issuer, issuer.rstrip("/") + "/.well-known/openid-configuration")
        if said.get("issuer") != issuer:
            raise SignInRefused("The provider says that it is another issuer.", code="issuer_differs")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            try:
                self.outgoing.refuse_unfit(said.get(name) or "")
            except ValueError as unfit:
                raise SignInRefused(
                    f"The provider's {name} is unfit: {unfit}", code="bad_metadata"
                ) from unfit
        return said

    def authorization_url(self, provider: Provider, secrets: Secrets, **more: str) -> str:
        """Where to send the browser."""
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": provider.redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": secrets.state,
            "nonce": secrets.nonce,
            "code_challenge": secrets.challenge,
            "code_challenge_method": "S256",
            **more,
        }
        endpoint = str(self.metadata(provider.issuer)["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def claims(self, provider: Provider, secrets: Secrets, answer: Mapping[str, str]) -> dict[str, Any]:
        """Who the provider says has signed in: the ID token's claims, and the user info's beside them.

        `answer` is the query that came back. Raises SignInRefused.
        """
        metadata = self.metadata(provider.issuer)
        _refuse_other_issuer(answer.get("iss"), provider.issuer, metadata)
        if "error" in answer:
            raise SignInRefused("The provider did not sign you in.", code="provider_refused")
        if not answer.get("code"):
            raise SignInRefused("The provider sent no code.", code="no_code")
        tokens = self._exchange(provider, metadata, secrets, answer["code"])
        claims = self._verified(provider, secrets, str(tokens.get("id_token") or ""))
        endpoint = metadata.get("userinfo_endpoint")
        if endpoint and tokens.get("access_token"):
            claims = {**self._user_info(str(endpoint), str(tokens["access_token"]), claims["sub"]), **claims}
        return claims

    def end_session_url(self, provider: Provider, *, return_to: str) -> str | None:
        """Where to send the browser to sign out at the provider too (RP-initiated logout), if it can.

        Without id_token_hint: we keep no ID tokens.
        """
        endpoint = self.metadata(provider.issuer).get("end_session_endpoint")
        if not isinstance(endpoint, str):
            return None
        asked = {"client_id": provider.client_id, "post_logout_redirect_uri": return_to}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def _exchange(
        self, provider: Provider, metadata: Mapping[str, Any], secrets: Secrets, code: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": provider.redirect_uri,
            "code_verifier": secrets.verifier,
        }
        headers = {}
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in methods:
            pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
        answer = _asked(lambda: self.outgoing.post(str(metadata["token_endpoint"]), form, headers=headers))
        if answer.status != 200:
            raise SignInRefused("The provider did not take its code back.", code="code_refused")
        return _object(answer.body)

    def _verified(self, provider: Provider, secrets: Secrets, id_token: str) -> dict[str, Any]:
        claims = self._decoded(provider, id_token)
        audience = claims.get("aud")
        several = isinstance(audience, list) and len(audience) > 1
        rules = jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": provider.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": secrets.nonce},
            azp={"essential": several, "value": provider.client_id},
        )
        try:
            rules.validate(claims)
        except JoseError as error:
            raise SignInRefused(
                "The provider's ID token is not for this sign-in.", code="bad_id_token"
            ) from error
        lists = any(isinstance(claims.get(name), list) for name in ("nonce", "azp"))
        if not 0 < len(claims["sub"]) <= 255 or lists:
            raise SignInRefused("The provider's ID token names nobody.", code="bad_id_token")
        return claims

    def _decoded(self, provider: Provider, id_token: str) -> dict[str, Any]:
        uri = str(self.metadata(provider.issuer)["jwks_uri"])
        try:
            try:
                keys = KeySet.import_key_set(_signing(self._get("keys", provider.issuer, uri)))
                return jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
            except InvalidKeyIdError:  # they may have changed since
                fresh = self._get("keys", provider.issuer, uri, at_most=KEYS_AGAIN_AFTER_SECONDS)
                keys = KeySet.import_key_set(_signing(fresh))
                return jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignInRefused(
                "The provider's ID token is not signed by it.", code="bad_signature"
            ) from error

    def _user_info(self, endpoint: str, access_token: str, subject: str) -> dict[str, Any]:
        answer = _asked(
            lambda: self.outgoing.get(endpoint, headers={"Authorization": f"Bearer {access_token}"})
        )
        if answer.status != 200 or not answer.headers.get("content-type", "").startswith("application/json"):
            return {}
        said = _object(answer.body)
        if said.get("sub") != subject:
            raise SignInRefused("The provider's user info is of somebody else.", code="bad_user_info")
        return said

    def _get(self, what: str, issuer: str, url: str, *, at_most: float = METADATA_SECONDS) -> dict[str, Any]:
        """A JSON document that is at most so many seconds old."""
        with self._lock:
            since, said = self._kept.get((what, issuer), (-METADATA_SECONDS - 1.0, {}))
        if time.monotonic() - since < at_most:
            return said
        answer = _asked(lambda: self.outgoing.get(url))
        if answer.status != 200:
            raise SignInRefused("The provider does not describe itself.", code="provider_unreachable")
        said = _object(answer.body)
        with self._lock:
            self._kept[what, issuer] = (time.monotonic(), said)
        return said


def _refuse_other_issuer(named: str | None, issuer: str, metadata: Mapping[str, Any]) -> None:
    """RFC 9207, 2.4: whose answer it is is known before its code is shown to anybody."""
    promised = metadata.get("authorization_response_iss_parameter_supported") is True
    if named != issuer and (named is not None or promised):
        raise SignInRefused("The answer is not that of the provider asked.", code="issuer_differs")


def _signing(keys: dict[str, Any]) -> Any:
    """Public keys for signatures: a provider's secret or encryption keys verify nothing."""
    listed = keys.get("keys")
    found = [
        key
        for key in (listed if isinstance(listed, list) else ())
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"
    ]
    return {"keys": found}


def _asked(ask: Any) -> Any:
    try:
        return ask()
    except Unreachable as error:
        raise SignInRefused("The provider cannot be reached.", code="provider_unreachable") from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SignInRefused("The provider's answer is not JSON.", code="bad_metadata") from error
    if not isinstance(said, dict):
        raise SignInRefused("The provider's answer is no JSON object.", code="bad_metadata")
    return said


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
