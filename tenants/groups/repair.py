"""Groups that have lost somebody: they are marked and, where the program says so, a run is ordered to mend them."""

from uuid import UUID

from tenants.cohorts.models import Cohort, Program
from tenants.groups.presence import group_held
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session


def ask_for_repair(session: Session, *, group_id: UUID) -> None:
    """Say that a group needs somebody in place of whoever left. Nobody who acts is named, and no reason.

    The organiser sees the mark until a run that goes on from the group is accepted, or takes it away. Where the
    program repairs automatically, a job orders such a run, whose proposal waits for the organiser. Said of a group
    that has ended, it does nothing. Raises NotFound.
    """
    group = group_held(session, group_id)
    if group.state == "ended":
        return
    if group.repair_since is None:
        group.repair_since = now()
        session.flush()
        events.record(session, "group.needs_repair", subject=group, names_actor=False)
    cohort = row_of(session, Cohort, group.cohort_id)
    automatic = row_of(session, Program, cohort.program_id).repair == "automatic"
    if automatic and group.matching_run_id is not None:
        jobs.enqueue(session, "group_repair", subject_id=group.id)
