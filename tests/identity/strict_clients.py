"""OAuth clients that somebody else wrote, which refuse a server that does not keep the standards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tests.identity.node import NodeProgram

CLIENTS = Path(__file__).with_name("clients")
LIBRARIES = ("oauth4webapi", "openid-client")


class Refused(Exception):
    """The library would not go on. `code` is its own word for why, `error` the server's if that refused first."""

    def __init__(self, *, message: str, code: str | None = None, error: str | None = None) -> None:
        super().__init__(message, code, error)
        self.code, self.error = code, error


class StrictClient:
    """A client that has discovered its server and waits for the callback of `authorization_url`."""

    def __init__(self, program: NodeProgram) -> None:
        self._program = program
        self.authorization_url: str = _result(program.hear())["authorization_url"]

    def exchange(self, callback_url: str) -> dict[str, Any]:
        """The tokens, once the response, its `state` and its `iss` have been checked. Raises `Refused`."""
        return self._do("exchange", callback_url)

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """New tokens. Raises `Refused`."""
        return self._do("refresh", refresh_token)

    def revoke(self, token: str) -> None:
        """Give a token back. Raises `Refused`."""
        self._do("revoke", token)

    def _do(self, act: str, argument: str) -> dict[str, Any]:
        return _result(self._program.tell({act: argument}))


def _result(said: dict[str, Any]) -> dict[str, Any]:
    if refused := said.get("refused"):
        raise Refused(**refused)
    done: dict[str, Any] = said["done"]
    return done


@contextmanager
def strict_client(
    library: str,
    *,
    issuer: str,
    client_id: str,
    redirect_uri: str,
    scope: str,
    client_secret: str | None = None,
    authentication: str | None = None,
    algorithm: Literal["oauth2", "oidc"] = "oauth2",
    parameters: dict[str, str] | None = None,
) -> Iterator[StrictClient]:
    """One of `LIBRARIES` as a client. Raises `Refused` if it refuses what it discovers.

    `algorithm` says where the metadata are (`oauth2`: RFC 8414) and with `oidc` asks for an ID token, whose
    signature and nonce are checked. `authentication` is HTTP Basic for a client with a secret unless told otherwise.
    `parameters` are added to the authorization URL.
    """
    program = NodeProgram(
        CLIENTS / f"{library}.mjs",
        {
            "issuer": issuer,
            "client_id": client_id,
            "client_secret": client_secret,
            "authentication": authentication or ("client_secret_basic" if client_secret else "none"),
            "redirect_uri": redirect_uri,
            "scope": scope,
            "algorithm": algorithm,
            "parameters": parameters or {},
        },
    )
    try:
        yield StrictClient(program)
    finally:
        program.stop()
