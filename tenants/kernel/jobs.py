"""Work in the background. The row is the truth; Valkey is a doorbell.

A job is written in the transaction that causes it. After that commit a bell carries (tenant, job) to a
worker, which claims the row, keeps its lease alive and writes the job's one effect in a transaction that
first takes the row with the fence of its claim: whoever lost the lease is refused there. A lost bell is
rung again by the sweeper, so Valkey may forget everything.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel import events
from tenants.kernel.base import Created, TenantRow, one_of
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session

_LOCK_BELLS = text("SELECT pg_advisory_xact_lock(hashtextextended('bells' || :tenant, 0))")
STATES = ("queued", "running", "succeeded", "failed", "cancelled")
QUEUES = ("quick", "long")
HELP = "help"
"""The queue of calls to help with a job that somebody runs: last of all for those who serve long ones, and no job's."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one kind run: their queue, the worker's function by name, and whether the tenant may stop them. What
    `comes_round` is never given up: nobody would ask for it again.
    """

    queue: str
    function: str
    cancellable: bool = True
    comes_round: bool = False


KINDS = {
    "import": Kind("long", "workers.jobs.imports.apply"),
    "import_reversal": Kind("long", "workers.jobs.imports.reverse"),
    "matching_run": Kind("long", "workers.jobs.matching.run"),
    "matching_analysis": Kind("long", "workers.jobs.matching.analyse"),
    "group_repair": Kind("quick", "workers.jobs.matching.repair"),
    "intake_reminder": Kind("quick", "workers.jobs.letters.remind_of_intake"),
    "check_in_tally": Kind("quick", "workers.jobs.check_ins.tally"),
    "report": Kind("long", "workers.jobs.reports.build"),
    "release_files": Kind("long", "workers.jobs.reports.write_approved", cancellable=False),
    "release_due": Kind("quick", "workers.jobs.reports.draft_due", cancellable=False, comes_round=True),
    # What several institutions report together waits for each of them; each says itself whether it takes part.
    "contribution": Kind("long", "workers.jobs.pools.contribute", cancellable=False, comes_round=True),
    "pool": Kind("long", "workers.jobs.pools.pool", cancellable=False, comes_round=True),
    "named_document": Kind("quick", "workers.jobs.reports.name_people"),
    # Names are not kept for longer by stopping this.
    "named_document_expiry": Kind(
        "quick", "workers.jobs.reports.forget_names", cancellable=False, comes_round=True
    ),
    "letters": Kind("quick", "workers.jobs.letters.send"),
    # What members decide no organiser holds up.
    "admission": Kind("quick", "workers.jobs.groups.conclude_admission", cancellable=False, comes_round=True),
    "meetings": Kind("quick", "workers.jobs.meetings.keep", comes_round=True),
    # It waits for the next round of its tenant, and is not somebody's to stop.
    "notices": Kind("quick", "workers.jobs.notices.plan", cancellable=False),
    "group_health": Kind("quick", "workers.jobs.groups.look_after", cancellable=False, comes_round=True),
    "survey_reminder": Kind("quick", "workers.jobs.letters.remind_of_survey"),
    # Each wave is counted once; nobody chooses whether.
    "survey_count": Kind("quick", "workers.jobs.surveys.count", cancellable=False),
    "announcement": Kind("quick", "workers.jobs.letters.announce"),
    "verification": Kind("long", "workers.jobs.outside.verify"),
    "candidate_search": Kind("long", "workers.jobs.outside.find_candidates"),
    # What a tenant holds of others only for a while it does not keep by stopping this.
    "public_data_expiry": Kind("quick", "workers.jobs.outside.expire", cancellable=False, comes_round=True),
}


class Job(Created, TenantRow):
    """One piece of work about `subject_id`. `progress` is 0 to 1; `error` is {code, message} or null."""

    __tablename__ = "job"
    __table_args__ = (
        one_of("state", STATES),
        one_of("queue", QUEUES),
        Index("ix_job_subject", "tenant_id", "subject_id"),
        Index("ix_job_due", "not_before", postgresql_where=text("state = 'queued'")),
        Index("ix_job_lease", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_job_open", "tenant_id", "queue", postgresql_where=text("state IN ('queued', 'running')")),
    )

    kind: Mapped[str]
    queue: Mapped[str]
    subject_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="queued")
    progress: Mapped[float] = mapped_column(default=0.0)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(default=now)
    rung_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


def enqueue(session: Session, kind: str, *, subject_id: UUID, not_before: datetime | None = None) -> Job:
    """Add a job to this transaction; it is rung for after the commit, or once `not_before` has come."""
    job = Job(
        id=new_id(),
        kind=kind,
        queue=KINDS[kind].queue,
        subject_id=subject_id,
        not_before=not_before or now(),
    )
    session.add(job)
    session.info["enqueued"] = True
    return job


def cancel(session: Session, *, job_id: UUID) -> Job:
    """Cancel a job: at once if nobody runs it, else at its next check.

    Raises NotFound and Conflict: "not_cancellable" where its kind is not to be stopped, "job_ended".
    """
    job = session.get(Job, (session.tenant_id, job_id), with_for_update=True)
    if job is None:
        raise NotFound("job")
    if not KINDS[job.kind].cancellable:
        raise Conflict("Work of this kind is not cancelled.", code="not_cancellable")
    if job.state == "queued":
        job.state, job.finished_at = "cancelled", now()
    elif job.state == "running":
        job.cancel_requested = True
    else:
        raise Conflict(f"This job has already ended ({job.state}).", code="job_ended")
    events.record(session, "job.cancellation_requested", subject=job)
    return job


def next_bells(session: Session, *, per_queue: int, bell_lifetime: timedelta) -> list[tuple[str, UUID]]:
    """Choose the jobs to ring for, mark them rung, and return (queue, job id) pairs.

    At most `per_queue` bells of a tenant are out in each queue, so a tenant with ten thousand jobs takes
    its turn like one with a single job. A bell unanswered for `bell_lifetime` counts as lost. The caller
    commits before ringing.
    """
    session.execute(_LOCK_BELLS, {"tenant": str(session.tenant_id)})
    moment = now()
    waiting = (Job.state == "queued") & (Job.not_before <= moment)
    lost = (Job.state == "running") & (Job.lease_until < moment)
    rung_lately = func.coalesce(Job.rung_at > moment - bell_lifetime, False)
    bells: list[tuple[str, UUID]] = []
    for queue in QUEUES:
        out = select(func.count()).where(
            Job.queue == queue,
            ((Job.state == "running") & (Job.lease_until >= moment)) | (waiting & rung_lately),
        )
        free = per_queue - session.execute(out).scalar_one()
        if free <= 0:
            continue
        chosen = (
            select(Job.id)
            .where(Job.queue == queue, (waiting | lost) & ~rung_lately)
            .order_by(Job.not_before, Job.id)
            .limit(free)
            .with_for_update(skip_locked=True)
        )
        # An array, because a joined subquery may run twice and then choose twice as many.
        ids = func.array(chosen.scalar_subquery())
        ring = update(Job).where(Job.tenant_id == session.tenant_id, Job.id == func.any(ids))
        rung = session.execute(ring.values(rung_at=moment).returning(Job.id))
        bells += [(queue, row.id) for row in rung]
    return bells
