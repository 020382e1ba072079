"""Who came: each member says it of herself. Others learn how many did."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tenants.groups.pulse import stir
from tenants.groups.queries import own_place
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.meetings.actions import held_meeting
from tenants.meetings.models import MeetingAttendance

BEFORE = timedelta(minutes=15)


def say_attended(session: Session, *, group_id: UUID, meeting_id: UUID, attended: bool) -> SimpleNamespace:
    """Say whether one was at a meeting, from a quarter of an hour before it begins; said again, the last counts.

    Raises NotFound to all but members, and Conflict "meeting_not_begun", "meeting_not_held" or, for one that was over
    when she was let in, "before_your_time".
    """
    place = own_place(session, group_id)
    meeting = held_meeting(
        session, group_id, meeting_id
    )  # so that the count is right whoever says it meanwhile
    if meeting.state not in ("planned", "moved"):
        raise Conflict(f"This meeting is {meeting.state}.", code="meeting_not_held")
    if now() < meeting.starts_at - BEFORE:
        raise Conflict("Say it once the meeting begins.", code="meeting_not_begun")
    if place.admitted_at and meeting.starts_at + timedelta(minutes=meeting.minutes) <= place.admitted_at:
        raise Conflict("This meeting was over before you were let in.", code="before_your_time")
    mine = (
        MeetingAttendance.meeting_id == meeting_id,
        MeetingAttendance.author_id == session.membership_id,
    )
    before = session.scalar(select(MeetingAttendance.attended).where(*mine))
    row = insert(MeetingAttendance).values(
        tenant_id=session.tenant_id,
        id=new_id(),
        group_id=group_id,
        author_id=session.membership_id,
        meeting_id=meeting_id,
        attended=attended,
    )
    key = ["tenant_id", "meeting_id", "author_id"]
    session.execute(row.on_conflict_do_update(index_elements=key, set_={"attended": attended}))
    if attended is not before:
        meeting.attended_count += attended - bool(before)
        meeting.updated_at = now()
        session.flush()
    stir(session, group_id)
    events.record(
        session,
        "meeting.attendance_said",
        subject_type="peer_group",
        subject_id=group_id,
        counts={"attended": meeting.attended_count},
        names_actor=False,
    )
    return SimpleNamespace(attended=attended, attended_count=meeting.attended_count)
