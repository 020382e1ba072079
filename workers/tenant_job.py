"""Running one claimed job: every way it can end, in one place."""

import logging
from collections.abc import Callable
from importlib import import_module
from uuid import UUID

from tenants.kernel.claims import Cancelled, Claim, JobFailed, LeaseLost, claim
from tenants.kernel.jobs import KINDS
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings

log = logging.getLogger(__name__)


def function_named(name: str) -> Callable[[Claim], None]:
    """The job function that `KINDS` names, such as workers.jobs.reports.build."""
    module, _, attribute = name.rpartition(".")
    function: Callable[[Claim], None] = getattr(import_module(module), attribute)
    return function


def run_job(database: Database, *, tenant_id: UUID, job_id: UUID, settings: Settings) -> bool:
    """Claim and run a job to one of its ends; False if it was not to be had."""
    held = claim(database, tenant_id=tenant_id, job_id=job_id, settings=settings)
    if held is None:
        return False
    if held.attempts > settings.job_attempts:
        held.fail("gave_up", f"The work stopped unexpectedly {settings.job_attempts} times; it was given up.")
        return True
    with held.kept_alive():
        _run(held)
    return True


def _run(held: Claim) -> None:
    named = f"{held.kind} {held.job_id}, attempt {held.attempts}"
    try:
        function_named(KINDS[held.kind].function)(held)
    except JobFailed as failure:
        held.fail(failure.code, str(failure))
    except Cancelled:
        held.stop()
    except LeaseLost:
        log.warning("another worker took this job over: %s", named)
    except Exception:
        log.exception("the job stopped unexpectedly: %s", named)
        if held.attempts >= held.settings.job_attempts:
            held.fail("internal_error", "Something went wrong on our side. Tell us the id of this job.")
        else:
            held.retry()
