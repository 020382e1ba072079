"""A hostile OpenID provider: it answers as a good one does, except in what a test has it forge."""

import base64
import hashlib
import hmac
import itertools
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from enum import Enum
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.identity.providers import CLIENT_ID, CLIENT_SECRET, Browser

DISCOVERY, KEYS, AUTHORIZATION = "/.well-known/openid-configuration", "/jwks", "/authorize"
TOKEN, USERINFO = "/token", "/userinfo"
LIFETIME = 300
ABSENT: Any = object()
"""The value that takes a member away."""


class Signature(Enum):
    """What an ID token is signed with."""

    OWN_KEY = "the published key"
    FOREIGN_KEY = "an RSA key that is not published"
    FOREIGN_ELLIPTIC_KEY = "an elliptic key that is not published"
    CLIENT_SECRET = "the client's secret"
    PUBLIC_KEY = "the PEM of the published key, as a secret"
    NONE = "nothing"


ALGORITHMS = {
    Signature.OWN_KEY: "RS256",
    Signature.FOREIGN_KEY: "RS256",
    Signature.FOREIGN_ELLIPTIC_KEY: "ES256",
    Signature.CLIENT_SECRET: "HS256",
    Signature.PUBLIC_KEY: "HS256",
    Signature.NONE: "none",
}


@dataclass(frozen=True)
class Reply:
    """An answer word for word. The parts that a function makes of its body are sent as they come."""

    body: bytes | Callable[[], Iterable[bytes]] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True)
class Forgery:
    """How answers differ from a good provider's.

    The values of a mapping replace members of the same name, or take them away if `ABSENT`; a function makes its
    value of the forger.
    """

    claims: Mapping[str, Any] = field(default_factory=dict)
    """Of the ID token."""
    header: Mapping[str, Any] = field(default_factory=dict)
    """Of the ID token."""
    signature: Signature = Signature.OWN_KEY
    clock: float = 0
    """By how many seconds the forger's clock is ahead."""
    callback: Mapping[str, Any] = field(default_factory=dict)
    """The parameters that a browser is sent back with."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tokens: Mapping[str, Any] = field(default_factory=dict)
    """The members of the token endpoint's answer."""
    userinfo: Mapping[str, Any] = field(default_factory=dict)
    replies: Mapping[str, Reply] = field(default_factory=dict)
    """Whole answers by path. They go before everything else."""


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: Message

    @property
    def credentials(self) -> tuple[str, str] | None:
        """The client's id and secret as HTTP Basic sent them."""
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)


class Forger:
    """The provider, whose `next` says how it forges, and whose `requests` are those it got."""

    client_id, client_secret = CLIENT_ID, CLIENT_SECRET

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.next = Forgery()
        self.requests: list[Seen] = []
        self.stopped = threading.Event()
        self.rotate_keys()
        self._nonces: dict[str, str | None] = {}

    @cached_property
    def foreign_key(self) -> RSAKey:
        """A key that is not among the published ones."""
        return RSAKey.generate_key(2048, auto_kid=True)

    @cached_property
    def foreign_elliptic_key(self) -> ECKey:
        """Another; so short that it goes into a header of the usual size."""
        return ECKey.generate_key("P-256", auto_kid=True)

    def rotate_keys(self) -> None:
        """Sign with a new key from now on, and forget the old one."""
        self.key = RSAKey.generate_key(2048, auto_kid=True)

    def seen(self, path: str) -> list[Seen]:
        """The requests for this path, in their order."""
        return [each for each in self.requests if each.path == path]

    def sign_in(self, url: str) -> str:
        """Where the authorization endpoint sends a browser that asks for `url`, without going there."""
        with Browser() as browser:
            answer = browser.get(url, allow_redirects=False, timeout=30)
        return answer.headers["Location"]

    def silence(self) -> Iterator[bytes]:
        """A body that never comes."""
        self.stopped.wait()
        yield b""

    def drip(self, body: bytes) -> Iterator[bytes]:
        """A body of which a byte comes now and then, so that no single wait is long."""
        for byte in body:
            yield bytes([byte])
            if self.stopped.wait(0.1):
                return

    def id_token(self, nonce: str | None = None) -> str:
        """An ID token for the client, forged as `next` says."""
        forgery, now = self.next, int(time.time() + self.next.clock)
        good = {
            "iss": self.issuer,
            "sub": "invented-subject",
            "aud": self.client_id,
            "iat": now,
            "auth_time": now,
            "exp": now + LIFETIME,
            "nonce": ABSENT if nonce is None else nonce,
            "name": "Invented Person",
            "email": "person@amberbay.example",
            "email_verified": True,
        }
        header = {"alg": ALGORITHMS[forgery.signature], "kid": self.key.kid}
        return self._signed(self._changed(header, forgery.header), self._changed(good, forgery.claims))

    def _signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        kind = self.next.signature
        if kind is Signature.OWN_KEY:
            return jwt.encode(header, claims, self.key)
        if kind is Signature.FOREIGN_KEY:
            return jwt.encode(header, claims, self.foreign_key)
        if kind is Signature.FOREIGN_ELLIPTIC_KEY:
            return jwt.encode(header, claims, self.foreign_elliptic_key)
        # By hand: joserfc rightly refuses to make these.
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        if kind is Signature.NONE:
            return signed + "."
        public = self.key.as_pem(private=False)
        secret = self.client_secret.encode() if kind is Signature.CLIENT_SECRET else public
        return f"{signed}.{_base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def answer(self, request: Seen) -> Reply:
        """What this request gets."""
        self.requests.append(request)
        if request.path in self.next.replies:
            return self.next.replies[request.path]
        answers = {
            DISCOVERY: self._metadata,
            KEYS: lambda: {"keys": [self.key.as_dict(private=False, use="sig", alg="RS256")]},
            TOKEN: lambda: self._tokens(request),
            USERINFO: lambda: self._changed({"sub": "invented-subject"}, self.next.userinfo),
        }
        if request.path == AUTHORIZATION:
            return self._sent_back(request)
        if request.path not in answers:
            return Reply(b"{}", status=404)
        return Reply(json.dumps(answers[request.path]()).encode())

    def _metadata(self) -> dict[str, Any]:
        good = {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + AUTHORIZATION,
            "token_endpoint": self.issuer + TOKEN,
            "userinfo_endpoint": self.issuer + USERINFO,
            "jwks_uri": self.issuer + KEYS,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile", "email"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }
        return self._changed(good, self.next.metadata)

    def _sent_back(self, request: Seen) -> Reply:
        code = secrets.token_urlsafe()
        self._nonces[code] = request.query.get("nonce")
        good = {"code": code, "state": request.query.get("state", ABSENT), "iss": self.issuer}
        query = urlencode(self._changed(good, self.next.callback))
        back = request.query["redirect_uri"]
        location = f"{back}{'&' if '?' in back else '?'}{query}"
        return Reply(status=303, headers={"Location": location})

    def _tokens(self, request: Seen) -> dict[str, Any]:
        good = {
            "access_token": secrets.token_urlsafe(),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "id_token": self.id_token(self._nonces.get(request.form.get("code", ""))),
        }
        return self._changed(good, self.next.tokens)

    def _changed(self, good: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        made = {name: value(self) if callable(value) else value for name, value in changes.items()}
        return {name: value for name, value in {**good, **made}.items() if value is not ABSENT}


def endless() -> Iterator[bytes]:
    """A body without an end."""
    return itertools.repeat(b" " * 65536)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.forger = Forger(f"http://127.0.0.1:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
        self._send(self.server.forger.answer(Seen(self.command, path, query, form, self.headers)))

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for part in [reply.body] if isinstance(reply.body, bytes) else reply.body():
                self.wfile.write(part)
        except ConnectionError:
            pass  # whoever asked has had enough

    def log_message(self, *args: Any) -> None:
        """Nothing: what came is in `Forger.requests`."""


@contextmanager
def start_forger() -> Iterator[Forger]:
    """A hostile provider on a free port of this machine."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.forger
        finally:
            server.forger.stopped.set()
            server.shutdown()
            thread.join()
