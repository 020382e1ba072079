"""/v1/groups/{group_id}/meetings/{meeting_id}/guests"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.meeting_guests.schemas import MeetingGuest, MeetingGuestCreate
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.meetings import guests

blp = Blueprint("Meeting guests", description="Advisors from outside, for one meeting each.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
GUESTS = "/groups/<uuid:group_id>/meetings/<uuid:meeting_id>/guests"
GUEST = f"{GUESTS}/<uuid:meeting_guest_id>"


@blp.list(GUESTS, READ, returns=MeetingGuest)
def list_meeting_guests(session: Session, group_id: UUID, meeting_id: UUID) -> Select[Any]:
    """Who from outside is invited to the meeting."""
    refuse_strangers(session, group_id)
    return guests.guests(session, group_id=group_id, meeting_id=meeting_id)


@blp.post(
    GUESTS,
    WRITE,
    body=MeetingGuestCreate,
    returns=MeetingGuest,
    status=201,
    location="/v1/groups/{group_id}/meetings/{meeting_id}/guests/{id}",
    errors=(409,),
)
def invite_meeting_guest(session: Session, body: dict[str, Any], group_id: UUID, meeting_id: UUID) -> Any:
    """Invite somebody from outside to this meeting: she is sent one invitation, and what changes of it."""
    return guests.invite(session, group_id=group_id, meeting_id=meeting_id, **body)


@blp.get(GUEST, READ, returns=MeetingGuest)
def get_meeting_guest(session: Session, group_id: UUID, meeting_id: UUID, meeting_guest_id: UUID) -> Any:
    """One of them."""
    return guests.guest(session, group_id=group_id, meeting_id=meeting_id, guest_id=meeting_guest_id)


@blp.delete(GUEST, WRITE, status=204)
def take_meeting_guest_off(
    session: Session, group_id: UUID, meeting_id: UUID, meeting_guest_id: UUID
) -> None:
    """Take the invitation back: she is sent a cancellation."""
    guests.take_off(session, group_id=group_id, meeting_id=meeting_id, guest_id=meeting_guest_id)
