"""The worker process: RQ hears the bells, `tenant_job` does the work."""

import ctypes
import functools
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from uuid import UUID

import redis
from redis.client import Pipeline
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.executions import ExecutionRegistry
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus
from sqlalchemy.orm import configure_mappers

import tenants.tables  # noqa: F401
from tenants.kernel.doorbell import Doorbell, open_database
from tenants.kernel.files import FileStore
from tenants.kernel.jobs import HELP, KINDS, QUEUES
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings
from workers.tenant_job import run_job

SECONDS_TO_WAIT = 2  # for a job, before the worker looks whether it was told to stop


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
    """An RQ worker that always hears SIGTERM and whose work-horse does not outlive it.

    RQ stops an idle worker by an exception out of the signal handler. redis-py has places that swallow any
    exception (`except Exception: pass`, `__del__`): a signal that falls there is lost, and the worker waits on.
    So it is noted as well, and the note is read whenever a short wait for a job ends.
    """

    dequeue_timeout = SECONDS_TO_WAIT
    alive: Path | None = None
    """A file to touch at each heartbeat."""
    _told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop: at once when idle, else after the job in hand."""
        self._told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ leaves it untyped

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that this worker lives, which RQ does before each wait. Raises StopRequested."""
        if self._told_to_stop and self.get_state() == WorkerStatus.IDLE:
            raise StopRequested
        super().heartbeat(timeout, pipeline)
        if self.alive:
            self.alive.touch()

    def clean_registries(self) -> None:
        """Tidy up after workers who died.

        To forget a bell, RQ asks for each execution that it names, and it names one for a minute after that has
        expired: the ValueError would end this worker. Nobody needs these names; the rows are the truth.
        """
        for queue in self.queues:
            for job_id in queue.started_job_registry.get_expired_job_ids():
                self.connection.delete(ExecutionRegistry(job_id, self.connection).key)
        super().clean_registries()  # type: ignore[no-untyped-call]  # RQ leaves it untyped

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Ask the kernel to end this process with its parent, then run the job."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        super().main_work_horse(job, queue)


def prepare(served: Sequence[str]) -> None:
    """Load here, once, what every job's process would else load for itself.

    What long jobs need as well is heavy, and left to the few quick ones that need it.
    """
    configure_mappers()
    mine, others = (
        {kind.function.rpartition(".")[0] for kind in KINDS.values() if (kind.queue in served) is ours}
        for ours in (True, False)
    )
    for module in sorted(mine - others):
        import_module(module)
    if "long" in served:
        import_module("tenants.matching.solver").warm()


def run_worker(settings: Settings, *, served: Sequence[str] = QUEUES, alive: Path | None = None) -> None:
    """Serve these queues until SIGTERM or SIGINT; the job in hand is finished first. Raises RoleTooStrong.

    Whoever serves long jobs hears calls to help with one, last of all. `alive` is touched every two seconds, during a
    job every thirty.
    """
    open_database(settings).dispose()
    FileStore.of(settings).refuse_unusable()
    prepare(served)
    connection = redis.Redis.from_url(settings.redis_url)
    if "long" in served:
        served = (*served, HELP)
    queues = [Queue(name, connection=connection, serializer=JSONSerializer) for name in served]
    worker = TenantWorker(queues, connection=connection, serializer=JSONSerializer)
    worker.alive = alive
    worker.work(logging_level="WARNING")
