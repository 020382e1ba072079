"""Calendar feeds: secret addresses at which a member's calendar program reads when her groups meet.

The address is the only proof that is asked for, so it is shown once, kept as a hash, and can be changed and revoked.
Whoever holds it is shown what she would be, by the same walls.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Forbidden, NotFound
from tenants.kernel.ids import bearer, digest, new_id
from tenants.kernel.session import Session
from tenants.meetings import calendars, links
from tenants.meetings.models import FEED_PREFIX, CalendarFeed, Meeting
from tenants.meetings.queries import is_in_group
from tenants.people.models import Membership

MOST_FEEDS = 50
PAST_SHOWN = timedelta(days=92)
MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A feed with its secret, which is not to be had again."""

    id: UUID
    group_id: UUID | None
    created_at: datetime
    rotated_at: datetime
    secret: str


def create_feed(session: Session, *, group_id: UUID | None = None) -> NewFeed:
    """A feed of the member's groups, or of one of them.

    Raises NotFound for a group that is not hers, and Conflict "too_many_feeds".
    """
    if group_id is not None:
        refuse_strangers(session, group_id)
    mine = select(func.count()).where(CalendarFeed.membership_id == session.membership_id)
    if (session.scalar(mine) or 0) >= MOST_FEEDS:
        raise Conflict(f"You have {MOST_FEEDS} feeds; revoke one.", code="too_many_feeds")
    secret, at = bearer(FEED_PREFIX, session.tenant_id), now()
    feed = CalendarFeed(
        id=new_id(),
        membership_id=session.membership_id,
        group_id=group_id,
        hash=digest(secret),
        personal=session.info.get("person_id") is not None,
        rotated_at=at,
        created_at=at,
    )
    session.add(feed)
    session.flush()
    events.record(session, "calendar_feed.created", subject=feed, audience="audit")
    return _with(feed, secret)


def rotate_feed(session: Session, *, feed_id: UUID) -> NewFeed:
    """Give a feed a new secret; the one before is worth nothing from now on.

    Raises NotFound, and Forbidden "not_personal" for one that she made signed in as herself where she is not: what it
    shows would open to whoever signs her in.
    """
    feed = _mine(session, feed_id)
    if feed.personal and session.info.get("person_id") is None:
        raise Forbidden("Sign in as yourself to give this feed another address.", code="not_personal")
    secret = bearer(FEED_PREFIX, session.tenant_id)
    feed.hash, feed.rotated_at = digest(secret), now()
    session.flush()
    events.record(session, "calendar_feed.rotated", subject=feed, audience="audit")
    return _with(feed, secret)


def revoke_feed(session: Session, *, feed_id: UUID) -> None:
    """End a feed. Raises NotFound."""
    feed = _mine(session, feed_id)
    events.record(session, "calendar_feed.revoked", subject=feed, audience="audit")
    session.delete(feed)
    session.flush()


def feeds_of(membership_id: UUID) -> Select[Any]:
    """Somebody's feeds, without their secrets."""
    columns: tuple[Any, ...] = (
        CalendarFeed.id,
        CalendarFeed.group_id,
        CalendarFeed.created_at,
        CalendarFeed.rotated_at,
    )
    return select(*columns).where(CalendarFeed.membership_id == membership_id)


def read_feed(session: Session, secret: str) -> bytes:
    """The calendar at a secret address; the session becomes that of the member whose it is.

    Raises NotFound where there is none, where it was revoked, and where she has left the group.
    """
    found = session.execute(
        select(CalendarFeed.group_id, CalendarFeed.personal, Membership.id, Membership.person_id)
        .join(Membership, Membership.id == CalendarFeed.membership_id)
        .where(CalendarFeed.hash == digest(secret))
    ).one_or_none()
    if found is None or found.person_id is None:
        raise NotFound("calendar")
    session.identify(membership_id=found.id, person_id=found.person_id if found.personal else None)
    if found.group_id is not None:
        refuse_strangers(session, found.group_id)
    rows = (
        select(Meeting)
        .where(is_in_group(found.id), Meeting.starts_at > now() - PAST_SHOWN)
        .order_by(Meeting.starts_at, Meeting.id)
        .limit(MOST_SHOWN)
    )
    if found.group_id is not None:
        rows = rows.where(Meeting.group_id == found.group_id)
    meetings = session.scalars(rows).all()
    where = links.of_meetings(session, meetings)
    return calendars.feed(meetings, {key: each.join_link for key, each in where.items()})


def _mine(session: Session, feed_id: UUID) -> CalendarFeed:
    feed = session.get(CalendarFeed, (session.tenant_id, feed_id), with_for_update=True)
    if feed is None or feed.membership_id != session.membership_id:
        raise NotFound("calendar feed")
    return feed


def _with(feed: CalendarFeed, secret: str) -> NewFeed:
    return NewFeed(feed.id, feed.group_id, feed.created_at, feed.rotated_at, secret)
