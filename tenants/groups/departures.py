"""Leaving a group, which needs no reason, and being away from it, which keeps the place."""

from datetime import UTC, date
from uuid import UUID

from sqlalchemy import delete, exists, select, text

from tenants.groups.actions import end_group
from tenants.groups.admissions import conclude_admissions
from tenants.groups.answers import confirm_where_all_have
from tenants.groups.coming import Admission, GroupInvitation
from tenants.groups.models import Group, GroupMember
from tenants.groups.places import become, hold_group, hold_group_of_member, is_elsewhere, state_of
from tenants.groups.presence import is_present
from tenants.groups.queries import own_place
from tenants.groups.repair import ask_for_repair
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Invalid
from tenants.kernel.session import Session

AFTERWARDS = {"wait": ("waitlisted", ("placed",)), "stop": ("withdrawn", ("placed", "paused", "waitlisted"))}
"""What becomes of whoever leaves and is in no other group, and from which states."""
_PAUSE = text("SELECT door.pause_in_group(:group, :pauses, :until)")


def leave(session: Session, *, group_id: UUID, then: str) -> GroupMember:
    """Leave a group, or stop waiting to be let in; no reason is asked. `then` is a word of `AFTERWARDS`, and counts
    where she is in no other living group of the cohort.

    Her invitations go with her, her answers about newcomers count no more, and what she wrote stays. With its last
    member a group ends, and nothing in it is deleted; one that goes on needs repair. Raises NotFound to strangers.
    """
    own_place(session, group_id, admitted=False)
    return go(session, hold_group(session, group_id), then=then)


def go(session: Session, group: Group, *, then: str, reason: str | None = None) -> GroupMember:
    """Leave a group that is held, as by `leave`; her history tells the `reason`, which is one of ours.

    Who is missed in the group is told by the mark that it needs repair. Raises NotFound to strangers.
    """
    place = own_place(session, group.id, admitted=False)
    session.refresh(place)
    _take_invitations_back(session, group.id)
    place.left_at = now()
    session.flush()
    state, before = AFTERWARDS[then]
    affected = state_of(session, place.participant_id) in before
    if affected and not is_elsewhere(session, place.participant_id, but=group.id):
        become(session, place.participant_id, state, reason=reason)
    events.record(session, "group.left", subject=group, names_actor=False)
    if place.admitted_at is not None and group.state != "ended":
        _go_on_without(session, group)
    conclude_admissions(session, group.id)
    return place


def _go_on_without(session: Session, group: Group) -> None:
    if not session.scalar(select(exists().where(is_present(group.id)))):
        end_group(session, group)
        return
    ask_for_repair(session, group_id=group.id)
    confirm_where_all_have(session, group)


def _take_invitations_back(session: Session, group_id: UUID) -> None:
    accepted = exists().where(
        Admission.tenant_id == GroupInvitation.tenant_id, Admission.invitation_id == GroupInvitation.id
    )
    hers = delete(GroupInvitation).where(
        GroupInvitation.group_id == group_id, GroupInvitation.author_id == session.membership_id, ~accepted
    )
    session.execute(hers, execution_options={"synchronize_session": False})


def pause(session: Session, *, group_id: UUID, until: date | None) -> None:
    """Be away, until a day or until further notice: she keeps her place and reads on, and only
    admissions wait for her.

    Raises NotFound to strangers and Invalid for a day that has come.
    """
    group = hold_group_of_member(session, group_id)
    if until is not None and until <= now().astimezone(UTC).date():
        raise Invalid.field("/until", "not_in_future", "Name a day that is still to come, or none.")
    _tell_away(session, group_id, pauses=True, until=until)
    confirm_where_all_have(session, group)


def come_back(session: Session, *, group_id: UUID) -> None:
    """Be there again. Nothing changes for whoever is. Raises NotFound to strangers."""
    hold_group_of_member(session, group_id)
    _tell_away(session, group_id, pauses=False, until=None)


def _tell_away(session: Session, group_id: UUID, *, pauses: bool, until: date | None) -> None:
    session.execute(_PAUSE, {"group": group_id, "pauses": pauses, "until": until})
    session.expire_all()
    what = "group.member_paused" if pauses else "group.member_returned"
    events.record(session, what, subject_type="peer_group", subject_id=group_id, names_actor=False)
