"""The rhythm in which a group meets, and the rows of its meetings.

Meetings are made ahead, in the transaction that makes or changes their series, and `upkeep` goes on from there. A
change of the series reaches its meetings that are still to come and that nobody has changed; the others stay.
"""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from tenants.cohorts.values import is_time_zone
from tenants.groups.models import GroupMember
from tenants.groups.places import group_of_member
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited
from tenants.kernel.session import Session
from tenants.meetings import links, rhythm
from tenants.meetings.ahead import change_coming, coming_of, insert_meetings, reschedule, take_up_again
from tenants.meetings.models import Meeting, MeetingSeries
from tenants.meetings.rhythm import InvalidRhythm

MOST_TO_COME = 500
"""Of a group, of all series and besides."""
BEFORE, AFTER = timedelta(days=366), timedelta(days=731)
"""How far from now a first meeting may be."""
MEET = ("announced", "confirmed", "active")
"""States of groups that meet."""
_OF_TIME = ("rrule", "starts_at_local", "time_zone")


def create_series(session: Session, *, group_id: UUID, **given: Any) -> SimpleNamespace:
    """Say in which rhythm the group meets; the series with its `join_link` and `place`.

    Without an `rrule` it is the usual one (`rhythm.usual_rule`); a kick-off is one meeting in person. Raises NotFound
    to all but members, Invalid, and Conflict "group_does_not_meet".
    """
    hold_meeting_group(session, group_id)
    said = links.taken_from(given)
    series = MeetingSeries(id=new_id(), group_id=group_id, **given)
    if series.kind == "kick_off":
        if series.rrule is not None:
            raise Invalid.field("/rrule", "kick_off", "A kick-off is one meeting, without a rule.")
        series.in_person = True
    check_zone(series.time_zone)
    check_time(series.starts_at_local)
    refuse_too_many(session, group_id)
    _check_rule(session, series, default=series.rrule is None)
    coming = coming_of(series, after=now())
    if not coming:
        raise Invalid.field("/starts_at_local", "no_occurrence", "There would be no meeting from now on.")
    session.add(series)
    session.flush()
    insert_meetings(session, series, coming)
    links.say(session, group_id=group_id, said=said, meeting_series_id=series.id)
    changed(session, "meeting_series.created", group_id, counts={"meetings": len(coming)})
    return shown(session, series)


def edit_series(
    session: Session, *, group_id: UUID, series_id: UUID, changes: dict[str, Any], if_match: Version
) -> SimpleNamespace:
    """Change a series from now on. Raises as `create_series`, and StaleVersion."""
    hold_meeting_group(session, group_id)
    series = _held(session, group_id, series_id)
    if_match.check(series.version)
    take_up_again(session, Meeting.meeting_series_id == series.id)
    said = {word: changes.pop(word) for word in links.WORDS if word in changes}
    for name, other in (("rrule", None), ("in_person", True)):
        if series.kind == "kick_off" and changes.get(name, other) is not other:
            raise Invalid.field(
                f"/{name}", "kick_off", "A kick-off is one meeting in person, without a rule."
            )
    was_usual = series.rrule == _usual(session, series)
    told = edited(series, changes, if_match=if_match)
    if set(told) & set(_OF_TIME):
        check_zone(series.time_zone)
        if "starts_at_local" in told:
            check_time(series.starts_at_local)
        _check_rule(session, series, default=series.rrule is None or (was_usual and "rrule" not in changes))
    if links.say(session, group_id=group_id, said=said, meeting_series_id=series.id) or told:
        series.updated_at = now()
        reschedule(session, series, anew=bool(set(told) & set(_OF_TIME)), told=bool(said))
        if said:
            change_coming(
                session, and_(Meeting.meeting_series_id == series.id, Meeting.state == "moved"), state="moved"
            )
        session.flush()
        changed(session, "meeting_series.updated", group_id, changed=[*told, *said])
    return shown(session, series)


def end_series(session: Session, *, group_id: UUID, series_id: UUID, if_match: Version) -> None:
    """Have no more meetings of a series; those that were stay. Raises NotFound and StaleVersion."""
    refuse_strangers(session, group_id)
    series = _held(session, group_id, series_id)
    if_match.check(series.version)
    series.ended_at = now()
    session.flush()
    waits = Meeting.state.in_(("planned", "moved")) | Meeting.state_before_pause.is_not(None)
    change_coming(session, and_(Meeting.meeting_series_id == series.id, waits), state_before_pause=None)
    changed(session, "meeting_series.ended", group_id)


def series_of_group(group_id: UUID) -> Select[Any]:
    """The rhythms of a group that go on, without where it meets."""
    return select(*MeetingSeries.__table__.columns).where(
        MeetingSeries.group_id == group_id, MeetingSeries.ended_at.is_(None)
    )


def one_series(session: Session, *, group_id: UUID, series_id: UUID) -> SimpleNamespace:
    """One series with its `join_link` and `place`. Raises NotFound, also to all but members."""
    refuse_strangers(session, group_id)
    series = session.get(MeetingSeries, (session.tenant_id, series_id))
    if series is None or series.group_id != group_id or series.ended_at is not None:
        raise NotFound("meeting series")
    return shown(session, series)


def hold_meeting_group(session: Session, group_id: UUID) -> None:
    """Keep a group that meets as it is until the transaction ends. Raises Conflict "group_does_not_meet"."""
    group = group_of_member(session, group_id, shared=True)
    if group.state not in MEET:
        raise Conflict(f"This group is {group.state}: it does not meet now.", code="group_does_not_meet")


def refuse_too_many(session: Session, group_id: UUID) -> None:
    """Raise Conflict "too_many_meetings" where a group has as many to come as anybody could want."""
    coming = select(func.count()).where(
        Meeting.group_id == group_id, Meeting.starts_at > func.now(), Meeting.state != "cancelled"
    )
    if (session.scalar(coming) or 0) >= MOST_TO_COME:
        raise Conflict("This group has very many meetings to come already.", code="too_many_meetings")


def check_zone(zone: str) -> None:
    """Raise Invalid for a zone that nobody knows."""
    if not is_time_zone(zone):
        raise Invalid.field("/time_zone", "unknown", "Use an IANA name such as America/Chicago.")


def check_time(starts_at_local: datetime) -> None:
    """Raise Invalid for a time that is years away."""
    today = now().replace(tzinfo=None)
    if not today - BEFORE <= starts_at_local <= today + AFTER:
        said = "This is more than a year ago or two years ahead."
        raise Invalid.field("/starts_at_local", "out_of_range", said)


def changed(session: Session, type_: str, group_id: UUID, **said: Any) -> None:
    """Note what a group did with its meetings, without who, and have done what follows from it."""
    events.record(session, type_, subject_type="peer_group", subject_id=group_id, names_actor=False, **said)
    jobs.enqueue(session, "meetings", subject_id=group_id)


def shown(session: Session, series: MeetingSeries) -> SimpleNamespace:
    """A series as its group sees it."""
    where = links.of_series(session, series.id)
    columns = {column.key: getattr(series, column.key) for column in MeetingSeries.__table__.columns}
    return SimpleNamespace(**columns, join_link=where.join_link, place=where.place)


def _held(session: Session, group_id: UUID, series_id: UUID) -> MeetingSeries:
    series = session.get(MeetingSeries, (session.tenant_id, series_id), with_for_update=True)
    if series is None or series.group_id != group_id or series.ended_at is not None:
        raise NotFound("meeting series")
    return series


def _usual(session: Session, series: MeetingSeries) -> str | None:
    if series.kind == "kick_off":
        return None
    members = session.scalar(
        select(func.count()).where(GroupMember.group_id == series.group_id, GroupMember.left_at.is_(None))
    )
    return rhythm.usual_rule(series.starts_at_local, members=members or 0)


def _check_rule(session: Session, series: MeetingSeries, *, default: bool) -> None:
    if default:
        series.rrule = _usual(session, series)
    if series.rrule is None:
        return
    try:
        series.rrule = rhythm.checked_rule(series.rrule, series.starts_at_local, series.time_zone)
    except InvalidRhythm as broken:
        raise Invalid.field("/rrule", broken.code, str(broken)) from None
