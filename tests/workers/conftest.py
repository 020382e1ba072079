"""A database and a Valkey of each module's own: no worker listens there but those that a test starts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest
import redis
from flask import Flask

from cli.embedded import Servers
from tenants.kernel.addresses import Mailbox, smtp_server
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings
from tests.conftest import EMPTY, QUICK, Start, Tenant, serving, starting
from tests.factories.office import Clerk
from tests.factories.pools import signed, work
from tests.post_office import PostOffice


@pytest.fixture(scope="module")
def environment(servers: Servers, request: pytest.FixtureRequest) -> dict[str, str]:
    name = request.module.__name__.rpartition(".")[2]
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as superuser:
        superuser.execute(f"CREATE DATABASE {name} OWNER peerloom_owner TEMPLATE {EMPTY}")
    usual = servers.environment()
    own = {"DATABASE_URL": servers.url_as("peerloom_app", name), "REDIS_URL": usual["REDIS_URL"] + "?db=1"}
    redis.Redis.from_url(own["REDIS_URL"]).flushdb()
    return {**usual, **own, **QUICK}


@pytest.fixture
def root(servers: Servers, environment: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    """Past every wall of the module's database; what it does is kept."""
    name = environment["DATABASE_URL"].rpartition("/")[2].partition("?")[0]
    with psycopg.connect(servers.url_as("postgres", name), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def settings(environment: dict[str, str]) -> Settings:
    return Settings.from_environment(environment)


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    yield from serving(settings)


@pytest.fixture(scope="module")
def database(app: Flask) -> Database:
    found: Database = app.extensions["database"]
    return found


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Processes that end with the test."""
    yield from starting(environment)


@pytest.fixture
def clerk(database: Database, settings: Settings, tenant: Tenant, post_office: PostOffice) -> Clerk:
    """A worker in this process for the jobs of the test's tenant."""
    sender = Mailbox("post@example.org", "Invented Society")
    ready = replace(settings, smtp_url=smtp_server(post_office.url), mail_from=sender)
    return Clerk(database, ready, tenant.id, post_office)


@pytest.fixture
def funder(new_tenant: Callable[[], Tenant]) -> Tenant:
    return new_tenant()


@pytest.fixture
def sources(
    request: pytest.FixtureRequest, new_tenant: Callable[[], Tenant], funder: Tenant
) -> list[tuple[Tenant, dict[str, Any]]]:
    """Institutions of the module's SIZES that report to the funder together, each with what it signed."""
    return [(tenant := new_tenant(), signed(funder, tenant, people=size)) for size in request.module.SIZES]


@pytest.fixture
def run(database: Database, settings: Settings) -> Callable[..., int]:
    """Run what is due of these tenants' pools."""
    return partial(work, database, settings)
