"""The rows of a series' meetings, made ahead of their time and changed with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import ColumnElement, and_, func, insert, null, select, text, update

from tenants.kernel.clock import now
from tenants.kernel.errors import Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.meetings import rhythm
from tenants.meetings.models import Meeting, MeetingSeries
from tenants.meetings.rhythm import Occurrence

AHEAD = relativedelta(months=13)
MOST_AHEAD = 60
"""Meetings of a series that are rows ahead of their time."""
_RESCHEDULE = text("""
    UPDATE meeting m SET starts_at = n.starts_at, due_at = n.starts_at, starts_at_local = n.local, time_zone = :zone,
           minutes = :minutes, in_person = :in_person, sequence = m.sequence + 1, version = m.version + 1,
           updated_at = :moment
      FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:locals AS timestamp[]))
           AS n (id, starts_at, local)
     WHERE m.id = n.id AND (:told OR (m.starts_at, m.starts_at_local, m.time_zone, m.minutes, m.in_person)
           IS DISTINCT FROM (n.starts_at, n.local, :zone, :minutes, :in_person))
""")


def coming_of(series: MeetingSeries, *, after: datetime, most: int = MOST_AHEAD) -> list[Occurrence]:
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
    coming = coming_of(series, after=after, most=MOST_AHEAD - planned)
    insert_meetings(session, series, coming)
    return len(coming)


def reschedule(session: Session, series: MeetingSeries, *, anew: bool, told: bool) -> None:
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
        coming = coming_of(series, after=now())
        if not coming:
            raise Invalid.field(
                "/rrule", "no_occurrence", "There would be no meeting from now on; end it instead."
            )
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


def take_up_again(session: Session, which: ColumnElement[bool]) -> int:
    """Restore those of these meetings that have not begun and that a pause of the group skipped; how many they were."""
    paused = and_(which, Meeting.state_before_pause.is_not(None))
    return change_coming(session, paused, state=Meeting.state_before_pause, state_before_pause=null())
