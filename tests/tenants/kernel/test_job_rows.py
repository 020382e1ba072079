"""Rows that are open to a job while it runs: what the database asks of one before it counts as running."""

import pytest
from psycopg.errors import InsufficientPrivilege

from tenants.kernel.ids import new_id

INSERT = (
    "INSERT INTO job (tenant_id, id, kind, queue, subject_id, state, progress, attempts, not_before, fence,"
    " cancel_requested, lease_until) VALUES (%(tenant)s, %(id)s, 'group_health', 'quick', %(subject)s, %(state)s,"
    " 0, 0, now(), %(fence)s, false, %(lease)s)"
)
QUEUED = {"state": "queued", "fence": 0, "lease": None}


@pytest.mark.parametrize(
    "said",
    [
        {"state": "running"},
        {"state": "running", "fence": 1, "lease": "infinity"},
        {"fence": 1},
        {"lease": "infinity"},
        {"state": "succeeded"},
    ],
)
def test_a_job_is_queued_when_it_is_made(as_app, said):
    tenant = new_id()
    row = {"tenant": tenant, "id": new_id(), "subject": new_id(), **QUEUED}
    with as_app(tenant) as cursor:
        cursor.execute(INSERT, row)
        with pytest.raises(InsufficientPrivilege, match="row-level security"):
            cursor.execute(INSERT, {**row, "id": new_id(), **said})


def test_a_job_runs_only_with_a_fence_and_a_lease(as_app):
    tenant, job = new_id(), new_id()
    with as_app(tenant) as cursor:
        cursor.execute(INSERT, {"tenant": tenant, "id": job, "subject": new_id(), **QUEUED})
        for said in ("", ", fence = 1", ", lease_until = now()"):
            cursor.execute("SAVEPOINT before")
            with pytest.raises(InsufficientPrivilege, match="row-level security"):
                cursor.execute(f"UPDATE job SET state = 'running'{said} WHERE id = %s", [job])  # noqa: S608
            cursor.execute("ROLLBACK TO before")
        cursor.execute(
            "UPDATE job SET state = 'running', fence = 1, lease_until = now() WHERE id = %s", [job]
        )
        assert cursor.rowcount == 1
