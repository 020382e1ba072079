"""Ringing for workers through RQ, and hearing what was rung for."""

import logging
from datetime import timedelta
from uuid import UUID

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import text

from tenants.kernel.crypto import KeyRing
from tenants.kernel.jobs import QUEUES, next_bells
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings

log = logging.getLogger(__name__)

ANSWER = "workers.main.answer"


def open_database(settings: Settings, *, pool_size: int = 8, lock_seconds: int = 0) -> Database:
    """A database whose sessions ring for the jobs they enqueue, and encrypt. Raises RoleTooStrong.

    Whoever waits longer than `lock_seconds` for a row that another holds gives up; 0 waits on.
    """
    bells = Doorbell(settings)
    database = Database(
        settings.database_url,
        pool_size=pool_size,
        on_enqueued=bells.ring,
        lock_seconds=lock_seconds,
        key_ring=KeyRing(settings.encryption_keys),
    )
    database.refuse_strong_role()
    return database


class Doorbell:
    """Rings for due jobs of one tenant at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=5)
        self._queues = {
            name: Queue(name, connection=self._redis, serializer=JSONSerializer) for name in QUEUES
        }

    def ring(self, database: Database, tenant_id: UUID) -> int:
        """Ring for this tenant's next jobs; how many bells went out.

        Without Valkey nothing is lost: the rows are committed and the sweeper rings again.
        """
        lifetime = timedelta(seconds=self._settings.bell_seconds)
        with database.tenant(tenant_id) as session:
            bells = next_bells(session, per_queue=self._settings.bells_per_tenant, bell_lifetime=lifetime)
            session.commit()
        try:
            for queue, job_id in bells:
                self._queues[queue].enqueue(
                    ANSWER, str(tenant_id), str(job_id), result_ttl=0, failure_ttl=0, job_timeout=-1
                )
        except redis.RedisError as error:
            log.warning("valkey does not answer; the sweeper will ring again: %s", error)
            return 0
        return len(bells)

    def sweep(self, database: Database, *, most: int = 100) -> int:
        """Ring again for due jobs whose bell was lost and for jobs whose worker vanished."""
        with database.nobody() as session:
            due = session.execute(text("SELECT DISTINCT tenant_id FROM door.due_jobs(:n)"), {"n": most})
            tenant_ids = [row.tenant_id for row in due]
        return sum(self.ring(database, tenant_id) for tenant_id in tenant_ids)
