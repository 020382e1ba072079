"""Advisors from outside who are invited to one meeting, by mail. They have no account, and get into nothing.

Whoever is invited gets an iTIP message with the time and the link, another one when the meeting is moved, and a
cancellation when it does not take place or she is taken off. Her address is encrypted under the group's key, no route
shows it to the tenant, and it is removed once the meeting is over.
"""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select, text

from tenants.groups.private import Words, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.addresses import Mailbox
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.mail import CalendarPart, Letter, Templates, post
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.meetings import calendars, links
from tenants.meetings.actions import held_meeting
from tenants.meetings.models import Meeting, MeetingGuest
from tenants.meetings.series import hold_meeting_group

KIND, TABLE = "meeting_guest", "meeting_guest"
MOST = 5
KEPT_FOR = timedelta(days=1)
"""After the meeting, or since she was taken off: so long a letter may still be on its way."""
_LETTERS = Templates(Path(__file__).parent / "letters")
_TO_BE_TOLD = text("""
    SELECT g.id FROM meeting_guest g JOIN meeting m ON m.tenant_id = g.tenant_id AND m.id = g.meeting_id
     WHERE g.group_id = :group AND g.taken_off_at IS NULL AND m.starts_at > now()
       AND g.told_sequence IS DISTINCT FROM m.sequence
       AND (g.told_sequence IS NOT NULL OR m.state IN ('planned', 'moved'))
     ORDER BY m.starts_at, g.id
""")
_FORGET = text("""
    DELETE FROM meeting_guest g USING meeting m
     WHERE g.group_id = :group AND m.tenant_id = g.tenant_id AND m.id = g.meeting_id
       AND (m.starts_at + make_interval(mins => m.minutes) < :before OR g.taken_off_at < :before)
""")
# The link is a group's: some member lets the guest have it.
_MEMBER = text("""
    SELECT m.membership_id, s.person_id FROM group_member m
      JOIN membership s ON s.tenant_id = m.tenant_id AND s.id = m.membership_id
     WHERE m.group_id = :group AND m.left_at IS NULL AND m.admitted_at IS NOT NULL AND s.person_id IS NOT NULL
     ORDER BY m.id LIMIT 1
""")
_TELL = text("UPDATE meeting_guest SET told_sequence = :sequence WHERE id = :guest")


def guests(session: Session, *, group_id: UUID, meeting_id: UUID) -> Select[Any]:
    """Who is invited to a meeting of the group. Raises NotFound for another group's."""
    row_in(session, Meeting, group_id=group_id, row_id=meeting_id)
    columns: tuple[Any, ...] = (
        MeetingGuest.id,
        MeetingGuest.group_id,
        MeetingGuest.encrypted_email,
        MeetingGuest.created_at,
    )
    return select(*columns).where(MeetingGuest.meeting_id == meeting_id, MeetingGuest.taken_off_at.is_(None))


def guest(session: Session, *, group_id: UUID, meeting_id: UUID, guest_id: UUID) -> SimpleNamespace:
    """One of them. Raises NotFound, also to all but members."""
    refuse_strangers(session, group_id)
    return Words(session, TABLE).opened(_invited(session, group_id, meeting_id, guest_id))


def invite(session: Session, *, group_id: UUID, meeting_id: UUID, email: str) -> SimpleNamespace:
    """Invite somebody from outside to a meeting that is to come.

    Raises NotFound to all but members, and Conflict "group_does_not_meet", "meeting_not_to_come", "already_invited"
    or "too_many_guests".
    """
    hold_meeting_group(session, group_id)
    meeting = held_meeting(session, group_id, meeting_id)
    if meeting.starts_at <= now() or meeting.state not in ("planned", "moved"):
        raise Conflict("Guests are invited to a meeting that is to come.", code="meeting_not_to_come")
    words = Words(session, TABLE)
    rows = session.execute(guests(session, group_id=group_id, meeting_id=meeting_id))
    invited = [words.opened(row).email for row in rows]
    if email.lower() in (each.lower() for each in invited):
        raise Conflict("This guest is invited already.", code="already_invited")
    if len(invited) >= MOST:
        raise Conflict(f"A meeting has {MOST} guests at most.", code="too_many_guests")
    row_id = new_id()
    closed = words.closed(group_id=group_id, row_id=row_id, email=email)
    made = MeetingGuest(id=row_id, group_id=group_id, meeting_id=meeting_id, **closed)
    session.add(made)
    session.flush()
    post(session, KIND, subject_ids=[row_id])
    _record(session, "meeting_guest.invited", group_id)
    return SimpleNamespace(id=row_id, email=email, created_at=made.created_at)


def take_off(session: Session, *, group_id: UUID, meeting_id: UUID, guest_id: UUID) -> None:
    """Take an invitation back. Raises NotFound, also to all but members."""
    refuse_strangers(session, group_id)
    found = _invited(session, group_id, meeting_id, guest_id)
    found.taken_off_at = now()
    session.flush()
    post(session, KIND, subject_ids=[guest_id])
    _record(session, "meeting_guest.taken_off", group_id)


def post_what_is_due(session: Session, *, group_id: UUID) -> None:
    """Have the guests told of the meetings that they do not know as they are now."""
    post(session, KIND, subject_ids=session.scalars(_TO_BE_TOLD, {"group": group_id}).all())


def forget(session: Session, *, group_id: UUID) -> bool:
    """Remove the guests of meetings that are over, and who were taken off; whether there are others."""
    session.execute(_FORGET, {"group": group_id, "before": now() - KEPT_FOR})
    return bool(session.scalar(select(exists().where(MeetingGuest.group_id == group_id))))


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """The letter that tells a guest of the meeting as it is now, or that it is off for her.

    None where she has nothing to be told of, or the group has no members any more.
    """
    found = session.get(MeetingGuest, (session.tenant_id, subject_id))
    if found is None or settings.mail_from is None:
        return None
    meeting = session.get_one(Meeting, (session.tenant_id, found.meeting_id))
    is_on = found.taken_off_at is None and meeting.state in ("planned", "moved")
    if meeting.starts_at <= now() or (found.told_sequence is None and not is_on):
        return None
    member = session.execute(_MEMBER, {"group": found.group_id}).one_or_none()
    if member is None:
        return None
    session.identify(membership_id=member.membership_id, person_id=member.person_id)
    to = Mailbox(Words(session, TABLE).opened(found).email, "")
    session.execute(_TELL, {"guest": subject_id, "sequence": meeting.sequence})
    return _letter(session, meeting, is_on, to, settings.mail_from)


def _letter(session: Session, meeting: Meeting, is_on: bool, to: Mailbox, sender: Mailbox) -> Letter:
    method = "REQUEST" if is_on else "CANCEL"
    names = ("id", "sequence", "starts_at", "time_zone", "minutes", "state")
    shown = SimpleNamespace(**{name: getattr(meeting, name) for name in names})
    link = None
    if is_on:
        link = links.of_meeting(session, meeting).join_link
    else:
        shown.state = "cancelled"  # for her, be it that the others meet
    part = calendars.message(method, shown, link, organizer=sender, attendee=to)
    return _LETTERS.letter(
        "guest",
        to=to,
        calendar=CalendarPart(method, part.decode()),
        is_on=is_on,
        link=link,
        when=f"{meeting.starts_at_local:%Y-%m-%d, %H:%M}",
        zone=meeting.time_zone,
        minutes=meeting.minutes,
    )


def _invited(session: Session, group_id: UUID, meeting_id: UUID, guest_id: UUID) -> MeetingGuest:
    found = session.get(MeetingGuest, (session.tenant_id, guest_id))
    if found is None or (found.group_id, found.meeting_id) != (group_id, meeting_id) or found.taken_off_at:
        raise NotFound("guest")
    return found


def _record(session: Session, type_: str, group_id: UUID) -> None:
    events.record(session, type_, subject_type="peer_group", subject_id=group_id, names_actor=False)
