"""A server on this machine that answers for the public sources, with what a test tells it to."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tenants.outcomes.verification.sources import SOURCES


@dataclass
class Request:
    """One request: which source it is for, the path below that, the query, the JSON that was posted, and when."""

    source: str
    path: str
    query: dict[str, str]
    body: Any
    at: float = field(default_factory=time.monotonic)


Reply = tuple[int, dict[str, str], bytes]
Answering = Callable[[Request], Reply | None]


def said(content: Any, status: int = 200, **headers: str) -> Reply:
    """An answer: JSON, unless it is bytes."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


@dataclass
class OutsideSources:
    """The server. What nobody answers is unknown (404)."""

    answering: list[Answering] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(None)

            def do_POST(self) -> None:
                self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def answer(self, body: Any) -> None:
                parts = urlsplit(self.path)
                _, source, path = parts.path.split("/", 2)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                request = Request(source, f"/{path}", query, body)
                outside.requests.append(request)
                replies = (reply(request) for reply in reversed(outside.answering))
                status, headers, content = next(filter(None, replies), (404, {}, b"{}"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Nothing: tests say what was asked."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def settings(self) -> dict[str, str]:
        """The settings that name it instead of each source."""
        address = f"http://127.0.0.1:{self._server.server_port}"
        return {f"{name.upper()}_URL": f"{address}/{name}" for name in SOURCES}

    def end(self) -> None:
        """Stop, once nobody is being answered."""
        self._server.shutdown()
        self._server.server_close()
