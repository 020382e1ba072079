"""Admission by objection: a newcomer comes into a group when none of its members objects.

A member proposes; the others agree, object or say nothing until the period ends. The doors in the database hold all of
it, so that it does not matter who knocks: the last who agrees, the job that waits for the end, or whoever leaves.
Nobody reads what somebody answered. An objection takes effect when the period ends, and then who answered is forgotten.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, select, text, update

from tenants.groups.coming import Admission, AdmissionAnswer
from tenants.groups.models import Group, GroupMember
from tenants.groups.notices import ask_of_admission, tell_of_admission
from tenants.groups.places import (
    DYAD,
    become,
    hold_group,
    hold_group_of_member,
    is_elsewhere,
    members_present,
    state_of,
)
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.people.models import Membership
from tenants.people.queries import NAME

NOT_LET_IN = "Their group did not let them in."
_PROPOSE = text("SELECT door.propose_admission(:admission, :member)")
_ANSWER = text("SELECT door.answer_admission(:admission, :objects)")
_OPEN = text("SELECT admission FROM door.open_admissions(:group)")
_CONCLUDE = text("SELECT outcome, member, closes FROM door.conclude_admission(:admission)")
_SET_DAYS = text("SELECT door.set_objection_days(:group, :days)")


def admissions(session: Session, group_id: UUID) -> Select[Any]:
    """Who is and was proposed to a group since the session's member is in it; `answered`: whether she has."""
    mine = select(GroupMember.id).where(GroupMember.membership_id == session.membership_id)
    # By its id: not every column of it is there to be read.
    answered = (
        select(AdmissionAnswer.id)
        .where(
            AdmissionAnswer.tenant_id == Admission.tenant_id,
            AdmissionAnswer.admission_id == Admission.id,
            AdmissionAnswer.group_member_id.in_(mine),
        )
        .exists()
    )
    columns: tuple[Any, ...] = (
        Admission.id,
        Admission.group_member_id,
        NAME,
        Admission.proposer_id,
        Admission.state,
        Admission.opened_at,
        Admission.closes_at,
        Admission.decided_at,
        answered.label("answered"),
    )
    place = (GroupMember.tenant_id == Admission.tenant_id) & (GroupMember.id == Admission.group_member_id)
    same = (Membership.tenant_id == GroupMember.tenant_id) & (Membership.id == GroupMember.membership_id)
    rows = select(*columns).join(GroupMember, place).join(Membership, same)
    return rows.where(Admission.group_id == group_id)


def admission(session: Session, *, group_id: UUID, admission_id: UUID) -> Row[Any]:
    """One admission as lists show it. Raises NotFound, to strangers as well."""
    refuse_strangers(session, group_id)
    return one(session, admissions(session, group_id).where(Admission.id == admission_id), "admission")


def propose(session: Session, *, group_id: UUID, group_member_id: UUID) -> Row[Any]:
    """Propose somebody who waits to be let in. The others have the group's period to object; who is the only member
    lets her in at once.

    Raises NotFound to strangers, Invalid, and Conflict: "not_waiting", "not_joined", "already_proposed",
    "refused_lately" when she was not let in within the last 30 days, or "group_ended".
    """
    group = hold_group_of_member(session, group_id)
    place = session.get(GroupMember, (session.tenant_id, group_member_id), populate_existing=True)
    if place is None or place.group_id != group_id:
        raise Invalid.field("/group_member_id", "unknown", "Nobody waits here with this id.")
    _check_proposable(session, group, place)
    admission_id = open_admission(session, group_id=group_id, group_member_id=group_member_id)
    return admission(session, group_id=group_id, admission_id=admission_id)


def _check_proposable(session: Session, group: Group, place: GroupMember) -> None:
    if group.state == "ended":
        raise Conflict("This group has ended.", code="group_ended")
    gone = state_of(session, place.participant_id) in ("withdrawn", "declined", "ineligible")
    if place.admitted_at is not None or place.left_at is not None or gone:
        raise Conflict("This person does not wait to be let in.", code="not_waiting")
    if session.get_one(Membership, (session.tenant_id, place.membership_id)).person_id is None:
        raise Conflict("This person has not joined yet; propose her once she has.", code="not_joined")
    is_open = exists().where(Admission.group_member_id == place.id, Admission.state == "open")
    if session.scalar(select(is_open)):
        raise Conflict("This person has been proposed already.", code="already_proposed")


def open_admission(session: Session, *, group_id: UUID, group_member_id: UUID) -> UUID:
    """Begin the period, and have the members told: proposed by the session's member, or by whoever invited the
    session's person, who accepts it in this transaction. Where nobody else is to be asked it ends at once.

    The group must be held. Raises Conflict "refused_lately".
    """
    admission_id = new_id()
    known = {"admission": admission_id, "member": group_member_id}
    closes_at = session.scalar(_PROPOSE, known)
    if closes_at is None:
        raise Conflict(
            "This person was not let in within the last 30 days; she can be proposed again after that.",
            code="refused_lately",
        )
    jobs.enqueue(session, "admission", subject_id=group_member_id, not_before=closes_at)
    events.record(
        session, "admission.opened", subject_type="peer_group", subject_id=group_id, names_actor=False
    )
    if group_member_id in conclude_admissions(session, group_id):
        ask_of_admission(session, group_id=group_id)
    return admission_id


def answer(session: Session, *, group_id: UUID, admission_id: UUID, objects: bool) -> None:
    """Say that one objects, or does not, in place of what one said before. The last who agrees lets the newcomer in.

    Nothing tells that it was said: no event, no letter, no row that anybody reads.
    Raises NotFound to strangers, and Conflict: "own_proposal" or "admission_closed".
    """
    hold_group_of_member(session, group_id)
    found = admission(session, group_id=group_id, admission_id=admission_id)
    if found.proposer_id == session.membership_id:
        raise Conflict("You proposed this person yourself.", code="own_proposal")
    if not session.scalar(_ANSWER, {"admission": admission_id, "objects": objects}):
        raise Conflict("The time to answer has passed.", code="admission_closed")
    conclude_admissions(session, group_id)


def conclude_admissions(session: Session, group_id: UUID) -> dict[UUID, datetime]:
    """Decide what can be decided about a group's newcomers; when the periods of the others end, by their places. The
    group must be held.
    """
    session.flush()
    waiting: dict[UUID, datetime] = {}
    for admission_id in session.scalars(_OPEN, {"group": group_id}).all():
        found = session.execute(_CONCLUDE, {"admission": admission_id}).one_or_none()
        if found is None:
            continue
        if found.outcome == "open":
            waiting[found.member] = found.closes
            continue
        if found.outcome == "refused":
            _turn_away(session, group_id, found.member)
        elif found.outcome == "admitted":
            place = session.get_one(GroupMember, (session.tenant_id, found.member))
            tell_of_admission(session, participant_id=place.participant_id)
        events.record(
            session,
            "admission.decided",
            subject_type="peer_group",
            subject_id=group_id,
            counts={"admitted": int(found.outcome == "admitted")},
            names_actor=False,
        )
        if found.outcome == "admitted":
            _grow(session, group_id)
    session.expire_all()
    return waiting


def _grow(session: Session, group_id: UUID) -> None:
    """A pair that has become more is a small group."""
    group = session.get_one(Group, (session.tenant_id, group_id))
    if group.format == "dyad" and members_present(session, group_id) > DYAD:
        group.format = "small_group"
        session.flush()
        events.record(session, "group.updated", subject=group, changed=["format"], names_actor=False)


def conclude_admissions_of(session: Session, *, group_member_id: UUID) -> datetime | None:
    """Decide about whoever has a place, and about others of her group whose time has come; when to look again if she is
    undecided, as PostgreSQL's clock says when a period has ended and a job begins by ours.
    """
    place = session.get_one(GroupMember, (session.tenant_id, group_member_id))
    hold_group(session, place.group_id)
    closes = conclude_admissions(session, place.group_id).get(group_member_id)
    return None if closes is None else max(closes, now())


def _turn_away(session: Session, group_id: UUID, group_member_id: UUID) -> None:
    """Her place ends, so that she can be placed elsewhere."""
    place = session.get_one(GroupMember, (session.tenant_id, group_member_id))
    gone = update(GroupMember).where(GroupMember.id == group_member_id, GroupMember.left_at.is_(None))
    session.execute(gone.values(left_at=now()), execution_options={"synchronize_session": False})
    placed = state_of(session, place.participant_id) == "placed"
    if placed and not is_elsewhere(session, place.participant_id, but=group_id):
        become(session, place.participant_id, "waitlisted", reason=NOT_LET_IN, source="api")


def objection_days(session: Session, *, group_id: UUID) -> int:
    """For how many days the members of a group may object to somebody new. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    return session.get_one(Group, (session.tenant_id, group_id)).objection_days


def set_objection_days(session: Session, *, group_id: UUID, days: int) -> None:
    """Change it for whoever is proposed from now on; a shorter period lets nobody in sooner than the one before would
    have until it has passed. Raises NotFound to strangers, and Conflict "group_ended".
    """
    refuse_strangers(session, group_id)
    if not session.scalar(_SET_DAYS, {"group": group_id, "days": days}):
        raise Conflict("This group has ended.", code="group_ended")
    session.expire_all()
    events.record(
        session,
        "group.updated",
        subject_type="peer_group",
        subject_id=group_id,
        changed=["objection_days"],
        names_actor=False,
    )
