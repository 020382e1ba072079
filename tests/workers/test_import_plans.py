"""An import into a database whose statistics were made before it."""

import io
from uuid import UUID

import psycopg
import pytest

from tenants.cohorts.imports.actions import receive_file
from tenants.kernel.ids import new_id
from tenants.kernel.session import expect_many_rows
from tests.conftest import eventually
from tests.factories.cohorts import make_cohort

pytestmark = pytest.mark.slow

ROWS = 20_000


def import_roster(tenant, app, database):
    """Import a roster of ROWS people and wait for its end."""
    cohort = make_cohort(tenant.api)
    made = tenant.api.post(f"{cohort}/imports", json={"mapping": {"external_id": "id", "name": "name"}})
    file_id, import_id = new_id(), UUID(made.get_json()["id"])
    roster = io.BytesIO(("id,name\n" + "".join(f"P{n},Invented {n}\n" for n in range(ROWS))).encode())
    stored = app.extensions["files"].save(tenant.id, file_id, roster.read, most=10**8, gzipped=False)
    with database.tenant(tenant.id) as session:
        receive_file(session, import_id=import_id, file_id=file_id, stored=stored)
        session.commit()
    url = made.headers["Location"]
    return eventually(
        lambda: (found := tenant.api.get(url).get_json())["state"] not in ("checking", "running") and found
    )


def test_statistics_that_know_nothing_of_a_tenant_do_not_keep_its_import_from_ending(
    new_tenant, app, database, start, environment, servers
):
    start("worker")
    assert import_roster(new_tenant(), app, database)["state"] == "succeeded"
    with psycopg.connect(servers.url_as("postgres", "test_import_plans"), autocommit=True) as superuser:
        superuser.execute("ANALYZE")
    assert import_roster(new_tenant(), app, database)["counts"]["created"] == ROWS


def test_many_rows_are_expected_in_one_transaction_only(tenant, database):
    def loops(session):
        return session.connection().exec_driver_sql("SHOW enable_nestloop").scalar_one()

    with database.tenant(tenant.id) as session:
        expect_many_rows(session)
        assert loops(session) == "off"
        session.commit()
        assert loops(session) == "on"
