"""How far a session reaches in its tenant."""

import pytest
from psycopg import sql

from tenants.kernel.ids import new_id
from tests.factories.matching import ready_to_match

TABLES = ("program", "cohort", "attribute", "recipe", "participant", "membership")


@pytest.fixture
def ready(tenant, database):
    return ready_to_match(tenant, database, people=3)


def seen(cursor):
    """How many rows of each table."""
    count = sql.SQL("SELECT count(*) FROM {}")
    return {table: cursor.execute(count.format(sql.Identifier(table))).fetchone()[0] for table in TABLES}


def test_a_session_that_does_not_say_how_far_it_reaches_sees_none_of_it(tenant, ready, as_app):
    for unsaid in ("", "Tenant", "limited", "all"):
        with as_app(tenant.id, reach=unsaid) as cursor:
            assert set(seen(cursor).values()) == {0}, unsaid
    with as_app(tenant.id) as cursor:
        assert all(seen(cursor).values())


def test_a_limited_session_stays_so_in_its_next_transaction_and_reaches_no_further(tenant, ready, database):
    with database.tenant(tenant.id) as session:
        session.limit(programs=[], cohorts=[new_id()])
        for _ in range(2):
            cursor = session.connection().connection.cursor()
            assert set(seen(cursor).values()) == {0}
            session.commit()
        with pytest.raises(RuntimeError, match="once"):
            session.limit(programs=[ready.program_id], cohorts=[])
    with database.tenant(tenant.id) as session:
        session.limit(programs=[ready.program_id], cohorts=[])
        assert all(seen(session.connection().connection.cursor()).values())
