"""Members of a group invite others of their cohort by name, and whoever is invited accepts or declines.

Whoever invites does not learn whether there is such a person, nor what came of it unless she comes: she may not be in
the cohort, or wish, or be wished, to be kept apart from somebody of the group, or have declined.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, exists, func, literal, select, text, update
from sqlalchemy.orm import aliased

from tenants.cohorts.models import Cohort, Program
from tenants.groups.admissions import open_admission
from tenants.groups.coming import Admission, DeliveredInvitation, GroupInvitation
from tenants.groups.models import Group, GroupMember
from tenants.groups.places import become, hold_group, hold_group_of_member, hold_participant
from tenants.groups.private import Words, edited_row_in
from tenants.kernel import events, jobs
from tenants.kernel.errors import Conflict, Forbidden, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.keys import Safe
from tenants.kernel.mail import call_back, post
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching import wishes
from tenants.matching.forming import add_member, check_free
from tenants.matching.models import SeparationMember
from tenants.people.models import Membership

MOST_OPEN = 10
"""Invitations of a group that wait at a time: enough for a group, and too few to go through a directory."""
KIND = "group_invitation"
_WISHES = text("SELECT wish_id, participant_id, names FROM door.wishes_about(:invitation, :guest)")
_WAITING = text("SELECT door.waiting_invitations(:group)")
_DELIVER = text("SELECT door.deliver_invitation(:invitation, :guest)")


def invitations(group_id: UUID) -> Select[Any]:
    """Whom the members of a group have invited, as they wrote it; `state` is open, accepted or expired.

    One that was declined, or came to nobody, is open until it expires.
    """
    state = case(
        (_accepted(), literal("accepted")),
        (GroupInvitation.expires_at <= func.now(), literal("expired")),
        else_=literal("open"),
    ).label("state")
    return select(
        GroupInvitation.id,
        GroupInvitation.group_id,
        GroupInvitation.author_id,
        GroupInvitation.encrypted_name,
        GroupInvitation.written_at,
        GroupInvitation.expires_at,
        state,
    ).where(GroupInvitation.group_id == group_id)


def invite(session: Session, *, group_id: UUID, name: str) -> SimpleNamespace:
    """Invite whoever goes by a name, an e-mail address or an external id, in the group's cohort. The answer, what it
    leaves behind and how long it waits are the same whether there is such a person or not.

    Raises NotFound to strangers, and Conflict: "group_ended", or "too_many_invitations" where `MOST_OPEN` wait.
    """
    group = hold_group_of_member(session, group_id)
    if group.state == "ended":
        raise Conflict("This group has ended.", code="group_ended")
    if (session.scalar(_WAITING, {"group": group_id}) or 0) >= MOST_OPEN:
        raise Conflict(
            f"{MOST_OPEN} invitations of this group wait for an answer; take one back.",
            code="too_many_invitations",
        )
    invitation_id, words = new_id(), Words(session, "group_invitation")
    closed = words.closed(group_id=group_id, row_id=invitation_id, name=name)
    made = GroupInvitation(id=invitation_id, group_id=group_id, author_id=session.membership_id, **closed)
    session.add(made)
    session.flush()
    guest_id = _delivered(session, group, invitation_id, name)
    if guest_id is not None:
        post(session, KIND, subject_ids=[guest_id])
    else:
        jobs.enqueue(session, "letters", subject_id=new_id())  # as if there were a letter to send
    events.record(session, "group_invitation.written", subject=group, names_actor=False)
    shown = {each: getattr(made, each) for each in ("id", "author_id", "written_at", "expires_at")}
    return SimpleNamespace(**shown, name=name, state="open")


def _delivered(session: Session, group: Group, invitation_id: UUID, name: str) -> UUID | None:
    """The participant whom the invitation has reached, if any."""
    called = wishes.called(session, group.cohort_id)
    found = called.get(wishes.plain(name), set())
    if len(found) != 1:
        return None
    (guest_id,) = found
    if _kept_apart(session, group.id, invitation_id, guest_id, called):
        return None
    known = {"invitation": invitation_id, "guest": guest_id}
    return guest_id if session.scalar(_DELIVER, known) else None


def _kept_apart(
    session: Session, group_id: UUID, invitation_id: UUID, guest_id: UUID, called: Mapping[str, set[UUID]]
) -> bool:
    """Whether the guest must not be in a group with somebody of this one: as organisers say, as she wishes, or as one
    of them does.
    """
    present = (GroupMember.group_id == group_id) & GroupMember.left_at.is_(None)
    fellows = set(session.scalars(select(GroupMember.participant_id).where(present)))
    one, other = aliased(SeparationMember), aliased(SeparationMember)
    said = exists().where(
        one.participant_id == guest_id,
        other.tenant_id == one.tenant_id,
        other.separation_id == one.separation_id,
        other.participant_id.in_(fellows),
    )
    if session.scalar(select(said)):
        return True
    safe = Safe(session)
    for row in session.execute(_WISHES, {"invitation": invitation_id, "guest": guest_id}).all():
        names = wishes.read(safe, row.wish_id, row.names)
        avoided = set[UUID]().union(*(called.get(wishes.plain(each), ()) for each in names))
        if avoided & (fellows if row.participant_id == guest_id else {guest_id}):
            return True
    return False


def take_back(session: Session, *, group_id: UUID, group_invitation_id: UUID) -> None:
    """Take an invitation back that waits or has expired; whoever got it finds it no more.

    Raises NotFound, to strangers as well; Forbidden "not_the_author"; and Conflict "already_accepted".
    """
    made = edited_row_in(session, GroupInvitation, group_id=group_id, row_id=group_invitation_id)
    hold_group(session, group_id)
    if session.scalar(select(exists().where(Admission.invitation_id == group_invitation_id))):
        raise Conflict("This invitation has been accepted.", code="already_accepted")
    session.delete(made)
    session.flush()


def invitations_of(membership_id: UUID) -> Select[Any]:
    """The invitations that wait for somebody's answer: which group, of which cohort, and until when."""
    columns: tuple[Any, ...] = (
        DeliveredInvitation.id,
        DeliveredInvitation.group_id,
        Group.name.label("group_name"),
        Group.cohort_id,
        Cohort.name.label("cohort_name"),
        DeliveredInvitation.created_at,
        DeliveredInvitation.expires_at,
    )
    return (
        select(*columns)
        .join(
            Group,
            (Group.tenant_id == DeliveredInvitation.tenant_id) & (Group.id == DeliveredInvitation.group_id),
        )
        .join(Cohort, (Cohort.tenant_id == Group.tenant_id) & (Cohort.id == Group.cohort_id))
        .where(
            DeliveredInvitation.membership_id == membership_id,
            DeliveredInvitation.invitation_id.is_not(None),
            DeliveredInvitation.answer.is_(None),
            DeliveredInvitation.expires_at > func.now(),
            Group.state != "ended",
        )
    )


def accept(session: Session, *, group_invitation_id: UUID) -> DeliveredInvitation:
    """Come into a group by invitation: its members have their period to object, and are told that somebody is proposed.
    Whoever was invited by the only member is let in at once.

    Raises NotFound for anybody else's, Forbidden "not_personal" where she has not signed in as herself and the group
    wants that, and Conflict: "already_answered", "invitation_over", or as `forming.check_free`.
    """
    came = row_of(session, DeliveredInvitation, group_invitation_id, "invitation")
    # The group before the invitation, as whoever takes that back holds them.
    group = hold_group(session, came.group_id, also=came.participant_id)
    found = _to_answer(session, group_invitation_id)
    if group.state in ("formed", "ended"):
        raise Conflict("This group is over.", code="invitation_over")
    participant = hold_participant(session, found.participant_id)
    place_id = session.scalar(
        select(GroupMember.id).where(
            GroupMember.group_id == group.id,
            GroupMember.participant_id == participant.id,
            GroupMember.left_at.is_(None),
        )
    )
    if place_id is None:  # else a run has put her there, and the invitation proposes her
        check_free(session, participant)
        place_id = add_member(session, group_id=group.id, participant=participant)
    _note(session, found, "accepted")
    try:
        open_admission(session, group_id=group.id, group_member_id=place_id)
    except Conflict as refused:
        raise Conflict("This invitation no longer holds.", code="invitation_over") from refused
    become(session, participant.id, "placed")
    session.refresh(found)
    return found


def decline(session: Session, *, group_invitation_id: UUID) -> DeliveredInvitation:
    """Decline, which nobody is told. Raises as `accept`."""
    found = _to_answer(session, group_invitation_id)
    _note(session, found, "declined")
    session.refresh(found)
    return found


def _to_answer(session: Session, group_invitation_id: UUID) -> DeliveredInvitation:
    key = (session.tenant_id, group_invitation_id)
    # The wall shows her own only.
    found = session.get(DeliveredInvitation, key, with_for_update=True, populate_existing=True)
    if found is None or found.invitation_id is None:
        raise NotFound("invitation")
    if session.info.get("person_id") is None and not session.scalar(select(_any_sign_in(session, found))):
        raise Forbidden("Sign in as yourself to answer this invitation.", code="not_personal")
    if found.answer is not None:
        raise Conflict("You have answered this invitation.", code="already_answered")
    if not session.scalar(select(DeliveredInvitation.expires_at > func.now()).where(
        DeliveredInvitation.id == found.id
    )):  # fmt: skip
        raise Conflict("This invitation has expired.", code="invitation_over")
    return found


def _any_sign_in(session: Session, found: DeliveredInvitation) -> ColumnElement[bool]:
    return exists().where(
        Group.id == found.group_id,
        Group.group_sign_in == "any",
        Cohort.id == Group.cohort_id,
        Program.id == Cohort.program_id,
        Program.group_sign_in == "any",
        Membership.tenant_id == Cohort.tenant_id,
        Membership.id == session.membership_id,
        Membership.groups_locked.is_(False),
    )


def _note(session: Session, found: DeliveredInvitation, answer: str) -> None:
    # The moment is this transaction's own: the door that proposes her goes by it.
    hers = update(DeliveredInvitation).where(DeliveredInvitation.id == found.id)
    session.execute(
        hers.values(answer=answer, answered_at=func.now()),
        execution_options={"synchronize_session": False},
    )
    call_back(session, KIND, subject_ids=[found.participant_id])


def _accepted() -> ColumnElement[bool]:
    return exists().where(
        Admission.tenant_id == GroupInvitation.tenant_id, Admission.invitation_id == GroupInvitation.id
    )
