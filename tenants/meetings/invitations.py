"""Invitations to meetings by mail, for members who ask for them: iTIP messages that calendars act on (RFC 5546).

A meeting is told some weeks ahead. A letter is about one meeting and one member; it is composed when it is sent, so it
tells what holds then, and each change that calendars show is told once. The same UID and a higher SEQUENCE make the
calendar change what it has.

The link goes to no address but that at which she asked for it: an organiser, or whoever enters as her, can say where
her letters go, and reads what is in them.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tenants.groups.queries import refuse_strangers
from tenants.kernel import events, jobs
from tenants.kernel.addresses import Mailbox
from tenants.kernel.clock import now
from tenants.kernel.errors import NotFound
from tenants.kernel.ids import digest, new_id
from tenants.kernel.mail import CalendarPart, Letter, Templates, post
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.meetings import calendars, links
from tenants.meetings.models import Meeting, MeetingInvitation, MeetingInvitee
from tenants.people.models import Membership
from tenants.people.queries import EMAIL

KIND = "meeting_invitation"
TOLD_AHEAD = timedelta(days=35)
_LETTERS = Templates(Path(__file__).parent / "letters")
_INVITE = text("""
    INSERT INTO meeting_invitation (tenant_id, id, group_id, meeting_invitee_id, meeting_id)
    SELECT i.tenant_id, uuidv7(), i.group_id, i.id, m.id
      FROM meeting_invitee i JOIN meeting m ON m.tenant_id = i.tenant_id AND m.group_id = i.group_id
     WHERE i.group_id = :group AND m.state IN ('planned', 'moved') AND m.starts_at > now() AND m.starts_at <= :until
        ON CONFLICT (tenant_id, meeting_id, meeting_invitee_id) DO NOTHING
""")
_TO_BE_TOLD = text("""
    SELECT i.id FROM meeting_invitation i JOIN meeting m ON m.tenant_id = i.tenant_id AND m.id = i.meeting_id
      JOIN meeting_invitee v ON v.tenant_id = i.tenant_id AND v.id = i.meeting_invitee_id
      JOIN group_member g ON g.tenant_id = v.tenant_id AND g.group_id = v.group_id
                         AND g.membership_id = v.membership_id AND g.left_at IS NULL
     WHERE i.group_id = :group AND m.starts_at > now() AND i.told_sequence IS DISTINCT FROM m.sequence
       AND (i.told_sequence IS NOT NULL OR m.state IN ('planned', 'moved'))
     ORDER BY m.starts_at, i.id
""")


def are_wanted(session: Session, *, group_id: UUID) -> bool:
    """Whether the member has asked for invitations to the group's meetings. Raises NotFound to all but members."""
    refuse_strangers(session, group_id)
    return bool(session.scalar(select(exists().where(*_mine(session, group_id)))))


def want(session: Session, *, group_id: UUID, wanted: bool) -> bool:
    """Ask to be invited by mail at the address that holds now, or to be left alone. Raises NotFound to all but members.

    Asked again at another address, all that is to come is told there anew.
    """
    refuse_strangers(session, group_id)
    events.record(
        session,
        "calendar_invitations.changed",
        subject_type="peer_group",
        subject_id=group_id,
        names_actor=False,
    )
    if not wanted:
        session.execute(delete(MeetingInvitee).where(*_mine(session, group_id)))
        return False
    known = {
        "personal": session.info.get("person_id") is not None,
        "address_hash": _hashed(session.scalar(select(EMAIL).where(Membership.id == session.membership_id))),
    }
    other = or_(*(getattr(MeetingInvitee, name).is_distinct_from(value) for name, value in known.items()))
    session.execute(delete(MeetingInvitee).where(*_mine(session, group_id), other))
    row = insert(MeetingInvitee).values(
        tenant_id=session.tenant_id,
        id=new_id(),
        group_id=group_id,
        membership_id=session.membership_id,
        **known,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["tenant_id", "group_id", "membership_id"]))
    jobs.enqueue(session, "meetings", subject_id=group_id)
    return True


def post_what_is_due(session: Session, *, group_id: UUID) -> None:
    """Have those who asked told of the meetings of the coming weeks that they do not know as they are now."""
    session.execute(_INVITE, {"group": group_id, "until": now() + TOLD_AHEAD})
    post(session, KIND, subject_ids=session.scalars(_TO_BE_TOLD, {"group": group_id}).all())


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """The letter that tells a member of a meeting as it is now, or that it is off; the session becomes hers.

    None where she has left, is not to be told any more, or never was told of what is off. Without the link where it
    goes to another address than that at which she asked.
    """
    found = _found(session, subject_id)
    if found is None or found.address is None or settings.mail_from is None:
        return None
    session.identify(membership_id=found.membership_id, person_id=found.person_id if found.personal else None)
    meeting = session.get_one(Meeting, (session.tenant_id, found.meeting_id))
    takes_place = meeting.state in ("planned", "moved")
    if meeting.starts_at <= now() or (found.told_sequence is None and not takes_place):
        return None
    try:
        refuse_strangers(session, meeting.group_id)
    except NotFound:
        return None
    told = update(MeetingInvitation).where(MeetingInvitation.id == subject_id)
    session.execute(told.values(told_sequence=meeting.sequence))
    method = "REQUEST" if takes_place else "CANCEL"
    asked_here = _hashed(found.address) == found.address_hash
    url = f"{settings.public_url}/groups/{meeting.group_id}"
    link = links.of_meeting(session, meeting).join_link if asked_here else url
    to = Mailbox(found.address, "")
    part = calendars.message(method, meeting, link, organizer=settings.mail_from, attendee=to)
    return _LETTERS.letter(
        "meeting",
        to=to,
        calendar=CalendarPart(method, part.decode()),
        takes_place=takes_place,
        asked_here=asked_here,
        when=f"{meeting.starts_at_local:%Y-%m-%d, %H:%M}",
        zone=meeting.time_zone,
        minutes=meeting.minutes,
        url=url,
    )


def _found(session: Session, invitation_id: UUID) -> Any:
    rows = (
        select(
            MeetingInvitation.meeting_id,
            MeetingInvitation.told_sequence,
            MeetingInvitee.membership_id,
            MeetingInvitee.personal,
            MeetingInvitee.address_hash,
            Membership.person_id,
            EMAIL.label("address"),
        )
        .join(MeetingInvitee, MeetingInvitee.id == MeetingInvitation.meeting_invitee_id)
        .join(Membership, Membership.id == MeetingInvitee.membership_id)
        .where(MeetingInvitation.id == invitation_id)
    )
    return session.execute(rows).one_or_none()


def _hashed(address: str | None) -> bytes | None:
    return None if address is None else digest(address)


def _mine(session: Session, group_id: UUID) -> tuple[Any, ...]:
    return MeetingInvitee.group_id == group_id, MeetingInvitee.membership_id == session.membership_id
