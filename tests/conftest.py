"""Real servers for the whole run, a tenant of its own for each test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from api.app import create_app
from cli.embedded import Servers, acquire, remove
from migrations import upgrade
from tenants.access.clients import create_client
from tenants.access.connections import CALLBACKS
from tenants.institutions.actions import open_tenant
from tenants.kernel.ids import new_id
from tenants.kernel.permissions import TENANT
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings, owner_database_url
from tests.contract import ContractClient
from tests.identity.providers import Provider, start_provider
from tests.outside_sources import OutsideSources
from tests.post_office import PostOffice

UNLIMITED = {name: "1000000" for each in fields(Settings) if "_PER_MINUTE_" in (name := each.name.upper())}
QUICK = {"LEASE_SECONDS": "3", "SWEEP_SECONDS": "0.25", "BELL_SECONDS": "2", **UNLIMITED}
PATIENCE = 120.0
EMPTY = "migrated_and_empty"
"""The database from which others are copied, which is sooner done than to migrate them."""
Start = Callable[..., subprocess.Popen[bytes]]


@dataclass
class Tenant:
    """A tenant with its first client's credentials, and an API client that holds its token."""

    id: UUID
    client_id: str
    client_secret: str
    api: ContractClient
    person: ContractClient | None = None
    """One that acts for somebody, once a test has asked for her."""
    group_person: ContractClient | None = None
    """The product's own, on the machine of somebody who is in a group perhaps."""
    wrote: dict[str, str] = field(default_factory=dict)
    """An id of each thing that she wrote in her group, by path parameter."""


STARTED: list[subprocess.Popen[bytes]] = []


def standing() -> str:
    """Which processes of the product have ended though nobody stopped them. What others do is made to say on stderr
    where it is, and ends.
    """
    ended = [f"{each.args[3:]} {each.returncode}" for each in STARTED if each.poll() is not None]  # type: ignore[index]
    for each in STARTED:
        children = Path(f"/proc/{each.pid}/task/{each.pid}/children")
        for child in children.read_text().split() if each.poll() is None and children.exists() else ():
            os.kill(int(child), signal.SIGABRT)
    time.sleep(1)
    return f"ended: {ended}"


def eventually(holds: Callable[[], Any], *, within: float = PATIENCE) -> Any:
    """What `holds` returns once it is true. Fails after `within` seconds.

    It is asked less and less often, for asking takes processor time from what is waited for.
    """
    end, pause = time.monotonic() + within, 0.02
    while not (found := holds()):
        if time.monotonic() > end:
            pytest.fail(f"not within {within} s; {standing()}")
        time.sleep(pause)
        pause = min(1.2 * pause, 0.2)
    return found


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL and Valkey of this test process, migrated."""
    data = tmp_path_factory.mktemp("data")
    data.chmod(0o755)
    running, stop = acquire(data, durable=False)
    upgrade(owner_database_url(running.environment()))
    with psycopg.connect(running.url_as("postgres", "postgres"), autocommit=True) as superuser:
        superuser.execute(f"CREATE DATABASE {EMPTY} TEMPLATE peerloom")
    yield running
    stop()
    remove(data)


@pytest.fixture(scope="session")
def platform() -> Iterator[Provider]:
    """The provider of the personal sign-in that every tenant accepts."""
    callback = f"{Settings.public_url}{CALLBACKS}/platform"
    with start_provider(redirect_uris=[callback]) as provider:
        yield provider


@pytest.fixture(scope="session")
def outside() -> Iterator[OutsideSources]:
    """What answers for the public sources."""
    sources = OutsideSources()
    yield sources
    sources.end()


@pytest.fixture(scope="session")
def environment(servers: Servers, platform: Provider, outside: OutsideSources) -> dict[str, str]:
    """What every process of the product is given."""
    personal = {
        "PLATFORM_ISSUER": platform.issuer,
        "PLATFORM_CLIENT_ID": platform.client_id,
        "PLATFORM_CLIENT_SECRET": platform.client_secret,
        "ALLOW_PRIVATE_PROVIDERS": "true",
    }
    return {**servers.environment(), **QUICK, **personal, **outside.settings()}


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    return Settings.from_environment(environment)


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    yield from serving(settings)


@pytest.fixture(scope="session")
def database(app: Flask) -> Database:
    """The app role's way into PostgreSQL."""
    found: Database = app.extensions["database"]
    return found


@pytest.fixture(scope="session")
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Start `peerloom <command>` as a process of its own; all of them are stopped in the end."""
    yield from starting(environment)


def serving(settings: Settings) -> Iterator[Flask]:
    """The API in this process, whose test client holds every response against the document."""
    app = create_app(settings)
    app.test_client_class = ContractClient
    yield app
    app.extensions["database"].dispose()


def starting(environment: dict[str, str]) -> Iterator[Start]:
    """What starts processes of the product with this environment, and stops them afterwards."""
    started: list[subprocess.Popen[bytes]] = []
    root = Path(__file__).parents[1]

    def run(*command: str, program: str = "cli.main", **more: str) -> subprocess.Popen[bytes]:
        environ = {**os.environ, **environment, "PYTHONFAULTHANDLER": "1", **more}
        process = subprocess.Popen([sys.executable, "-m", program, *command], env=environ, cwd=root)
        started.append(process)
        STARTED.append(process)
        return process

    yield run
    for process in started:
        STARTED.remove(process)
        process.terminate()
    try:
        for process in started:
            process.wait(30)
    finally:
        for process in started:
            process.kill()


@pytest.fixture(scope="session")
def workers(start: Start) -> None:
    """A worker and a scheduler, as processes."""
    start("worker")
    start("scheduler")


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    """A mail server; its `url` is what a worker is given as SMTP_URL."""
    office = PostOffice()
    yield office
    office.end()


@pytest.fixture(scope="module")
def new_tenant(app: Flask, database: Database) -> Callable[..., Tenant]:
    """Open another tenant."""
    return partial(open_another, app, database)


def open_another(
    app: Flask, database: Database, kind: str = "society", scopes: list[str] | None = None
) -> Tenant:
    """A tenant of somebody's own, with a client that may do all that the tenant may, or what `scopes` say."""
    tenant_id = new_id()
    with database.tenant(tenant_id) as session:
        open_tenant(session, kind=kind, slug=f"t-{tenant_id.hex}", name="Invented Society")
        held = [str(p.value) for p in TENANT]
        client, secret = create_client(session, name="Test", scopes=scopes or held, held=held)
        session.commit()
    tenant = Tenant(tenant_id, client.client_id, secret, app.test_client())
    form = {"grant_type": "client_credentials"}
    answer = tenant.api.post("/oauth/token", data=form, auth=(tenant.client_id, tenant.client_secret))
    tenant.api.token = answer.get_json()["access_token"]
    return tenant


@pytest.fixture
def tenant(new_tenant: Callable[..., Tenant]) -> Tenant:
    """A tenant of this test's own."""
    return new_tenant()


@pytest.fixture(scope="module")
def finished(workers: None) -> Callable[[ContractClient, str], dict[str, Any]]:
    """Poll a resource until its work in the background has ended, and return it."""
    return until_finished


def until_settled(database: Database, tenant_id: UUID) -> None:
    """Wait until no job of a tenant is due or at work, so that nothing changes any more by itself. The rounds that
    come by the clock are not waited for.
    """
    soon = "not_before < now() + interval '1 minute' AND kind <> 'notices'"
    busy = f"SELECT count(*) FROM job WHERE state = 'running' OR state = 'queued' AND {soon}"  # noqa: S608

    def rests() -> bool:
        with database.tenant(tenant_id) as session:
            return bool(session.connection().exec_driver_sql(busy).scalar_one() == 0)

    eventually(rests)


def until_finished(api: ContractClient, url: str) -> dict[str, Any]:
    """What a resource is once nothing works on it any more."""

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = api.get(url).get_json()
        return None if found["state"] in ("queued", "running", "checking") else found

    result: dict[str, Any] = eventually(ended)
    return result
