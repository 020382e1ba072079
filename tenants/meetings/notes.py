"""Notes of a meeting, where a group has switched them on; by default it keeps none. Each version is its author's."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tenants.groups.places import group_of_member
from tenants.groups.private import Words, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.meetings.agenda_models import MeetingNote
from tenants.meetings.content_settings import settings_of
from tenants.meetings.models import Meeting

TABLE = MeetingNote.__tablename__
_HAS_CHANGED = "The notes have changed since you read them; read them again."


def notes_of(session: Session, *, group_id: UUID, meeting_id: UUID) -> object:
    """The last version of a meeting's notes. Raises NotFound, also to strangers and where there are none."""
    refuse_strangers(session, group_id)
    last = _last(session, group_id, meeting_id)
    if last is None:
        raise NotFound("notes")
    return Words(session, TABLE).opened(last)


def write_notes(session: Session, *, group_id: UUID, meeting_id: UUID, text: str, builds_on: int) -> object:
    """Write a new version. `builds_on` is the number of the one that one has read, 0 for none. No event tells of it.

    Raises NotFound, also to strangers, and Conflict "notes_are_off" or "notes_have_changed".
    """
    group_of_member(session, group_id, shared=True)
    row_in(session, Meeting, group_id=group_id, row_id=meeting_id)
    if not settings_of(session, group_id=group_id).notes:
        raise Conflict("This group takes no notes; a member can switch them on.", code="notes_are_off")
    last = _last(session, group_id, meeting_id)
    if (last.number if last else 0) != builds_on:
        raise Conflict(_HAS_CHANGED, code="notes_have_changed")
    words, note_id = Words(session, TABLE), new_id()
    row = MeetingNote(
        id=note_id,
        group_id=group_id,
        author_id=session.membership_id,
        meeting_id=meeting_id,
        number=builds_on + 1,
        **words.closed(group_id=group_id, row_id=note_id, text=text),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(_HAS_CHANGED, code="notes_have_changed") from None
    return words.opened(row)


def _last(session: Session, group_id: UUID, meeting_id: UUID) -> MeetingNote | None:
    versions = select(MeetingNote).where(
        MeetingNote.group_id == group_id, MeetingNote.meeting_id == meeting_id
    )
    return session.scalar(versions.order_by(MeetingNote.number.desc()).limit(1))
