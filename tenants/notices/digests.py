"""The one letter that somebody is sent on a day of hers: her digest or, where she wants none on that day, what ends
soon and waits for her.

It is composed when it is sent, and tells what holds then. Something has to have come up for it to be sent: something
was written, a meeting was made or changed or is close, somebody new waits for her answer. What was told and has not
changed since causes no letter by itself.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tenants.kernel.clock import now
from tenants.kernel.mail import Letter
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.notices import contents, wording
from tenants.notices.places import WRITTEN_TO
from tenants.notices.preferences import Preferences, preferences_of
from tenants.notices.sending import ADDRESSEE, Addressee, letter_to

AHEAD = timedelta(days=7)
PERIOD = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
URGENT = timedelta(hours=48)
"""What ends within it is told although it was told before, to those who want to be reminded."""
STALE_AFTER = timedelta(hours=12)
"""A letter that could not be sent for so long is not: the next one tells what it would have."""
FURTHEST_BACK = timedelta(days=31)
MOST_SHOWN = 10
_WHOM = text(f"""
    SELECT {ADDRESSEE}, d.local_date, d.due_at, coalesce(m.joined_at, m.created_at) AS joined_at,
           (SELECT max(b.told_until) FROM notice_day b WHERE b.tenant_id = d.tenant_id
               AND b.membership_id = d.membership_id AND b.local_date < d.local_date) AS told_before
      FROM notice_day d JOIN membership m ON m.tenant_id = d.tenant_id AND m.id = d.membership_id
      JOIN tenant t ON t.id = d.tenant_id AND t.state = 'open'
     WHERE d.id = :day AND {WRITTEN_TO}
""")  # noqa: S608 - SQL of ours is put in
_TOLD = text("UPDATE notice_day SET told_until = :until WHERE id = :day")


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """What somebody is told on a day; the session becomes hers. None where there is nothing to say, or too late."""
    at = now()
    found = session.execute(_WHOM, {"day": subject_id}).one_or_none()
    if found is None:
        return None
    if found.due_at < at - STALE_AFTER:
        session.execute(_TOLD, {"day": subject_id, "until": None})
        return None
    wanted = preferences_of(session, membership_id=found.membership_id)
    places = contents.places_of(session, membership_id=found.membership_id)
    session.identify(membership_id=found.membership_id, person_id=found.person_id)
    to = Addressee.of(found)
    if not places.groups:
        return None
    if not wanted.digest_on(found.local_date.isoweekday()):
        said = _ending(session, wanted, places, at)
        kind = {"called": "waiting", "kind": "action_reminders"}
    else:
        period = PERIOD[wanted.digest]
        since = max(found.told_before or at - period, found.joined_at, at - FURTHEST_BACK)
        until = contents.all_written_before(session, now=at)
        said = _told(session, wanted, places, since, at)
        kind = {"called": "digest", "kind": "digest", "period": wanted.digest}
        if said:
            session.execute(_TOLD, {"day": subject_id, "until": until})
    return letter_to(session, to, settings, **kind, **said) if said else None


def _told(
    session: Session, wanted: Preferences, places: contents.Places, since: datetime, at: datetime
) -> dict[str, Any]:
    """What a digest says; nothing where nothing has come up."""
    meetings = contents.meetings(session, places, now=at, within=AHEAD)
    waiting = contents.waiting(session, places, since=since, now=at)
    news = contents.groups_with_news(session, places, since=since)
    board = contents.announcements(session, places, since=since, now=at) if wanted.announcements else 0
    soon, urgent = at + PERIOD[wanted.digest], at + URGENT
    came_up = (
        news
        or board
        or any(row.updated_at > since or row.starts_at <= soon for row in meetings)
        or any(each.fresh or (wanted.action_reminders and each.ends_by(urgent)) for each in waiting)
    )
    if not came_up:
        return {}
    lines = [wording.news(news)] if news else []
    lines += _lines(waiting, wanted)
    lines += [wording.announcements(board)] if board else []
    return {
        "lines": lines,
        "meetings": wording.meetings(len(meetings)) if meetings else "",
        "shown": [wanted.shown(row.starts_at) for row in meetings[:MOST_SHOWN]],
        "more": max(0, len(meetings) - MOST_SHOWN),
    }


def _ending(session: Session, wanted: Preferences, places: contents.Places, at: datetime) -> dict[str, Any]:
    """What a letter says on a day without a digest; nothing where nothing ends soon."""
    found = contents.waiting(session, places, since=at, now=at) if wanted.action_reminders else []
    ending = [each for each in found if each.ends_by(at + URGENT)]
    return {"lines": _lines(ending, wanted)} if ending else {}


def _lines(waiting: list[contents.Waiting], wanted: Preferences) -> list[str]:
    return [
        wording.waiting(each.what, each.number, wanted.shown(each.ends_at) if each.ends_at else None)
        for each in waiting
    ]
