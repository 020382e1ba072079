"""Single meetings: made besides a series, moved, skipped, cancelled and restored."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from tenants.groups.queries import refuse_strangers
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version
from tenants.kernel.session import Session
from tenants.meetings import links, queries, rhythm
from tenants.meetings.models import Meeting
from tenants.meetings.series import changed, check_time, check_zone, hold_meeting_group, refuse_too_many

LATE_BY = timedelta(days=31)
"""For so long a meeting that has been can still be noted."""
AFTERWARDS = {"guest_count"}
"""What can be said of a meeting that has begun."""
_TOLD = ("starts_at", "starts_at_local", "time_zone", "minutes", "in_person", "state")
"""What calendars show."""


def create_meeting(
    session: Session, *, group_id: UUID, starts_at_local: Any, time_zone: str, **given: Any
) -> SimpleNamespace:
    """Meet once, besides any series; also a meeting of the last month that is only noted now.

    Raises NotFound to all but members, Invalid, and Conflict "group_does_not_meet".
    """
    hold_meeting_group(session, group_id)
    check_zone(time_zone)
    check_time(starts_at_local)
    refuse_too_many(session, group_id)
    when = rhythm.occurrence(starts_at_local, time_zone)
    if when.starts_at < now() - LATE_BY:
        raise Invalid.field("/starts_at_local", "out_of_range", "This is more than a month ago.")
    said = links.taken_from(given)
    meeting = Meeting(
        id=new_id(),
        group_id=group_id,
        due_at=when.starts_at,
        starts_at=when.starts_at,
        starts_at_local=when.local,
        time_zone=time_zone,
        **given,
    )
    session.add(meeting)
    session.flush()
    links.say(session, group_id=group_id, said=said, meeting_id=meeting.id)
    changed(session, "meeting.created", group_id)
    return queries.meeting(session, group_id=group_id, meeting_id=meeting.id)


def edit_meeting(
    session: Session, *, group_id: UUID, meeting_id: UUID, changes: dict[str, Any], if_match: Version
) -> SimpleNamespace:
    """Move, skip, cancel or restore one meeting that has not begun, or say where it is; note its guests.

    A meeting is `moved` when it is at another time than it was to be at first. Raises NotFound to all but members,
    StaleVersion, Invalid, and Conflict "group_does_not_meet" or "meeting_has_begun".
    """
    refuse_strangers(session, group_id)
    if changes.keys() - AFTERWARDS:
        hold_meeting_group(session, group_id)
    meeting = held_meeting(session, group_id, meeting_id)
    if_match.check(meeting.version)
    if changes.keys() - AFTERWARDS and meeting.starts_at <= now():
        raise Conflict("This meeting has begun; it stays as it is.", code="meeting_has_begun")
    said = {word: changes.pop(word) for word in links.WORDS if word in changes}
    before = {name: getattr(meeting, name) for name in (*_TOLD, "guest_count")}
    _move(meeting, changes)
    keys = [name for name, value in before.items() if getattr(meeting, name) != value]
    spoken = links.say(session, group_id=group_id, said=said, meeting_id=meeting_id)
    if spoken or keys:
        if spoken or set(keys) & set(_TOLD):
            meeting.sequence += 1
        meeting.updated_at = now()
        session.flush()
        changed(session, "meeting.updated", group_id, changed=[*keys, *said])
    return queries.meeting(session, group_id=group_id, meeting_id=meeting_id)


def held_meeting(session: Session, group_id: UUID, meeting_id: UUID) -> Meeting:
    """A meeting of the group, which nobody else changes until the transaction ends. Raises NotFound."""
    meeting = session.get(Meeting, (session.tenant_id, meeting_id), with_for_update=True)
    if meeting is None or meeting.group_id != group_id:
        raise NotFound("meeting")
    return meeting


def _move(meeting: Meeting, changes: dict[str, Any]) -> None:
    changes = dict(changes)
    state = changes.pop("state", None)
    if state is not None or changes.keys() & {"starts_at_local", "time_zone"}:
        meeting.state_before_pause = None  # what is said now stands, whatever a pause would restore
    for name in ("minutes", "in_person", "guest_count"):
        if name in changes:
            setattr(meeting, name, changes[name])
    if "starts_at_local" in changes or "time_zone" in changes:
        meeting.time_zone = changes.get("time_zone", meeting.time_zone)
        local = changes.get("starts_at_local", meeting.starts_at_local)
        check_zone(meeting.time_zone)
        check_time(local)
        when = rhythm.occurrence(local, meeting.time_zone)
        if when.starts_at <= now():
            raise Invalid.field("/starts_at_local", "out_of_range", "A meeting is moved to a time to come.")
        meeting.starts_at, meeting.starts_at_local = when.starts_at, when.local
        state = state or ("planned" if meeting.state in ("planned", "moved") else meeting.state)
    if state is not None:
        is_elsewhen = state == "planned" and meeting.starts_at != meeting.due_at
        meeting.state = "moved" if is_elsewhen else state
