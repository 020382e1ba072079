"""/v1/groups/{group_id}/meeting-series and /meetings"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import current_app, g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.meetings.schemas import (
    Activity,
    Attendance,
    AttendedMeeting,
    AttendedQuery,
    CalendarInvitations,
    ListedMeeting,
    ListedSeries,
    Meeting,
    MeetingCreate,
    MeetingPatch,
    MeetingQuery,
    MeetingSeries,
    MeetingSeriesCreate,
    MeetingSeriesPatch,
    MyMeeting,
    OwnAttendance,
    SlotProposal,
    SlotQuery,
    Slots,
)
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.meetings import actions, attendance, invitations, queries, series, slots

blp = Blueprint(
    "Meetings", description="When groups meet. The tenant sees dates and counts, members the rest."
)
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
GROUP = "/groups/<uuid:group_id>"
ALL_SERIES, ONE_SERIES = f"{GROUP}/meeting-series", f"{GROUP}/meeting-series/<uuid:meeting_series_id>"
MEETINGS, MEETING = f"{GROUP}/meetings", f"{GROUP}/meetings/<uuid:meeting_id>"
INVITATIONS = f"{GROUP}/calendar-invitations"


@blp.list(ALL_SERIES, READ, returns=ListedSeries)
def list_meeting_series(session: Session, group_id: UUID) -> Select[Any]:
    """The rhythms in which the group meets."""
    refuse_strangers(session, group_id)
    return series.series_of_group(group_id)


@blp.post(
    ALL_SERIES,
    WRITE,
    body=MeetingSeriesCreate,
    returns=MeetingSeries,
    status=201,
    location="/v1/groups/{group_id}/meeting-series/{id}",
    etag=True,
)
def create_meeting_series(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Say in which rhythm the group meets."""
    return series.create_series(session, group_id=group_id, **body)


@blp.get(ONE_SERIES, READ, returns=MeetingSeries, etag=True)
def get_meeting_series(session: Session, group_id: UUID, meeting_series_id: UUID) -> Any:
    """One rhythm."""
    return series.one_series(session, group_id=group_id, series_id=meeting_series_id)


@blp.patch(ONE_SERIES, WRITE, body=MeetingSeriesPatch, returns=MeetingSeries, etag=True)
def edit_meeting_series(
    session: Session, body: dict[str, Any], group_id: UUID, meeting_series_id: UUID, if_match: IfMatch
) -> Any:
    """Change the meetings to come that nobody changed by themselves; what was stays."""
    which = {"group_id": group_id, "series_id": meeting_series_id}
    return series.edit_series(session, **which, changes=body, if_match=if_match)


@blp.delete(ONE_SERIES, WRITE, status=204, etag=True)
def end_meeting_series(session: Session, group_id: UUID, meeting_series_id: UUID, if_match: IfMatch) -> None:
    """Cancel all its meetings to come."""
    series.end_series(session, group_id=group_id, series_id=meeting_series_id, if_match=if_match)


@blp.list(MEETINGS, READ, query=MeetingQuery, returns=ListedMeeting, pages="position")
def list_meetings(session: Session, group_id: UUID, since: Any, until: Any, state: str | None) -> Select[Any]:
    """The group's meetings, past and to come, in the order of time."""
    refuse_strangers(session, group_id)
    rows = queries.meetings_of_group(group_id, session.membership_id, since, until)
    return only(rows, state=state)


@blp.post(
    MEETINGS,
    WRITE,
    body=MeetingCreate,
    returns=Meeting,
    status=201,
    location="/v1/groups/{group_id}/meetings/{id}",
    etag=True,
)
def create_meeting(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Meet once more."""
    return actions.create_meeting(session, group_id=group_id, **body)


@blp.get(MEETING, READ, returns=Meeting, etag=True)
def get_meeting(session: Session, group_id: UUID, meeting_id: UUID) -> Any:
    """One meeting."""
    return queries.meeting(session, group_id=group_id, meeting_id=meeting_id)


@blp.patch(MEETING, WRITE, body=MeetingPatch, returns=Meeting, etag=True)
def edit_meeting(
    session: Session, body: dict[str, Any], group_id: UUID, meeting_id: UUID, if_match: IfMatch
) -> Any:
    """Move, skip, cancel or restore one meeting."""
    which = {"group_id": group_id, "meeting_id": meeting_id}
    return actions.edit_meeting(session, **which, changes=body, if_match=if_match)


@blp.get(f"{MEETING}/attendance", READ, returns=OwnAttendance)
def get_attendance(session: Session, group_id: UUID, meeting_id: UUID) -> Any:
    """Whether one said that one was there."""
    return queries.meeting(session, group_id=group_id, meeting_id=meeting_id)


@blp.put(f"{MEETING}/attendance", WRITE, body=Attendance, returns=Attendance)
def say_attended(session: Session, body: dict[str, Any], group_id: UUID, meeting_id: UUID) -> Any:
    """Say whether one was there, from a quarter of an hour before it begins."""
    return attendance.say_attended(session, group_id=group_id, meeting_id=meeting_id, **body)


@blp.get(f"{GROUP}/slots", READ, query=SlotQuery, returns=Slots)
def list_slots(session: Session, query: dict[str, Any], group_id: UUID) -> Any:
    """When all members, or most, are free each week of the coming year."""
    return {"slots": slots.slots(session, group_id=group_id, **query)}


@blp.get(f"{GROUP}/slot-proposal", READ, query=SlotQuery, returns=SlotProposal)
def get_slot_proposal(session: Session, query: dict[str, Any], group_id: UUID) -> Any:
    """Other slots, where two meetings in a row were missed."""
    return slots.proposal(session, group_id=group_id, **query)


@blp.get(INVITATIONS, READ, returns=CalendarInvitations)
def get_calendar_invitations(session: Session, group_id: UUID) -> Any:
    """Whether one is invited by mail."""
    return SimpleNamespace(wanted=invitations.are_wanted(session, group_id=group_id))


@blp.put(INVITATIONS, WRITE, body=CalendarInvitations, returns=CalendarInvitations)
def put_calendar_invitations(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Ask to be invited by mail, or to be left alone."""
    return SimpleNamespace(wanted=invitations.want(session, group_id=group_id, **body))


@blp.get(f"{GROUP}/activity", Permission.GROUPS_READ, returns=Activity)
def get_activity(session: Session, group_id: UUID) -> Any:
    """When a group met, how many came, and when it meets next; for organisers."""
    return queries.activity(session, group_id=group_id)


@blp.list("/me/meetings", Permission.ME_READ, query=MeetingQuery, returns=MyMeeting, pages="position")
def list_my_meetings(session: Session, since: Any, until: Any, state: str | None) -> Select[Any]:
    """The meetings of all one's groups, in the order of time."""
    url = f"{current_app.config['PUBLIC_URL']}/groups/"
    return only(queries.meetings_of_member(g.caller.membership_id, url, since, until), state=state)


@blp.list("/me/attendance", READ, query=AttendedQuery, returns=AttendedMeeting, pages="position")
def list_my_attendance(session: Session, since: Any, until: Any) -> Select[Any]:
    """The meetings at which one was, of all one's groups, in the order of time: for a certificate of hours, say."""
    return queries.attended_by(g.caller.membership_id, since, until)
