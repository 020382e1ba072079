"""Connections before and behind the walls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

from cli.embedded import Servers

AsApp = Callable[..., Any]
_SETTINGS = (
    "SELECT set_config('app.tenant_id', %s, true), set_config('app.membership_id', %s, true),"
    " set_config('app.person_id', %s, true), set_config('app.reach', %s, true)"
)


@pytest.fixture
def superuser(servers: Servers) -> Iterator[psycopg.Connection[Any]]:
    """Past every wall. Nothing is kept unless the test commits."""
    with psycopg.connect(servers.url_as("postgres")) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def as_app(servers: Servers) -> AsApp:
    """`with as_app(tenant, membership=…, person=…) as cursor`: the app's role; rolled back in the end."""

    @contextmanager
    def behind(
        tenant: UUID | None = None,
        *,
        membership: UUID | None = None,
        person: UUID | None = None,
        reach: str = "tenant",
    ) -> Iterator[psycopg.Cursor[Any]]:
        with psycopg.connect(servers.url_as("peerloom_app")) as connection:
            cursor = connection.cursor()
            cursor.execute(_SETTINGS, [str(who or "") for who in (tenant, membership, person, reach)])
            yield cursor
            connection.rollback()

    return behind
