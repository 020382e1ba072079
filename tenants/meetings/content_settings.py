"""What a group says of its own words: how long they are kept, and whether it takes notes of meetings."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tenants.groups.queries import refuse_strangers
from tenants.kernel.errors import StaleVersion
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited
from tenants.kernel.session import Session
from tenants.meetings.agenda_models import USUAL_DAYS, ContentSettings


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What holds for a group that said nothing."""

    keep_days: int = USUAL_DAYS
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
    """Say what holds from now on, for what there is as well. Raises NotFound to strangers, and StaleVersion."""
    found, said = settings_of(session, group_id=group_id), {"keep_days": keep_days, "notes": notes}
    if_match.check(found.version)
    if isinstance(found, Unsaid):
        return _first(session, group_id, said)
    edited(found, said, if_match=if_match)
    session.flush()
    return found


def _first(session: Session, group_id: UUID, said: dict[str, Any]) -> ContentSettings:
    author = session.membership_id
    row = ContentSettings(id=new_id(), group_id=group_id, author_id=author, version=1, **said)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody said something meanwhile
        raise StaleVersion("This resource has changed since you read it; read it again.") from None
    return row
