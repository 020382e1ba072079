"""Holding a job: claim it, keep the lease alive, write its effect once."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.jobs import KINDS
from tenants.kernel.mail import is_quiet
from tenants.kernel.session import Database, Session
from tenants.kernel.settings import Settings

log = logging.getLogger(__name__)

_CLAIM = text(
    "UPDATE job SET state = 'running', fence = fence + 1, attempts = attempts + 1, lease_until = :until,"
    "       started_at = coalesce(started_at, now())"
    " WHERE id = :id AND (state = 'queued' AND not_before <= now() OR state = 'running' AND lease_until < now())"
    " RETURNING kind, subject_id, fence, attempts"
)
_BEAT = text(
    "UPDATE job SET lease_until = :until, progress = greatest(progress, :progress)"
    " WHERE id = :id AND fence = :fence AND state = 'running' RETURNING cancel_requested"
)
_TAKE = text(
    "SELECT cancel_requested FROM job WHERE id = :id AND fence = :fence AND state = 'running' FOR UPDATE"
)
_END = text(
    "UPDATE job SET state = :state, error = CAST(:error AS jsonb), finished_at = now(), lease_until = NULL,"
    "       progress = CASE WHEN :state = 'succeeded' THEN 1 ELSE progress END"
    " WHERE id = :id AND fence = :fence AND state = 'running' RETURNING id"
)
_PUT_BACK = text(
    "UPDATE job SET state = 'queued', lease_until = NULL, rung_at = NULL, not_before = :later, attempts = :attempts"
    " WHERE id = :id AND fence = :fence AND state = 'running'"
)


GIVEN_UP_FOR = timedelta(hours=6)
"""After how long a job that comes round, and went wrong too often, is tried again."""


class LeaseLost(Exception):
    """Somebody else holds the job now. Nothing this worker does may have an effect."""


class Cancelled(Exception):
    """The caller asked for the job to stop."""


class JobFailed(Exception):
    """The job cannot succeed, however often it is tried: `code` and a sentence for the caller."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Claim:
    """A worker's hold on one job of one tenant, fenced against whoever claims it later."""

    def __init__(
        self, database: Database, tenant_id: UUID, job_id: UUID, row: Any, settings: Settings
    ) -> None:
        self.database = database
        self.settings = settings
        self.tenant_id = tenant_id
        self.job_id = job_id
        self.kind: str = row.kind
        self.subject_id: UUID = row.subject_id
        self.attempts: int = row.attempts
        self._fence: int = row.fence
        self._progress = 0.0
        self._next_turn: datetime | None = None
        self._cancelled = threading.Event()
        self._lost = threading.Event()
        self._ended = threading.Event()

    @property
    def fence(self) -> int:
        """The number of this claim: doors that open to a running job alone ask for it."""
        return self._fence

    @contextmanager
    def session(self, *, snapshot: bool | str = False) -> Iterator[Session]:
        """A session of the job's tenant, for reading; with `snapshot`, as of one moment (`Database.tenant`)."""
        with self.database.tenant(self.tenant_id, snapshot=snapshot) as session:
            yield session

    def progress(self, fraction: float) -> None:
        """Say how far the work is (0 to 1). Raises Cancelled or LeaseLost when it should stop."""
        self._progress = min(max(fraction, 0.0), 1.0)
        self.check()

    def check(self) -> None:
        """Raise Cancelled or LeaseLost when the work should stop."""
        if self._lost.is_set():
            raise LeaseLost
        if self._cancelled.is_set():
            raise Cancelled

    @contextmanager
    def effect(self, *, failure: JobFailed | None = None) -> Iterator[Session]:
        """The transaction in which the job changes what it is for; it ends the job and commits.

        It holds the job's row from its first statement, so nobody can take the job over meanwhile. With
        `failure` the job ends failed: what is written then says more of why.
        Raises LeaseLost if somebody has already, and Cancelled if asked to stop before.
        """
        self._beat()
        with self._held() as (session, cancel_requested):
            if cancel_requested:
                raise Cancelled
            yield session
            session.flush()
            if self._next_turn:
                self._put_back(session, self._next_turn, attempts=0)
            elif failure is None:
                self._end(session, "succeeded")
            else:
                self._end(session, "failed", code=failure.code, message=str(failure))
            session.commit()

    @contextmanager
    def step(self) -> Iterator[Session]:
        """A transaction of a job that takes effect bit by bit; it commits, and the job goes on.

        It holds the job's row as `effect` does, and raises LeaseLost as that does. It does not ask whether to stop,
        so that what was done can still be written down: `check` does.
        """
        with self._held() as (session, _):
            yield session
            session.commit()

    @contextmanager
    def _held(self) -> Iterator[tuple[Session, bool]]:
        with self.session() as session:
            held = session.execute(_TAKE, {"id": self.job_id, "fence": self._fence}).one_or_none()
            if held is None:
                raise LeaseLost
            yield session, held.cancel_requested

    def fail(self, code: str, message: str) -> None:
        """End the job as failed; one that comes round is put back for later."""
        with self.session() as session:
            if KINDS[self.kind].comes_round:
                self._put_back(session, now() + GIVEN_UP_FOR, attempts=0)
            else:
                self._end(session, "failed", code=code, message=message)
            session.commit()

    def stop(self) -> None:
        """End the job as cancelled."""
        with self.session() as session:
            self._end(session, "cancelled")
            session.commit()

    def retry(self) -> None:
        """Put the job back, later after each attempt (1 s, 4 s, 9 s …)."""
        with self.session() as session:
            self._put_back(session, now() + timedelta(seconds=self.attempts**2), attempts=self.attempts)
            session.commit()

    def go_on(self, not_before: datetime) -> None:
        """Have the effect that is being written put the job back until then, as there is more to do.

        Other jobs get their turn meanwhile. Attempts are counted anew.
        """
        self._next_turn = not_before

    def _put_back(self, session: Session, later: datetime, *, attempts: int) -> None:
        known = {"id": self.job_id, "fence": self._fence, "later": later, "attempts": attempts}
        session.execute(_PUT_BACK, known)

    def _end(self, session: Session, state: str, **error: str) -> None:
        said = orjson.dumps(error).decode() if error else None
        known = {"id": self.job_id, "fence": self._fence, "state": state, "error": said}
        ended = session.execute(_END, known).one_or_none()
        if not ended or state == "succeeded":  # what a success changed, its effect has recorded
            return
        if self.kind != "letters" or not is_quiet(session, self.subject_id):
            events.record(session, f"job.{state}", subject_type="job", subject_id=self.job_id)

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the lease and report progress from a thread with its own connection."""
        thread = threading.Thread(target=self._beat_until_ended, name=f"lease-{self.job_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _beat_until_ended(self) -> None:
        while not self._ended.wait(min(1.0, self.settings.lease_seconds / 3)):
            try:
                self._beat()
            except SQLAlchemyError:
                log.warning("could not renew the lease of job %s; trying again", self.job_id)

    def _beat(self) -> None:
        until = now() + timedelta(seconds=self.settings.lease_seconds)
        known = {"id": self.job_id, "fence": self._fence, "until": until, "progress": self._progress}
        with self.session() as session:
            row = session.execute(_BEAT, known).one_or_none()
            session.commit()
        if row is None:
            self._lost.set()
        elif row.cancel_requested:
            self._cancelled.set()


def claim(database: Database, *, tenant_id: UUID, job_id: UUID, settings: Settings) -> Claim | None:
    """Take a due job, or None if it is not to be had: held by another, ended, or not this tenant's."""
    until = now() + timedelta(seconds=settings.lease_seconds)
    with database.tenant(tenant_id) as session:
        row = session.execute(_CLAIM, {"id": job_id, "until": until}).one_or_none()
        session.commit()
    return Claim(database, tenant_id, job_id, row, settings) if row else None
