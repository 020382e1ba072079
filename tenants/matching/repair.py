"""Ordering a run that mends groups that have lost somebody. What it proposes waits for the organiser."""

from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select

from tenants.cohorts.models import Cohort
from tenants.groups.models import Group, GroupMember
from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.errors import Conflict, Invalid
from tenants.kernel.jobs import Job
from tenants.kernel.rows import row_held, row_of
from tenants.kernel.session import Session
from tenants.matching.actions import start_run
from tenants.matching.models import MatchingRun
from tenants.matching.options import options_of


def order_repair(claim: Claim) -> None:
    """Order a run that goes on from all groups in need of the cohort of the claimed group, by its recipe.

    Nothing is ordered for a group that needs repair no longer, or while a repair of its cohort is open.

    Raises JobFailed where the run cannot be ordered, which leaves the groups marked.
    """
    try:
        with claim.effect() as session:
            group = row_of(session, Group, claim.subject_id, "group")
            # One at a time in a cohort, who then sees what the one before ordered.
            row_held(session, Cohort, group.cohort_id)
            session.refresh(group)
            if _needs_repair(group) and not _is_open(session, group.cohort_id):
                _order(session, group)
    except (Conflict, Invalid) as refused:
        raise JobFailed("cannot_repair", str(refused)) from refused


def _needs_repair(group: Group) -> bool:
    return group.repair_since is not None and group.state != "ended"


def _order(session: Session, group: Group) -> None:
    accepted = row_of(session, MatchingRun, group.matching_run_id) if group.matching_run_id else None
    if accepted is None or accepted.recipe_id is None:
        return
    in_need = select(Group.id).where(
        Group.cohort_id == group.cohort_id, Group.repair_since.is_not(None), Group.state != "ended"
    )
    keep = {"group_ids": sorted(session.scalars(in_need))}
    later = options_of(accepted.options).arm
    options: dict[str, Any] = {"keep_groups": keep}
    if later is not None:
        options["arm"] = {"matching_run_id": later.matching_run_id, "arm": later.arm}
    run = start_run(
        session, cohort_id=group.cohort_id, recipe_id=accepted.recipe_id, seed=accepted.seed, **options
    )
    run.repair = True
    session.flush()


def _is_open(session: Session, cohort_id: UUID) -> bool:
    """Whether a repair is under way or waits to be accepted, and still can be: nobody has left since it began, and no
    run that goes on from groups was accepted since it was ordered.
    """
    same = (Job.tenant_id == MatchingRun.tenant_id) & (Job.id == MatchingRun.job_id)
    left_since = exists().where(
        GroupMember.tenant_id == MatchingRun.tenant_id,
        GroupMember.left_at > Job.started_at,
        Group.tenant_id == GroupMember.tenant_id,
        Group.id == GroupMember.group_id,
        Group.cohort_id == cohort_id,
    )
    last = (
        select(func.max(MatchingRun.accepted_at)).where(MatchingRun.cohort_id == cohort_id).scalar_subquery()
    )
    waiting = MatchingRun.outcome.in_(("formed", "partial"))
    under_way = MatchingRun.outcome.is_(None) & Job.state.in_(("queued", "running"))
    repairs = (
        select(MatchingRun.id)
        .join(Job, same)
        .where(
            MatchingRun.cohort_id == cohort_id,
            MatchingRun.repair,
            MatchingRun.accepted_at.is_(None),
            under_way | waiting,
            ~left_since,
            last.is_(None) | (MatchingRun.created_at > last),
        )
    )
    return session.scalar(repairs.limit(1)) is not None
