"""The worker process: RQ hears the bells, `tenant_job` does the work."""

import ctypes
import functools
import os
import signal
import sys
from uuid import UUID

import redis
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

import tenants.tables  # noqa: F401
from tenants.kernel.doorbell import Doorbell, open_database
from tenants.kernel.jobs import QUEUES
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings
from workers.tenant_job import run_job


@functools.cache
def _opened() -> tuple[Database, Settings]:
    settings = Settings.from_environment(os.environ)
    return open_database(settings, pool_size=2), settings


def answer(tenant_id: str, job_id: str) -> None:
    """What a bell calls. When the job has ended, its tenant's next one is rung for."""
    database, settings = _opened()
    run_job(database, tenant_id=UUID(tenant_id), job_id=UUID(job_id), settings=settings)
    Doorbell(settings).ring(database, UUID(tenant_id))


class TenantWorker(Worker):
    """An RQ worker whose work-horse does not outlive it."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Ask the kernel to end this process with its parent, then run the job."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        super().main_work_horse(job, queue)


def run_worker(settings: Settings) -> None:
    """Serve both queues until SIGTERM or SIGINT; the job in hand is finished first. Raises RoleTooStrong."""
    open_database(settings).dispose()
    connection = redis.Redis.from_url(settings.redis_url)
    queues = [Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES]
    TenantWorker(queues, connection=connection, serializer=JSONSerializer).work(logging_level="WARNING")
