"""Recipes, runs and what they propose, as lists show them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, aliased

from tenants.cohorts.models import Participant
from tenants.groups.queries import has_been_in_a_group_since, is_in_a_living_group
from tenants.kernel.jobs import Job
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.matching.models import POOL_STATES, MatchingRun, Placement, ProposedGroup, Recipe
from tenants.matching.options import LaterStart
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
        ProposedGroup.group_id,
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
        Placement.explanation["for_member"].label("for_member"),
        Placement.from_group_id,
        Placement.arm,
        Placement.stratum,
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
            Placement.from_group_id,
            Placement.arm,
            Placement.stratum,
        )
        .join(
            ProposedGroup,
            (ProposedGroup.tenant_id == Placement.tenant_id)
            & (ProposedGroup.id == Placement.proposed_group_id),
        )
        .where(Placement.matching_run_id == matching_run_id)
    )


def proposed_places(matching_run_id: UUID) -> Select[Any]:
    """Of everybody in a run's pool: participant_id, position (null in no group), code, from_group_id, arm, stratum."""
    columns: tuple[Any, ...] = (
        Placement.participant_id,
        ProposedGroup.position,
        Placement.code,
        Placement.from_group_id,
        Placement.arm,
        Placement.stratum,
    )
    return (
        select(*columns)
        .outerjoin(
            ProposedGroup,
            (ProposedGroup.tenant_id == Placement.tenant_id)
            & (ProposedGroup.id == Placement.proposed_group_id),
        )
        .where(Placement.matching_run_id == matching_run_id)
    )


def number_waiting(cohort_id: UUID) -> Select[Any]:
    """How many could be placed but for the randomised start that they wait for."""
    return (
        select(func.count()).select_from(Participant).where(*free(cohort_id), waits_for_start(Participant.id))
    )


def drawn_before(cohort_id: UUID) -> Select[Any]:
    """Who can be placed and was drawn into some arm by an accepted run."""
    return select(Participant.id).where(*free(cohort_id), _drawn(Participant.id))


def drawn_elsewhere(matching_run_id: UUID) -> Select[Any]:
    """Whom a run has drawn and an accepted run has drawn as well."""
    drawn = _placed(Placement.participant_id).where(Placement.matching_run_id == matching_run_id)
    return drawn.where(Placement.arm.is_not(None), _drawn(Participant.id))


def number_started_before(matching_run_id: UUID) -> Select[Any]:
    """How many of those whom a run has drawn to start later are in a living group already."""
    drawn = _placed(func.count()).where(Placement.matching_run_id == matching_run_id)
    return drawn.where(Placement.arm > 1, is_in_a_living_group(Participant.id))


def number_placed_too_early(matching_run_id: UUID) -> Select[Any]:
    """How many of those whom a run places wait for a start that an accepted run has drawn."""
    placed = _placed(func.count()).where(Placement.matching_run_id == matching_run_id)
    return placed.where(Placement.proposed_group_id.is_not(None), waits_for_start(Participant.id))


def waits_for_start(participant_id: InstrumentedAttribute[UUID]) -> Any:
    """Whether an accepted run drew this participant to start later, and they have been in no group since; as SQL."""
    return _drawn(participant_id, later=True)


def _drawn(participant_id: InstrumentedAttribute[UUID], *, later: bool = False) -> Any:
    lot, run = aliased(Placement), aliased(MatchingRun)
    found = exists().where(
        lot.participant_id == participant_id,
        run.tenant_id == lot.tenant_id,
        run.id == lot.matching_run_id,
        run.accepted_at.is_not(None),
    )
    if not later:
        return found.where(lot.arm.is_not(None))
    return found.where(lot.arm > 1, ~has_been_in_a_group_since(lot.participant_id, run.accepted_at))


def drawn_into(later: LaterStart) -> Any:
    """Whether that run drew this participant into that arm; as SQL."""
    lot = aliased(Placement)
    return exists().where(
        lot.participant_id == Participant.id,
        lot.matching_run_id == later.matching_run_id,
        lot.arm == later.arm,
    )


def free(cohort_id: UUID) -> tuple[Any, ...]:
    """Of the cohort, in a state to be placed, and in no living group; as SQL."""
    return (
        Participant.cohort_id == cohort_id,
        Participant.state.in_(POOL_STATES),
        ~is_in_a_living_group(Participant.id),
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
