"""Where a group meets: links and places. They are the group's, and no route shows them to the tenant.

Each time that they are said anew is a row, and the one before is blanked. Whoever comes into the group later sees them
as well: they are no words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from tenants.groups.private import Words
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.meetings.models import Meeting, MeetingLink

TABLE = "meeting_link"
WORDS = ("join_link", "place")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """How to come to a meeting; None where it is not said, or not to whoever asks."""

    join_link: str | None = None
    place: str | None = None


NOWHERE = Whereabouts()


def taken_from(given: dict[str, Any]) -> dict[str, str]:
    """Take out of what is given what is said of where it is."""
    said = {word: given.pop(word, None) for word in WORDS}
    return {word: value for word, value in said.items() if value is not None}


def say(
    session: Session,
    *,
    group_id: UUID,
    said: Mapping[str, Any],
    meeting_series_id: UUID | None = None,
    meeting_id: UUID | None = None,
) -> bool:
    """Say where a series or a meeting is; what is not in `said` stays. Whether there was anything to say.

    Whoever calls holds the row of the series or the meeting.
    """
    new = {word: said[word] for word in WORDS if word in said}
    if not new:
        return False
    which = (
        MeetingLink.meeting_series_id == meeting_series_id
        if meeting_series_id
        else MeetingLink.meeting_id == meeting_id
    )
    before = _latest(session, which).get((meeting_series_id, meeting_id), NOWHERE)
    blank = update(MeetingLink).where(which, MeetingLink.group_id == group_id)
    session.execute(blank.values(encrypted_join_link=None, encrypted_place=None))
    row_id = new_id()
    words = {"join_link": before.join_link, "place": before.place, **new}
    closed = Words(session, TABLE).closed(group_id=group_id, row_id=row_id, **words)
    session.add(
        MeetingLink(
            id=row_id,
            group_id=group_id,
            author_id=session.membership_id,
            meeting_series_id=meeting_series_id,
            meeting_id=meeting_id,
            **closed,
        )
    )
    session.flush()
    return True


def of_series(session: Session, series_id: UUID) -> Whereabouts:
    """Where a series is, as far as the session may know."""
    which = MeetingLink.meeting_series_id == series_id
    return _latest(session, which).get((series_id, None), NOWHERE)


def of_meetings(session: Session, meetings: Sequence[Any]) -> dict[UUID, Whereabouts]:
    """By id, where each of these meetings is: what is said of itself, else of its series."""
    series = {row.meeting_series_id for row in meetings} - {None}
    found = _latest(
        session,
        or_(
            MeetingLink.meeting_id.in_([row.id for row in meetings]),
            MeetingLink.meeting_series_id.in_(series),
        ),
    )
    return {
        row.id: found.get((None, row.id)) or found.get((row.meeting_series_id, None), NOWHERE)
        for row in meetings
    }


def of_meeting(session: Session, meeting: Meeting) -> Whereabouts:
    """Where one meeting is."""
    return of_meetings(session, [meeting])[meeting.id]


def _latest(
    session: Session, which: ColumnElement[bool]
) -> dict[tuple[UUID | None, UUID | None], Whereabouts]:
    key = (MeetingLink.meeting_series_id, MeetingLink.meeting_id)
    rows = (
        select(MeetingLink)
        .where(which)
        .ext(distinct_on(*key))
        .order_by(*key, MeetingLink.written_at.desc(), MeetingLink.id.desc())
    )
    words = Words(session, TABLE)
    opened = map(words.opened, session.scalars(rows).all())
    return {(row.meeting_series_id, row.meeting_id): Whereabouts(row.join_link, row.place) for row in opened}
