"""Recipes, runs and what they propose, as lists show them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from tenants.cohorts.models import Participant
from tenants.groups.queries import is_in_a_living_group
from tenants.kernel.jobs import Job
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.matching.models import POOL_STATES, MatchingRun, Placement, ProposedGroup, Recipe
from tenants.people.models import Membership


def recipes(program_id: UUID | None = None) -> Select[Any]:
    """The tenant's recipes, or those of one program."""
    rows = select(*Recipe.__table__.columns)
    return rows if program_id is None else rows.where(Recipe.program_id == program_id)


def matching_runs(cohort_id: UUID | None = None) -> Select[Any]:
    """The tenant's runs, or those of one cohort. `state` is the job's, save that who is left over shows."""
    short = (Job.state == "succeeded") & MatchingRun.outcome.in_(("infeasible", "partial"))
    rows = select(
        *MatchingRun.__table__.columns,
        case((short, MatchingRun.outcome), else_=Job.state).label("state"),
        Job.progress,
        Job.error,
    ).join(Job, (Job.tenant_id == MatchingRun.tenant_id) & (Job.id == MatchingRun.job_id))
    return rows if cohort_id is None else rows.where(MatchingRun.cohort_id == cohort_id)


def matching_run(session: Session, *, matching_run_id: UUID) -> Row[Any]:
    """One run as lists show it. Raises NotFound."""
    return one(session, matching_runs().where(MatchingRun.id == matching_run_id), "matching run")


def proposed_groups(matching_run_id: UUID) -> Select[Any]:
    """What a run proposes, each group with its `members` by external id."""
    member = func.json_build_object(
        "participant_id", Placement.participant_id, "external_id", Membership.external_id
    )
    members = (
        _placed(func.json_agg(aggregate_order_by(member, Membership.external_id)))
        .where(
            Placement.tenant_id == ProposedGroup.tenant_id,
            Placement.proposed_group_id == ProposedGroup.id,
        )
        .scalar_subquery()
    )
    return select(
        ProposedGroup.id,
        ProposedGroup.position,
        ProposedGroup.value,
        ProposedGroup.owed,
        ProposedGroup.common_hours,
        ProposedGroup.terms,
        func.coalesce(members, func.json_build_array()).label("members"),
    ).where(ProposedGroup.matching_run_id == matching_run_id)


def unplaced(matching_run_id: UUID) -> Select[Any]:
    """Whom a run places nowhere, and why."""
    return _placed(
        Placement.id,
        Placement.participant_id,
        Membership.external_id,
        Placement.code,
        Placement.reason,
    ).where(Placement.matching_run_id == matching_run_id, Placement.proposed_group_id.is_(None))


def placements(matching_run_id: UUID) -> Select[Any]:
    """Where a run places each participant, in which group by position, and why there."""
    return (
        _placed(
            Placement.id,
            Placement.participant_id,
            Membership.external_id,
            ProposedGroup.position,
            *(
                Placement.explanation[key].label(key)
                for key in ("affinity", "terms", "alternative", "for_member")
            ),
        )
        .join(
            ProposedGroup,
            (ProposedGroup.tenant_id == Placement.tenant_id)
            & (ProposedGroup.id == Placement.proposed_group_id),
        )
        .where(Placement.matching_run_id == matching_run_id)
    )


def pool(cohort_id: UUID, attributes: Sequence[str]) -> Select[Any]:
    """Who can be placed: id, external id, then the current value of each of `attributes`; in a fixed order."""
    return (
        select(
            Participant.id,
            Membership.external_id,
            *(Participant.attributes[key].label(f"value_{place}") for place, key in enumerate(attributes)),
        )
        .join(
            Membership,
            (Membership.tenant_id == Participant.tenant_id) & (Membership.id == Participant.membership_id),
        )
        .where(
            Participant.cohort_id == cohort_id,
            Participant.state.in_(POOL_STATES),
            ~is_in_a_living_group(Participant.id),
        )
        .order_by(Participant.id)
    )


def _placed(*columns: Any) -> Select[Any]:
    """Placements with the participants and memberships they are of."""
    return (
        select(*columns)
        .select_from(Placement)
        .join(
            Participant,
            (Participant.tenant_id == Placement.tenant_id) & (Participant.id == Placement.participant_id),
        )
        .join(
            Membership,
            (Membership.tenant_id == Participant.tenant_id) & (Membership.id == Participant.membership_id),
        )
    )
