"""What a group says of its own words: how long they are kept, and whether it takes notes of meetings.

Any member says so, and what she says reaches what others wrote. So a shorter period holds only once `NOTICE` is over:
until then the longer one does, everybody sees from when, and anybody can say otherwise.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tenants.groups.queries import refuse_strangers
from tenants.kernel.clock import now
from tenants.kernel.errors import StaleVersion
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited
from tenants.kernel.session import Session
from tenants.meetings.agenda_models import USUAL_DAYS, ContentSettings

NOTICE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What holds for a group that said nothing."""

    keep_days: int = USUAL_DAYS
    keep_days_before: int | None = None
    keep_days_from: datetime | None = None
    notes: bool = False
    version: int = 0


def settings_of(session: Session, *, group_id: UUID) -> ContentSettings | Unsaid:
    """What holds in a group. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    found = session.scalar(select(ContentSettings).where(ContentSettings.group_id == group_id))
    return found or Unsaid()


def put_settings(
    session: Session, *, group_id: UUID, keep_days: int | None, notes: bool, if_match: Version
) -> ContentSettings:
    """Say what holds, for what there is as well: from now on, or once a shorter period has been known for long enough.

    Raises NotFound to strangers, and StaleVersion.
    """
    found = settings_of(session, group_id=group_id)
    if_match.check(found.version)
    said = {"keep_days": keep_days, "notes": notes, **_until_then(found, keep_days)}
    if isinstance(found, Unsaid):
        return _first(session, group_id, said)
    edited(found, said, if_match=if_match)
    session.flush()
    return found


def _until_then(found: ContentSettings | Unsaid, keep_days: int | None) -> dict[str, Any]:
    """What holds before `keep_days` does, and until when; nothing unless it is shorter than what holds now."""
    waits = found.keep_days_from if found.keep_days_from and found.keep_days_from > now() else None
    holds = found.keep_days_before if waits else found.keep_days
    if not _is_shorter(keep_days, holds):
        return {"keep_days_before": None, "keep_days_from": None}
    if waits is None or _is_shorter(keep_days, found.keep_days):
        waits = now() + NOTICE
    return {"keep_days_before": holds, "keep_days_from": waits}


def _is_shorter(days: int | None, other: int | None) -> bool:
    """None is until a year after the group's end, which is longer than any number."""
    return days is not None and (other is None or days < other)


def _first(session: Session, group_id: UUID, said: dict[str, Any]) -> ContentSettings:
    author = session.membership_id
    row = ContentSettings(id=new_id(), group_id=group_id, author_id=author, version=1, **said)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody said something meanwhile
        raise StaleVersion("This resource has changed since you read it; read it again.") from None
    return row
