"""A worker in this process for all jobs of one tenant, who sends real letters and for whom time passes on demand."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from tenants.kernel.clock import now
from tenants.kernel.jobs import Job
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings
from tests.post_office import PostOffice
from workers.tenant_job import run_job

_PASS = (
    "UPDATE letter SET due_at = due_at - make_interval(hours => :hours) WHERE state = 'queued'",
    "UPDATE job SET not_before = not_before - make_interval(hours => :hours) WHERE state = 'queued'",
)


@dataclass
class Clerk:
    """Runs what is due. `took` is what the mail server has taken since it was last asked."""

    database: Database
    settings: Settings
    tenant_id: UUID
    office: PostOffice
    seen: int = 0

    def work(self) -> list[str]:
        """Run jobs until none is due; the kinds of those that were run."""
        done = []
        while due := self._due():
            for job_id, kind in due:
                run_job(self.database, tenant_id=self.tenant_id, job_id=job_id, settings=self.settings)
                done.append(kind)
        return done

    def passes(self, hours: int) -> None:
        """Let all that waits have waited for so long."""
        with self.database.tenant(self.tenant_id) as session:
            for statement in _PASS:
                session.execute(text(statement), {"hours": hours})
            session.commit()

    def took(self) -> list[tuple[str, str]]:
        """Run what is due; to whom letters went meanwhile, and what they are called."""
        self.work()
        new = self.office.received[self.seen :]
        self.seen = len(self.office.received)
        return sorted((each.recipient, str(each.message["Subject"])) for each in new)

    def states(self) -> list[Any]:
        """What became of each letter, in the order of their posting."""
        with self.database.tenant(self.tenant_id) as session:
            return list(session.scalars(text("SELECT state FROM letter ORDER BY id")))

    def _due(self) -> list[tuple[UUID, str]]:
        with self.database.tenant(self.tenant_id) as session:
            rows = select(Job.id, Job.kind).where(Job.state == "queued", Job.not_before <= now())
            return [(row.id, row.kind) for row in session.execute(rows)]
