"""What the demo knows of HTTP: JSON, a token fetched again before it expires, pages, files, polling."""

import http.client
import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

import click

Resource = dict[str, Any]

PAGE = 100
EARLY = 60.0  # seconds before its end at which a token is no longer used
POLL_SECONDS = 0.2
UNFINISHED = ("queued", "checking", "running")


class Refused(click.ClickException):
    """An answer that is no success; `status` is its number, the message what the server said of it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """One tenant's client of the API at `address`; its methods raise Refused."""

    def __init__(self, address: str, *, client_id: str, client_secret: str) -> None:
        self._host = urlsplit(address).netloc
        self._credentials = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._token = ""
        self._token_until = 0.0

    def get(self, path: str, **query: object) -> Resource:
        """A resource, or one page of a list."""
        return self._json("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Resource:
        """Make a resource."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        return self._json("POST", path, json.dumps(body).encode() if body is not None else None, headers)

    def put_csv(self, path: str, file: Path) -> Resource:
        """Upload a file, streamed."""
        headers = {"Content-Type": "text/csv", "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as content:
            return self._json("PUT", path, content, headers)

    def download(self, path: str, file: Path) -> None:
        """Write what is at `path` into `file`."""
        file.write_bytes(self._exchange("GET", path))

    def items(self, path: str, **query: object) -> Iterator[Resource]:
        """The rows of a list, page after page."""
        cursor: dict[str, object] = {}
        while True:
            page = self.get(path, limit=PAGE, **query, **cursor)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def finished(self, path: str, seen: Callable[[Resource], None] = lambda _: None) -> Resource:
        """The resource at `path` once its work in the background has ended; `seen` gets it on every look."""
        while True:
            resource = self.get(path)
            seen(resource)
            if resource["state"] not in UNFINISHED:
                return resource
            time.sleep(POLL_SECONDS)

    def _json(
        self, method: str, path: str, body: bytes | IO[bytes] | None = None, headers: Mapping[str, str] = {}
    ) -> Resource:
        answer = self._exchange(method, path, body, headers)
        found: Resource = json.loads(answer) if answer else {}
        return found

    def _exchange(
        self, method: str, path: str, body: bytes | IO[bytes] | None = None, headers: Mapping[str, str] = {}
    ) -> bytes:
        return self._send(method, path, body, {"Authorization": f"Bearer {self._bearer()}", **headers})

    def _bearer(self) -> str:
        if time.monotonic() > self._token_until:
            asked = time.monotonic()
            headers = {
                "Authorization": f"Basic {self._credentials}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            answer = self._send("POST", "/oauth/token", b"grant_type=client_credentials", headers)
            granted = json.loads(answer)
            self._token = granted["access_token"]
            self._token_until = asked + granted["expires_in"] - EARLY
        return self._token

    def _send(
        self, method: str, path: str, body: bytes | IO[bytes] | None, headers: Mapping[str, str]
    ) -> bytes:
        connection = http.client.HTTPConnection(self._host, timeout=120)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise click.ClickException(f"{method} {path}: {error}") from error
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise Refused(answer.status, f"{method} {path} was refused ({answer.status}): {_said(content)}")
        return content


def _said(content: bytes) -> str:
    """A problem document as a sentence, or whatever else came instead of one."""
    try:
        problem = json.loads(content)
        fields = [f"{each['pointer']}: {each['detail']}" for each in problem.get("errors", [])]
        return " ".join([problem.get("detail") or problem["title"], *fields])
    except (ValueError, KeyError, AttributeError):
        return content[:300].decode(errors="replace")
