"""Meetings as lists show them: to the group, to each member, and to the tenant, who sees dates and counts."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
)

from tenants.groups.models import Group, GroupMember
from tenants.groups.queries import refuse_strangers
from tenants.kernel.errors import NotFound
from tenants.kernel.session import Session
from tenants.meetings import links
from tenants.meetings.models import Meeting, MeetingAttendance

MOST_PAST = 100
ENDS_AT = Meeting.starts_at + func.make_interval(0, 0, 0, 0, 0, Meeting.minutes)
TAKES_PLACE = Meeting.state.in_(("planned", "moved"))
HELD: ColumnElement[bool] = and_(TAKES_PLACE, func.now() >= ENDS_AT)
"""It has been: nobody skipped or cancelled it, and its time is over."""
STATE = case((HELD, literal("held")), else_=Meeting.state).label("state")
_BY_TIME = func.row_number().over(order_by=(Meeting.starts_at, Meeting.id)).cast(BigInteger).label("position")
_SHOWN: tuple[Any, ...] = (
    Meeting.id,
    Meeting.meeting_series_id,
    Meeting.starts_at,
    Meeting.starts_at_local,
    Meeting.time_zone,
    Meeting.minutes,
    STATE,
    Meeting.sequence,
    Meeting.in_person,
    Meeting.attended_count,
    Meeting.guest_count,
    Meeting.created_at,
    Meeting.updated_at,
    Meeting.version,
)


def meetings_of_group(
    group_id: UUID, membership_id: UUID | None, since: datetime | None, until: datetime | None
) -> Select[Any]:
    """A group's meetings that begin from `since` on and before `until`, in the order of time, without where they are.

    `attended`: what the member says of herself, or null.
    """
    return _paged(_within(_of_group(group_id, membership_id, _BY_TIME), since, until))


def meeting(session: Session, *, group_id: UUID, meeting_id: UUID) -> SimpleNamespace:
    """One meeting with its `join_link` and `place`. Raises NotFound, also to all but members."""
    refuse_strangers(session, group_id)
    row = session.execute(
        _of_group(group_id, session.membership_id).where(Meeting.id == meeting_id)
    ).one_or_none()
    if row is None:
        raise NotFound("meeting")
    where = links.of_meetings(session, [row])[row.id]
    return SimpleNamespace(**row._mapping, join_link=where.join_link, place=where.place)


def meetings_of_member(
    membership_id: UUID, group_url: str, since: datetime | None, until: datetime | None
) -> Select[Any]:
    """The meetings of all groups that somebody was let into: when, and where the group's page is."""
    columns: tuple[Any, ...] = (
        _BY_TIME,
        Meeting.id,
        Meeting.group_id,
        Meeting.starts_at,
        Meeting.starts_at_local,
        Meeting.time_zone,
        Meeting.minutes,
        STATE,
        Meeting.in_person,
        (literal(group_url) + cast(Meeting.group_id, Text)).label("url"),
    )
    return _paged(_within(select(*columns).where(is_in_group(membership_id)), since, until))


def attended_by(membership_id: UUID, since: datetime | None, until: datetime | None) -> Select[Any]:
    """The meetings that were held and at which somebody says that she was, also of groups that she has left."""
    columns: tuple[Any, ...] = (
        _BY_TIME,
        Meeting.id,
        Meeting.group_id,
        Meeting.starts_at,
        Meeting.starts_at_local,
        Meeting.time_zone,
        Meeting.minutes,
        Meeting.in_person,
    )
    said = (
        (MeetingAttendance.tenant_id == Meeting.tenant_id)
        & (MeetingAttendance.meeting_id == Meeting.id)
        & (MeetingAttendance.author_id == membership_id)
        & MeetingAttendance.attended
    )
    return _paged(_within(select(*columns).join(MeetingAttendance, said).where(HELD), since, until))


def is_in_group(membership_id: UUID | None) -> ColumnElement[bool]:
    """Whether somebody was let into the meeting's group, is in it and was told of it; as SQL."""
    return exists().where(
        GroupMember.tenant_id == Meeting.tenant_id,
        GroupMember.group_id == Meeting.group_id,
        GroupMember.membership_id == membership_id,
        GroupMember.left_at.is_(None),
        GroupMember.admitted_at.is_not(None),
        Group.tenant_id == Meeting.tenant_id,
        Group.id == Meeting.group_id,
        Group.state != "formed",
    )


def activity(session: Session, *, group_id: UUID) -> dict[str, Any]:
    """What the tenant may know of a group's meetings: when the last ones were, how many came, and when the next is.

    Raises NotFound.
    """
    if session.scalar(select(Group.id).where(Group.id == group_id)) is None:
        raise NotFound("group")
    mine = Meeting.group_id == group_id
    past = session.execute(
        select(Meeting.starts_at, Meeting.attended_count, Meeting.guest_count)
        .where(mine, HELD)
        .order_by(Meeting.starts_at.desc(), Meeting.id)
        .limit(MOST_PAST)
    ).all()
    coming = select(func.min(Meeting.starts_at)).where(mine, TAKES_PLACE, Meeting.starts_at > func.now())
    return {
        "held_count": session.scalar(select(func.count()).select_from(Meeting).where(mine, HELD)),
        "next_starts_at": session.scalar(coming),
        "meetings": past,
    }


def last_held(session: Session, *, group_id: UUID, most: int) -> list[Row[Any]]:
    """The last meetings that were, the latest first: id, starts_at, attended_count."""
    rows = (
        select(Meeting.id, Meeting.starts_at, Meeting.attended_count)
        .where(Meeting.group_id == group_id, HELD)
        .order_by(Meeting.starts_at.desc(), Meeting.id)
        .limit(most)
    )
    return [*session.execute(rows)]


def _of_group(group_id: UUID, membership_id: UUID | None, *more: Any) -> Select[Any]:
    attended = (
        select(MeetingAttendance.attended)
        .where(
            MeetingAttendance.tenant_id == Meeting.tenant_id,
            MeetingAttendance.meeting_id == Meeting.id,
            MeetingAttendance.author_id == membership_id,
        )
        .scalar_subquery()
        .label("attended")
    )
    return select(*more, *_SHOWN, attended).where(Meeting.group_id == group_id)


def _within(rows: Select[Any], since: datetime | None, until: datetime | None) -> Select[Any]:
    if since is not None:
        rows = rows.where(Meeting.starts_at >= since)
    return rows if until is None else rows.where(Meeting.starts_at < until)


def _paged(rows: Select[Any]) -> Select[Any]:
    found = rows.subquery("found")
    return select(*found.c)
