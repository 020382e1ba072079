"""/v1/me/calendar-feeds and /v1/groups/{group_id}/calendar-feeds"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import current_app, g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.calendar_feeds.schemas import CalendarFeed, NewCalendarFeed
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.meetings import feeds

blp = Blueprint(
    "Calendar feeds", description="Secret addresses at which one's calendar program reads meetings."
)
READ = Permission.GROUP_CONTENT_READ
FEEDS = "/me/calendar-feeds"
MAKES = {"returns": NewCalendarFeed, "secrets": ("url",)}


@blp.list(FEEDS, READ, returns=CalendarFeed)
def list_my_calendar_feeds(session: Session) -> Select[Any]:
    """One's feeds, of all groups and of one."""
    return feeds.feeds_of(g.caller.membership_id)


@blp.post(FEEDS, READ, status=201, location=f"/v1{FEEDS}", **MAKES)
def create_my_calendar_feed(session: Session) -> Any:
    """A feed of all one's groups."""
    return _with_url(feeds.create_feed(session))


@blp.post("/groups/<uuid:group_id>/calendar-feeds", READ, status=201, location=f"/v1{FEEDS}", **MAKES)
def create_calendar_feed(session: Session, group_id: UUID) -> Any:
    """A feed of this group for oneself."""
    return _with_url(feeds.create_feed(session, group_id=group_id))


@blp.post(f"{FEEDS}/<uuid:calendar_feed_id>/secret", READ, errors=(403,), **MAKES)
def rotate_calendar_feed(session: Session, calendar_feed_id: UUID) -> Any:
    """Give it another address; the one before ends now."""
    return _with_url(feeds.rotate_feed(session, feed_id=calendar_feed_id))


@blp.delete(f"{FEEDS}/<uuid:calendar_feed_id>", READ, status=204)
def revoke_calendar_feed(session: Session, calendar_feed_id: UUID) -> None:
    """End it."""
    feeds.revoke_feed(session, feed_id=calendar_feed_id)


def _with_url(feed: feeds.NewFeed) -> SimpleNamespace:
    url = f"{current_app.config['PUBLIC_URL']}/calendar/{feed.secret}.ics"
    return SimpleNamespace(
        id=feed.id, group_id=feed.group_id, created_at=feed.created_at, rotated_at=feed.rotated_at, url=url
    )
