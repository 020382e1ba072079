"""A matching run or analysis whose worker is killed, whose Valkey forgets, or whose caller changes their mind.

The runs are rung for on a Valkey database of their own, so that the workers of this file get them.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import redis
from sqlalchemy import text

from tenants.kernel.idempotency import forget_expired
from tenants.matching.actions import start_run
from tests.conftest import eventually
from tests.factories.matching import ready_to_match

pytestmark = pytest.mark.slow

PEOPLE = 400
WRITTEN = text(
    "SELECT (SELECT count(*) FROM proposed_group) AS groups, (SELECT count(*) FROM placement) AS placements,"
    " (SELECT count(*) FROM event WHERE type = 'matching_run.succeeded') AS successes,"
    " (SELECT attempts FROM job) AS attempts"
)


@dataclass
class Stage:
    """A run that has begun, and how to look at it."""

    tenant: Any
    database: Any
    url: str
    valkey: redis.Redis
    hire: Callable[[], Any]

    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = self.tenant.api.get(self.url).get_json()
        return found

    def under_way(self) -> bool:
        found = self.run()
        return found["state"] == "running" and 0.05 < found["progress"] < 1

    def written(self) -> Any:
        with self.database.tenant(self.tenant.id) as session:
            return session.execute(WRITTEN).one()


@pytest.fixture
def stage(tenant, database, settings, start):
    """Start a run long enough to be disturbed; `hire` starts another worker."""
    start("scheduler")
    ready = ready_to_match(tenant, database, people=PEOPLE, institutions=400, emphasis=0)
    with database.tenant(tenant.id) as session:
        ordered = {"cohort_id": UUID(ready.cohort_id), "recipe_id": UUID(ready.recipe_id), "seed": 1}
        run = start_run(session, **ordered, sweeps=400)
        session.commit()
    return Stage(
        tenant,
        database,
        f"/v1/matching-runs/{run.id}",
        redis.Redis.from_url(settings.redis_url),
        lambda: start("worker"),
    )


def horses(worker: Any) -> list[int]:
    """The processes in which a worker runs its job."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def succeeded_once(stage: Stage, attempts: int) -> None:
    """The run succeeds, and everything it wrote is there one time."""
    run = eventually(lambda: (found := stage.run())["state"] not in ("queued", "running") and found)
    written = stage.written()
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert (written.groups, written.placements) == (run["group_count"], PEOPLE)
    assert (written.successes, written.attempts) == (1, attempts)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_a_run_whose_worker_is_killed_is_taken_up_by_another_and_written_once(stage):
    worker = stage.hire()
    eventually(stage.under_way)
    for pid in (*horses(worker), worker.pid):
        os.kill(pid, signal.SIGKILL)
    worker.wait(30)
    assert (stage.written().groups, stage.run()["state"]) == (0, "running")
    stage.hire()
    succeeded_once(stage, attempts=2)


def test_a_run_is_finished_though_valkey_forgets_everything_meanwhile(stage):
    stage.hire()
    eventually(stage.under_way)
    stage.valkey.flushall()
    succeeded_once(stage, attempts=1)


def test_a_run_is_started_though_valkey_forgot_its_bell(stage):
    stage.valkey.flushall()
    stage.hire()
    succeeded_once(stage, attempts=1)


def test_a_run_cancelled_on_its_way_writes_nothing(stage):
    stage.hire()
    eventually(stage.under_way)
    api, job_id = stage.tenant.api, stage.run()["job_id"]
    assert api.post(f"/v1/jobs/{job_id}/cancellation").status_code == 202
    run = eventually(lambda: (found := stage.run())["state"] != "running" and found)
    assert (run["state"], run["group_count"], run["value"]) == ("cancelled", None, None)
    assert (stage.written().groups, stage.written().placements) == (0, 0)
    refused = api.post(f"{stage.url}/acceptance")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_ready")
    assert api.post(f"/v1/jobs/{job_id}/cancellation").status_code == 409


@pytest.fixture
def analysis(tenant, database, settings, start):
    """An analysis of a simulation that has begun to be worked at."""
    start("scheduler")
    ready = ready_to_match(tenant, database, people=PEOPLE, institutions=400, emphasis=0)
    body = ready.order(simulation=True, sweeps=200)
    run = tenant.api.post("/v1/matching-runs", json=body).headers["Location"]
    start("worker")
    eventually(lambda: tenant.api.get(run).get_json()["state"] == "succeeded")
    url = tenant.api.post(f"{run}/analyses").headers["Location"]
    valkey = redis.Redis.from_url(settings.redis_url)
    stage = Stage(tenant, database, url, valkey, lambda: start("worker"))
    eventually(stage.under_way)
    return stage


def test_an_analysis_cancelled_on_its_way_says_so_and_tells_nothing(analysis):
    job_id = analysis.run()["job_id"]
    assert analysis.tenant.api.post(f"/v1/jobs/{job_id}/cancellation").status_code == 202
    told = eventually(lambda: (found := analysis.run())["state"] != "running" and found)
    assert (told["state"], told["error"], told["value"], told["baselines"]) == (
        "cancelled",
        None,
        None,
        None,
    )


def test_an_analysis_whose_simulation_is_deleted_on_its_way_fails_once(analysis, servers):
    tenant, job_id = analysis.tenant, analysis.run()["job_id"]
    with psycopg.connect(servers.url_as("postgres", analysis.database.engine.url.database)) as superuser:
        superuser.execute("UPDATE matching_run SET created_at = now() - interval '8 days'")
    forget_expired(analysis.database)
    assert tenant.api.get(analysis.url).status_code == 404
    job = f"/v1/jobs/{job_id}"
    told = eventually(lambda: (found := tenant.api.get(job).get_json())["state"] != "running" and found)
    assert (told["state"], told["error"]["code"], told["attempts"]) == ("failed", "gone", 1)
