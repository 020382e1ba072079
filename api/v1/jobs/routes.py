"""/v1/jobs"""

from uuid import UUID

from api.blueprint import Blueprint
from api.v1.jobs.schemas import Job
from tenants.kernel import jobs
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

blp = Blueprint("Jobs", description="Work in the background, and how it is getting on.")


@blp.get("/jobs/<uuid:job_id>", Permission.JOBS_READ, returns=Job)
def get_job(session: Session, job_id: UUID) -> jobs.Job:
    """One job."""
    return row_of(session, jobs.Job, job_id)


@blp.post(
    "/jobs/<uuid:job_id>/cancellation",
    Permission.JOBS_CANCEL,
    returns=Job,
    status=202,
    location="/v1/jobs/{id}",
)
def cancel_job(session: Session, job_id: UUID) -> jobs.Job:
    """Ask a job to stop; one that runs does so at its next check."""
    return jobs.cancel(session, job_id=job_id)
