"""The processes themselves: they end when they are told to, and say that they live."""

import subprocess
import sys

import pytest
import redis
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import JobStatus
from rq.serializers import JSONSerializer

from tenants.institutions.actions import open_tenant
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job, enqueue
from tests.conftest import eventually
from workers.main import TenantWorker

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


def test_what_a_dead_worker_left_does_not_end_another(settings):
    valkey = redis.Redis.from_url(settings.redis_url)
    queue = Queue("quick", connection=valkey, serializer=JSONSerializer)
    job = queue.enqueue("workers.main.answer", "tenant", "job", failure_ttl=0)
    job.set_status(JobStatus.STARTED)
    with valkey.pipeline() as pipeline:
        left = Execution.create(job, ttl=60, pipeline=pipeline)
        pipeline.execute()
    valkey.zadd(queue.started_job_registry.key, {left.composite_key: 1})
    valkey.delete(left.key)  # as when its time is over, which it is a minute sooner than its name's
    with pytest.raises(ValueError, match=f"Execution {left.id} not found"):
        Worker([queue], connection=valkey, serializer=JSONSerializer).clean_registries()
    queue.release_maintenance_lock()
    TenantWorker([queue], connection=valkey, serializer=JSONSerializer).clean_registries()
    assert not valkey.exists(job.key, left.key, queue.started_job_registry.key)


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
        long = enqueue(session, "matching_run", subject_id=new_id())
        quick = enqueue(session, "group_repair", subject_id=new_id())
        session.commit()

    def state(job_id):
        with database.tenant(tenant) as session:
            return session.get_one(Job, (tenant, job_id)).state

    start("worker", "--queue=quick")
    start("scheduler")
    eventually(lambda: state(quick.id) == "failed")  # there is no such repair
    assert state(long.id) == "queued"
