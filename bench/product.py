"""The product, running on a throwaway folder, with a tenant to work in."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from cli.embedded import acquire, remove
from migrations import upgrade
from tenants.access.clients import create_client
from tenants.institutions.actions import open_tenant
from tenants.kernel.ids import new_id
from tenants.kernel.permissions import TENANT
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings, owner_database_url

ROOT = Path(__file__).parents[1]
UNLIMITED = {name: "1000000000" for each in fields(Settings) if "_PER_MINUTE_" in (name := each.name.upper())}
"""A benchmark asks as often as it can."""


@dataclass
class Product:
    """Where it listens, and the environment of its processes."""

    port: int
    environment: dict[str, str]
    superuser_url: str
    database: Database

    def superuser(self) -> psycopg.Connection[Any]:
        """PostgreSQL with nothing in the way, for measuring it."""
        return psycopg.connect(self.superuser_url, autocommit=True)

    def tenant(self) -> tuple[UUID, str]:
        """Open a tenant; its id and a token for everything."""
        tenant_id = new_id()
        with self.database.tenant(tenant_id) as session:
            open_tenant(session, kind="society", slug=f"bench-{tenant_id.hex[:20]}", name="Invented Society")
            client, secret = create_client(session, name="Bench", held=[scope.value for scope in TENANT])
            session.commit()
        form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": secret}
        answer = self.call("POST", "/oauth/token", urllib.parse.urlencode(form).encode(), "")
        return tenant_id, answer["access_token"]

    def call(
        self, method: str, path: str, body: Any = None, token: str = "", content_type: str | None = None
    ) -> Any:
        """One request; the JSON of its answer."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        form = "application/x-www-form-urlencoded"
        kind = content_type or (form if isinstance(body, bytes) else "application/json")
        headers = {"Content-Type": kind} if data is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def running(*, workers: int = 1) -> Iterator[Product]:
    """`peerloom serve` on servers of its own, stopped and removed afterwards."""
    data = Path(tempfile.mkdtemp(prefix="peerloom-bench-"))
    data.chmod(0o755)
    servers, stop = acquire(data)
    try:
        environment = {**servers.environment(), **UNLIMITED}
        upgrade(owner_database_url(environment))
        with _served(
            ["-m", "cli.main", "serve", "--port", "0", "--workers", str(workers)], environment
        ) as line:
            database = Database(environment["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
            yield Product(
                int(line.rpartition(":")[2]), environment, servers.url_as("postgres", "peerloom"), database
            )
            database.dispose()
    finally:
        stop()
        remove(data)


@contextmanager
def beside(product: Product, application: str) -> Iterator[int]:
    """Another WSGI application under the same server, with the same settings; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    gunicorn = ["-m", "gunicorn", "-c", "python:cli.web", "--bind", f"127.0.0.1:{port}", application]
    with _served(gunicorn, product.environment, ready=port):
        yield port


@contextmanager
def _served(command: list[str], environment: dict[str, str], ready: int | None = None) -> Iterator[str]:
    environ = {**os.environ, **environment}
    pipe = subprocess.PIPE if ready is None else subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, *command], env=environ, cwd=ROOT, stdout=pipe, text=True)
    try:
        if ready is None and process.stdout is not None:
            yield process.stdout.readline().strip()
        else:
            _await(ready or 0)
            yield ""
    finally:
        process.terminate()
        process.wait(30)


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the bare server did not come up")
