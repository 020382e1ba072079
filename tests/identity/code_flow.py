"""A client's way through the code flow, a step each, so that a test may do any of them otherwise."""

import base64
import hashlib
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.identity.providers import CLAIMS, Browser

CALLBACK = "http://127.0.0.1:1/callback"
VERIFIER, STATE, NONCE = "an-invented-verifier-that-is-long-enough-to-be-one", "a-state", "a-nonce"


class Source(Protocol):
    """A provider that knows a client."""

    issuer: str
    client_id: str
    client_secret: str


def asking(source: Source, path: str = "/auth", **changes: str | None) -> str:
    """The authorization URL of a flow with PKCE, for every claim; None leaves a parameter out."""
    parameters = {
        "response_type": "code",
        "client_id": source.client_id,
        "redirect_uri": CALLBACK,
        "scope": " ".join(CLAIMS),
        "state": STATE,
        "nonce": NONCE,
        "code_challenge": challenge(VERIFIER),
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{source.issuer}{path}?" + urlencode({n: v for n, v in parameters.items() if v is not None})


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def answered(callback_url: str) -> dict[str, str]:
    """The parameters that the browser came back to `CALLBACK` with."""
    address, _, query = callback_url.partition("?")
    assert address == CALLBACK
    return dict(parse_qsl(query))


def redeem(source: Source, code: str) -> requests.Response:
    """The token endpoint's answer to the code of `asking`."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    with Browser() as browser:
        return browser.post(
            source.issuer + "/token", data=form, auth=(source.client_id, source.client_secret), timeout=30
        )


def verified(id_token: str, keys: dict[str, Any]) -> jwt.Token:
    """The token, if one of these keys signed it. Raises what joserfc raises."""
    return jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=["RS256"])  # type: ignore[arg-type]
