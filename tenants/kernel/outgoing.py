"""Requests to servers that tenants name: bounded in time and size, never to an address inside.

Whoever may write an address of a server here could else make us ask what only we can reach. So every name is
resolved here, each of its addresses is looked at, and the connection goes to what was looked at.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpcore

SECONDS = 5.0
MOST_BYTES = 1 << 20
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Unreachable(Exception):
    """The other server could not be asked, or its answer is none; the message says why, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What another server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outgoing:
    """A way out. With `allow_private`, for trying things out, also to http and to addresses inside."""

    def __init__(
        self, *, allow_private: bool = False, seconds: float = SECONDS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._allow_private = allow_private
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=_Guard(allow_private),
            max_connections=20,
            max_keepalive_connections=0,  # each server is asked now and then
        )

    def refuse_unfit(self, url: str) -> None:
        """Raise ValueError, with a sentence, for a URL that would never be asked."""
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise ValueError("Not an absolute URL.") from error
        schemes = ("https", "http") if self._allow_private else ("https",)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError("Use an absolute https URL.")
        if "@" in parts.netloc or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError("Use a URL without user name, fragment, spaces and control characters.")

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """GET, without following redirects. Raises Unreachable."""
        return self._ask("GET", url, headers or {}, None)

    def post(self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> Answer:
        """POST a form, without following redirects. Raises Unreachable."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._ask("POST", url, sent, urlencode(form).encode())

    def post_json(self, url: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Answer:
        """POST what is JSON already, without following redirects. Raises Unreachable."""
        return self._ask("POST", url, {"Content-Type": "application/json", **(headers or {})}, body)

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        try:
            self.refuse_unfit(url)
        except ValueError as unfit:
            raise Unreachable(str(unfit)) from unfit
        end = time.monotonic() + 2 * self._seconds
        waits = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        asked = list({"Accept": "application/json", "User-Agent": "Peerloom", **headers}.items())
        received = bytearray()
        try:
            with self._pool.stream(
                method, url, headers=asked, content=body, extensions={"timeout": waits}
            ) as answer:
                for chunk in answer.iter_stream():
                    received += chunk
                    if len(received) > self._most_bytes or time.monotonic() > end:
                        raise Unreachable("The answer is too long or too slow.")
                said = {
                    name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers
                }
                return Answer(answer.status, said, bytes(received))
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unreachable(f"The server does not answer ({type(error).__name__}).") from error


class _Guard(httpcore.NetworkBackend):
    """Connects to addresses that it has looked at."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("The name is not known.") from error
        addresses = [str(each[4][0]) for each in found]
        if not self._allow_private and not all(map(is_outside, addresses)):
            raise httpcore.ConnectError("The name leads inside.")
        return self._sockets.connect_tcp(addresses[0], port, timeout, local_address, socket_options)


def is_outside(address: str) -> bool:
    """Whether an IP address is one of the public Internet, whatever way it is written."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner:
            return is_outside(str(inner))
    return found.is_global and not found.is_multicast
