"""The rhythm in which a group meets, and the rows of its meetings.

Meetings are made ahead, in the transaction that makes or changes their series, and `upkeep` goes on from there. A
change of the series reaches its meetings that are still to come and that nobody has changed; the others stay.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from sqlalchemy import ColumnElement, Select, and_, func, insert, select, text, update

from tenants.cohorts.values import is_time_zone
from tenants.groups.models import Group, GroupMember
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited
from tenants.kernel.session import Session
from tenants.meetings import links, rhythm
from tenants.meetings.models import Meeting, MeetingSeries
from tenants.meetings.rhythm import InvalidRhythm, Occurrence

AHEAD = relativedelta(months=13)
MOST_AHEAD = 60
"""Meetings of a series that are rows ahead of their time."""
BEFORE, AFTER = timedelta(days=366), timedelta(days=731)
"""How far from now a first meeting may be."""
MEET = ("announced", "confirmed", "active")
"""States of groups that meet."""
_OF_TIME = ("rrule", "starts_at_local", "time_zone")
_RESCHEDULE = text("""
    UPDATE meeting m SET starts_at = n.starts_at, due_at = n.starts_at, starts_at_local = n.local, time_zone = :zone,
           minutes = :minutes, in_person = :in_person, sequence = m.sequence + 1, version = m.version + 1,
           updated_at = :moment
      FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:locals AS timestamp[]))
           AS n (id, starts_at, local)
     WHERE m.id = n.id AND (:told OR (m.starts_at, m.starts_at_local, m.time_zone, m.minutes, m.in_person)
           IS DISTINCT FROM (n.starts_at, n.local, :zone, :minutes, :in_person))
""")


def create_series(session: Session, *, group_id: UUID, **given: Any) -> SimpleNamespace:
    """Say in which rhythm the group meets; the series with its `join_link` and `place`.

    Without an `rrule` it is the usual one (`rhythm.usual_rule`); a kick-off is one meeting in person. Raises NotFound
    to all but members, Invalid, and Conflict "group_does_not_meet".
    """
    refuse_strangers(session, group_id)
    hold_group(session, group_id)
    said = {word: given.pop(word) for word in links.WORDS if given.get(word) is not None}
    series = MeetingSeries(id=new_id(), group_id=group_id, **given)
    if series.kind == "kick_off":
        if series.rrule is not None:
            raise Invalid.field("/rrule", "kick_off", "A kick-off is one meeting, without a rule.")
        series.in_person = True
    check_time(series.starts_at_local, series.time_zone)
    _check_rule(session, series, default=series.rrule is None)
    coming = _coming(series, after=now())
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
    refuse_strangers(session, group_id)
    hold_group(session, group_id)
    series = _held(session, group_id, series_id)
    if_match.check(series.version)
    said = {word: changes.pop(word) for word in links.WORDS if word in changes}
    for name, other in (("rrule", None), ("in_person", True)):
        if series.kind == "kick_off" and changes.get(name, other) is not other:
            raise Invalid.field(
                f"/{name}", "kick_off", "A kick-off is one meeting in person, without a rule."
            )
    was_usual = series.rrule == _usual(session, series)
    told = edited(series, changes, if_match=if_match)
    if set(told) & set(_OF_TIME):
        check_time(series.starts_at_local, series.time_zone)
        _check_rule(session, series, default=series.rrule is None or (was_usual and "rrule" not in changes))
    if links.say(session, group_id=group_id, said=said, meeting_series_id=series.id) or told:
        series.updated_at = now()
        _reschedule(session, series, anew=bool(set(told) & set(_OF_TIME)), told=bool(said))
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
    change_coming(
        session, and_(Meeting.meeting_series_id == series.id, Meeting.state.in_(("planned", "moved")))
    )
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


def hold_group(session: Session, group_id: UUID) -> None:
    """Keep the group as it is until the transaction ends. Raises Conflict "group_does_not_meet"."""
    group = session.get(Group, (session.tenant_id, group_id), with_for_update={"read": True})
    if group is None:
        raise NotFound("group")
    if group.state not in MEET:
        raise Conflict(f"This group is {group.state}: it does not meet now.", code="group_does_not_meet")


def check_time(starts_at_local: datetime, zone: str) -> None:
    """Raise Invalid for a zone that nobody knows, or a time that is years away."""
    if not is_time_zone(zone):
        raise Invalid.field("/time_zone", "unknown", "Use an IANA name such as America/Chicago.")
    today = now().replace(tzinfo=None)
    if not today - BEFORE <= starts_at_local <= today + AFTER:
        said = "This is more than a year ago or two years ahead."
        raise Invalid.field("/starts_at_local", "out_of_range", said)


def insert_meetings(session: Session, series: MeetingSeries, coming: Sequence[Occurrence]) -> None:
    """Make the rows of these dates of a series."""
    if not coming:
        return
    rows = [
        {
            "tenant_id": session.tenant_id,
            "id": new_id(),
            "group_id": series.group_id,
            "meeting_series_id": series.id,
            "due_at": each.starts_at,
            "starts_at": each.starts_at,
            "starts_at_local": each.local,
            "time_zone": series.time_zone,
            "minutes": series.minutes,
            "in_person": series.in_person,
        }
        for each in coming
    ]
    session.execute(insert(Meeting), rows)


def extend(session: Session, series: MeetingSeries, *, planned: int) -> int:
    """Make the rows that a series, with so many meetings still to come, lacks by now; how many they were."""
    after = max(series.expanded_until, now())
    coming = _coming(series, after=after, most=MOST_AHEAD - planned)
    insert_meetings(session, series, coming)
    return len(coming)


def change_coming(
    session: Session, which: ColumnElement[bool], *, state: Any = "cancelled", **values: Any
) -> int:
    """Bring those of these meetings that have not begun into a state, and tell calendars; how many they were."""
    done = session.execute(
        update(Meeting)
        .where(Meeting.starts_at > func.now(), which)
        .values(
            state=state,
            sequence=Meeting.sequence + 1,
            version=Meeting.version + 1,
            updated_at=now(),
            **values,
        )
        .returning(Meeting.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


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


def _coming(series: MeetingSeries, *, after: datetime, most: int = MOST_AHEAD) -> list[Occurrence]:
    """The next dates of a series, and note up to when these are all."""
    if most <= 0:
        return []
    rhythm_of = (series.rrule, series.starts_at_local, series.time_zone)
    latest = rhythm.moment(series.starts_at_local + rhythm.LATEST, series.time_zone)
    begins = next(rhythm.expanded(*rhythm_of, until=latest), None)
    until = max(now(), begins.starts_at if begins else now()) + AHEAD
    coming = rhythm.first(*rhythm_of, until=until, after=after, most=most)
    series.expanded_until = coming[-1].starts_at if len(coming) == most else until
    return coming


def _reschedule(session: Session, series: MeetingSeries, *, anew: bool, told: bool) -> None:
    """Change the meetings to come that nobody changed: in order, each to the next date that the series has now."""
    still_due = (Meeting.meeting_series_id == series.id, Meeting.due_at > func.now())
    rows = session.execute(
        select(Meeting.id, Meeting.state, Meeting.due_at, Meeting.starts_at, Meeting.starts_at_local)
        .where(*still_due)
        .order_by(Meeting.due_at, Meeting.id)
        .with_for_update()
    ).all()
    free = [row for row in rows if row.state == "planned" and row.starts_at > now()]
    if anew:
        zone = series.time_zone
        kept = {rhythm.local_time(row.due_at, zone).date() for row in rows if row.state != "planned"}
        coming = _coming(series, after=now())
        coming = [each for each in coming if each.due.date() not in kept]
    else:
        coming = [Occurrence(row.starts_at_local, row.starts_at, row.starts_at_local) for row in free]
    session.execute(
        _RESCHEDULE,
        {
            "ids": [row.id for row in free][: len(coming)],
            "starts": [each.starts_at for each in coming][: len(free)],
            "locals": [each.local for each in coming][: len(free)],
            "zone": series.time_zone,
            "minutes": series.minutes,
            "in_person": series.in_person,
            "told": told,
            "moment": now(),
        },
    )
    if surplus := [row.id for row in free[len(coming) :]]:
        change_coming(session, Meeting.id.in_(surplus), due_at=None)
    insert_meetings(session, series, coming[len(free) :])
