"""An import whose worker is killed, whose Valkey forgets, or whose caller changes their mind.

The jobs are rung for on a Valkey database of their own, so that the workers of this file get them.
"""

import io
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from tenants.cohorts.imports.actions import receive_file
from tenants.kernel.ids import new_id
from tests.conftest import eventually
from tests.factories.cohorts import make_cohort

pytestmark = pytest.mark.slow

ROWS = 50_000
MAPPING = {"external_id": "id", "name": "name", "attributes": {"institution": "inst", "hours": "hours"}}
WRITTEN = text(
    "SELECT (SELECT count(*) FROM membership) AS people, (SELECT count(*) FROM participant) AS participants,"
    " (SELECT count(*) FROM participant_change) AS changes, (SELECT count(*) FROM import_row) AS rows,"
    " (SELECT count(*) FROM event WHERE type = 'import.applied') AS successes,"
    " (SELECT attempts FROM job WHERE kind = 'import') AS attempts,"
    " (SELECT state FROM job WHERE kind = 'import') AS job_state"
)
# The lock that a job holds while it applies its rows.
APPLYING = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint)) = hashtextextended('import' || :tenant, 0)"
)


@dataclass
class Stage:
    """An import that has begun, and how to look at it."""

    tenant: Any
    database: Any
    url: str
    valkey: redis.Redis
    hire: Callable[[], Any]

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.tenant.api.get(self.url).get_json()
        return found

    def written(self) -> Any:
        with self.database.tenant(self.tenant.id) as session:
            return session.execute(WRITTEN).one()

    def is_being_read(self) -> bool:
        return self.written().job_state == "running" and not self.is_being_applied()

    def is_being_applied(self) -> bool:
        with self.database.tenant(self.tenant.id) as session:
            return bool(session.execute(APPLYING, {"tenant": str(self.tenant.id)}).scalar_one())


@pytest.fixture
def stage(app, tenant, database, settings, start):
    """Hand over a file long enough to be disturbed; `hire` starts a worker."""
    start("scheduler")
    cohort = make_cohort(tenant.api)
    made = tenant.api.post(f"{cohort}/imports", json={"mapping": MAPPING})
    file_id, import_id = new_id(), UUID(made.get_json()["id"])
    stored = app.extensions["files"].save(tenant.id, file_id, roster().read, most=10**8, gzipped=False)
    with database.tenant(tenant.id) as session:
        receive_file(session, import_id=import_id, file_id=file_id, stored=stored)
        session.commit()
    return Stage(
        tenant,
        database,
        made.headers["Location"],
        redis.Redis.from_url(settings.redis_url),
        lambda: start("worker"),
    )


def roster() -> io.BytesIO:
    lines = (f"P{n},Invented {n},University {n % 400},{n % 50}\n" for n in range(ROWS))
    return io.BytesIO(("id,name,inst,hours\n" + "".join(lines)).encode())


def kill(worker: Any) -> None:
    """End a worker and the process in which it runs its job, without warning."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
    for pid in (*map(int, children.split()), worker.pid):
        os.kill(pid, signal.SIGKILL)
    worker.wait(30)


def applied_once(stage: Stage, attempts: int) -> None:
    """The import succeeds, and each of its rows is there one time."""
    done = eventually(lambda: (found := stage.shown())["state"] not in ("checking", "running") and found)
    written = stage.written()
    assert (done["state"], done["error"], done["counts"]["created"]) == ("succeeded", None, ROWS)
    assert (written.people, written.participants, written.changes, written.rows) == (ROWS,) * 4
    assert (written.successes, written.attempts) == (1, attempts)


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")


@needs_proc
def test_an_import_whose_worker_is_killed_while_it_reads_is_applied_once_by_another(stage):
    worker = stage.hire()
    eventually(stage.is_being_read)
    kill(worker)
    assert (stage.written().participants, stage.shown()["state"]) == (0, "checking")
    stage.hire()
    applied_once(stage, attempts=2)


@needs_proc
def test_an_import_whose_worker_is_killed_while_it_writes_and_valkey_forgets_is_applied_once(stage):
    worker = stage.hire()
    eventually(stage.is_being_applied)
    kill(worker)
    stage.valkey.flushall()
    assert stage.written().participants == 0
    stage.hire()
    applied_once(stage, attempts=2)


def test_an_import_is_finished_though_valkey_forgets_everything_meanwhile(stage):
    stage.hire()
    eventually(stage.is_being_applied)
    stage.valkey.flushall()
    applied_once(stage, attempts=1)


def test_an_import_cancelled_on_its_way_writes_nothing(stage):
    stage.hire()
    eventually(stage.is_being_read)
    api = stage.tenant.api
    assert api.post(f"{stage.url}/cancellation").status_code == 202
    done = eventually(lambda: (found := stage.shown())["state"] not in ("checking", "running") and found)
    assert (done["state"], done["counts"]["created"]) == ("cancelled", 0)
    assert (stage.written().people, stage.written().rows) == (0, 0)
    assert api.post(f"{stage.url}/cancellation").status_code == 409
    assert api.post(f"{stage.url}/reversal").status_code == 409
