"""Whom a run looks at. Whoever its program's basis does not cover is in no row that it reads."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Select, Text, Uuid, and_, func, or_, select, text

from tenants.cohorts.covered import covered, standing
from tenants.cohorts.models import Participant
from tenants.groups.models import Group, GroupMember
from tenants.matching.models import Placement
from tenants.matching.options import KeepGroups, RunOptions
from tenants.matching.queries import drawn_into, free, waits_for_start
from tenants.people.models import Membership


def may_be_matched(cohort_id: UUID) -> ColumnElement[bool]:
    """Whether the basis of matching covers this participant of the cohort; as SQL."""
    return Participant.membership_id.in_(text(covered("matching")).bindparams(cohorts=[cohort_id]))


def pool(cohort_id: UUID, options: RunOptions) -> Select[Any]:
    """Who can be placed, by id: who is free and, where groups are kept, their members.

    Those who wait for a randomised start are not among them, and with a later start nobody else is; of a run
    that is adjusted only those whom it had in its pool are. Nor is anybody whom matching may not look at.
    """
    keep = options.keep_groups
    kept = None if keep is None else members_to_keep(cohort_id, keep)
    return _asked_for(cohort_id, options, kept).where(may_be_matched(cohort_id))


def left_out(cohort_id: UUID, options: RunOptions) -> Select[Any]:
    """How many would be in the pool if matching might look at them, by why it may not."""
    said = text(standing("matching")).bindparams(cohorts=[cohort_id])
    told = said.columns(membership_id=Uuid(), state=Text(), covered=Boolean()).subquery()
    keep = options.keep_groups
    kept = None if keep is None else _members_of(groups_to_keep(cohort_id, keep))
    return (
        select(told.c.state, func.count().label("number"))
        .join_from(Participant, told, told.c.membership_id == Participant.membership_id)
        .where(Participant.id.in_(_asked_for(cohort_id, options, kept)), ~told.c.covered)
        .group_by(told.c.state)
    )


def in_pool_of(matching_run_id: UUID) -> Select[Any]:
    """Whom a run handed to the solver, by id: everybody but those whom it drew to start later."""
    people: Select[Any] = select(Placement.participant_id)
    return people.where(Placement.matching_run_id == matching_run_id, func.coalesce(Placement.arm, 1) == 1)


def still_in_pool_of(matching_run_id: UUID, cohort_id: UUID) -> Select[Any]:
    """Of these, by id, those whom matching may look at still."""
    people: Select[Any] = select(Participant.id)
    return people.where(Participant.id.in_(in_pool_of(matching_run_id)), may_be_matched(cohort_id))


def number_lost(matching_run_id: UUID, cohort_id: UUID) -> Select[Any]:
    """How many of those whom a run places, draws or takes out of a group matching may look at no longer."""
    return (
        select(func.count())
        .select_from(Placement)
        .join(
            Participant,
            (Participant.tenant_id == Placement.tenant_id) & (Participant.id == Placement.participant_id),
        )
        .where(
            Placement.matching_run_id == matching_run_id,
            or_(
                Placement.proposed_group_id.is_not(None),
                Placement.arm.is_not(None),
                Placement.from_group_id.is_not(None),
            ),
            ~may_be_matched(cohort_id),
        )
    )


def groups_to_keep(cohort_id: UUID, keep: KeepGroups) -> Select[Any]:
    """The groups, by id, that a run is asked to go on from. One that has paused, or that its members formed themselves,
    is left in peace unless it is named.
    """
    living: Select[Any] = select(Group.id).where(Group.cohort_id == cohort_id, Group.state != "ended")
    if keep.group_ids:
        return living.where(Group.id.in_(keep.group_ids))
    return living.where(Group.state != "paused", Group.origin == "matched")


def members_to_keep(cohort_id: UUID, keep: KeepGroups) -> Select[Any]:
    """The participants, in order, who are placed and in a group that a run goes on from, and the group.

    Whoever is in two of them goes on from the one that they came into first. A group with somebody whom matching
    may not look at stays as it is: nobody is moved into it or out of it.
    """
    closed = _members(GroupMember.group_id).where(
        Participant.cohort_id == cohort_id, ~may_be_matched(cohort_id)
    )
    return _members_of(groups_to_keep(cohort_id, keep).where(Group.id.not_in(closed)))


def with_values(people: Select[Any], attributes: Sequence[str]) -> Select[Any]:
    """Of participants by id: id, external id, then the current value of each of `attributes`; in a fixed order."""
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
        .where(Participant.id.in_(people))
        .order_by(Participant.id)
    )


def _asked_for(cohort_id: UUID, options: RunOptions, kept: Select[Any] | None) -> Select[Any]:
    starts = ~waits_for_start(Participant.id) if options.arm is None else drawn_into(options.arm)
    wanted = and_(*free(cohort_id), starts)
    if kept is not None:
        wanted |= Participant.id.in_(select(kept.subquery().c.participant_id))
    people: Select[Any] = select(Participant.id).where(Participant.cohort_id == cohort_id, wanted)
    if options.adjust is not None:
        people = people.where(Participant.id.in_(in_pool_of(options.adjust.matching_run_id)))
    return people


def _members_of(groups: Select[Any]) -> Select[Any]:
    present = _members(GroupMember.participant_id, GroupMember.group_id).where(
        GroupMember.group_id.in_(groups)
    )
    return present.distinct(GroupMember.participant_id).order_by(GroupMember.participant_id, GroupMember.id)


def _members(*columns: Any) -> Select[Any]:
    """Of those who are placed and present in a group."""
    return (
        select(*columns)
        .select_from(GroupMember)
        .join(
            Participant,
            (Participant.tenant_id == GroupMember.tenant_id) & (Participant.id == GroupMember.participant_id),
        )
        .where(GroupMember.left_at.is_(None), Participant.state == "placed")
    )
