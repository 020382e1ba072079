"""What becomes of a group's meetings without its members: a job for each group that meets, about once a week.

It follows the group's state, makes the rows of meetings ahead, and posts invitations. The wall lets it write, as long
as it runs and in its group only.
"""

from collections.abc import Sequence
from datetime import UTC, timedelta
from uuid import UUID

from sqlalchemy import and_, func, select, text

from tenants.groups.models import Group
from tenants.kernel import events
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.session import Session
from tenants.meetings import guests
from tenants.meetings.ahead import change_coming, extend, take_up_again
from tenants.meetings.invitations import post_what_is_due
from tenants.meetings.models import Meeting, MeetingSeries
from tenants.meetings.queries import HELD, TAKES_PLACE
from tenants.meetings.series import MEET

AGAIN_AFTER = timedelta(days=7)
# Several may have been asked for meanwhile: this one does the work of all that wait.
_TAKE_OVER = text(
    "UPDATE job SET state = 'cancelled', finished_at = now()"
    " WHERE kind = 'meetings' AND subject_id = :group AND state = 'queued'"
)


def keep_meetings(claim: Claim) -> None:
    """The job of one group."""
    with claim.effect() as session:
        session.execute(_TAKE_OVER, {"group": claim.subject_id})
        if look_after(session, group_id=claim.subject_id):
            claim.go_on(now() + AGAIN_AFTER)


def look_after(session: Session, *, group_id: UUID) -> bool:
    """Bring a group's meetings up to date; whether that is to be done again, as there are some to come, or guests to be
    forgotten.
    """
    group = _held(session, group_id)
    if group is None:
        return False
    # Held before their meetings, as members do who change them.
    living = (MeetingSeries.group_id == group_id, MeetingSeries.ended_at.is_(None))
    rhythms = session.scalars(
        select(MeetingSeries).where(*living).order_by(MeetingSeries.id).with_for_update()
    ).all()
    follow, became = _FOLLOWED.get(group.state, (_go_on, "meetings.restored"))
    number = follow(session, group_id)
    if number:
        counts = {"meetings": number}
        events.record(session, became, subject_type="peer_group", subject_id=group_id, counts=counts)
    if group.state == "ended":
        for series in rhythms:
            series.ended_at = now()
    if group.state in MEET:
        _extend(session, group_id, rhythms)
    post_what_is_due(session, group_id=group_id)
    guests.post_what_is_due(session, group_id=group_id)
    has_guests = guests.forget(session, group_id=group_id)
    coming = select(Meeting.id).where(
        Meeting.group_id == group_id, TAKES_PLACE, Meeting.starts_at > func.now()
    )
    return has_guests or session.scalar(coming.limit(1)) is not None


def _held(session: Session, group_id: UUID) -> Group | None:
    """The group, which stays as it is; from confirmed it goes on to active once it has met, its years with that day."""
    key = (session.tenant_id, group_id)
    group = session.get(Group, key)
    if group is None:
        return None
    # As strongly as a change of it needs from the beginning: two who shared it would wait for each other.
    begins = group.state == "confirmed"
    session.refresh(group, with_for_update={"key_share": True} if begins else {"read": True})
    first = select(func.min(Meeting.starts_at)).where(Meeting.group_id == group_id, HELD)
    if begins and group.state == "confirmed" and (met := session.scalar(first)) is not None:
        group.state, group.active_on = "active", met.astimezone(UTC).date()
        session.flush()
        events.record(session, "group.updated", subject=group, changed=["state"])
    return group


def _end(session: Session, group_id: UUID) -> int:
    waits = TAKES_PLACE | Meeting.state_before_pause.is_not(None)
    return change_coming(session, and_(Meeting.group_id == group_id, waits), state_before_pause=None)


def _pause(session: Session, group_id: UUID) -> int:
    mine = and_(Meeting.group_id == group_id, TAKES_PLACE)
    return change_coming(session, mine, state="skipped", state_before_pause=Meeting.state)


def _go_on(session: Session, group_id: UUID) -> int:
    return take_up_again(session, Meeting.group_id == group_id)


_FOLLOWED = {"ended": (_end, "meetings.cancelled"), "paused": (_pause, "meetings.skipped")}
"""What becomes of a group's meetings in a state in which it does not meet, and the event that tells it."""


def _extend(session: Session, group_id: UUID, rhythms: Sequence[MeetingSeries]) -> None:
    counted = (
        select(Meeting.meeting_series_id, func.count().label("meetings"))
        .where(Meeting.group_id == group_id, Meeting.due_at > func.now())
        .group_by(Meeting.meeting_series_id)
    )
    planned = {row.meeting_series_id: row.meetings for row in session.execute(counted)}
    for series in rhythms:
        extend(session, series, planned=planned.get(series.id, 0))
