"""The processes themselves: they end when they are told to, and say that they live."""

import subprocess
import sys

import pytest

from tenants.cohorts.actions import create_program
from tenants.institutions.actions import open_tenant
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job, enqueue
from tenants.reporting.actions import order_report
from tests.conftest import eventually

WHERE_NOTHING_HEARS_AN_EXCEPTION = """
import os, signal, sys, redis
from rq import Queue
from rq.serializers import JSONSerializer
from workers.main import TenantWorker

class Swallowing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):  # the handler runs here, and Python drops what it raises
            pass

class Told(TenantWorker):
    def procline(self, message):  # the last thing before an idle worker waits
        Swallowing()

connection = redis.Redis.from_url(sys.argv[1])
queues = [Queue("nobody-rings-here", connection=connection, serializer=JSONSerializer)]
Told(queues, connection=connection, serializer=JSONSerializer).work(logging_level="WARNING")
"""


def test_a_stop_whose_exception_was_swallowed_is_heard_all_the_same(settings):
    command = [sys.executable, "-c", WHERE_NOTHING_HEARS_AN_EXCEPTION, settings.redis_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Exception ignored in: <function Swallowing.__del__" in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_a_process_touches_its_file_while_it_lives(start, tmp_path, command):
    alive = tmp_path / "alive"
    start(command, f"--alive={alive}")
    eventually(alive.exists)
    first = alive.stat().st_mtime_ns
    eventually(lambda: alive.stat().st_mtime_ns > first)


def test_a_worker_for_quick_work_leaves_long_work_alone(start, database):
    tenant = new_id()
    with database.tenant(tenant) as session:
        open_tenant(session, kind="society", slug="quick", name="Invented Society")
        program = create_program(session, name="Circles")
        long = enqueue(session, "matching_run", subject_id=new_id())
        quick = order_report(session, audience="internal", program_id=program.id).job_id
        session.commit()

    def state(job_id):
        with database.tenant(tenant) as session:
            return session.get_one(Job, (tenant, job_id)).state

    start("worker", "--queue=quick")
    start("scheduler")
    eventually(lambda: state(quick) == "succeeded")
    assert state(long.id) == "queued"
