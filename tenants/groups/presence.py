"""Who is present in a group, and holding a group while something is decided in it."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, cast, func
from sqlalchemy.orm import InstrumentedAttribute

from tenants.groups.models import Group, GroupMember
from tenants.kernel.errors import NotFound
from tenants.kernel.session import Session


def is_present(group_id: UUID | InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """SQL: a member of this group who was let in and has not left."""
    return and_(
        GroupMember.group_id == group_id,
        GroupMember.admitted_at.is_not(None),
        GroupMember.left_at.is_(None),
    )


def is_paused(place: Any = GroupMember) -> ColumnElement[bool]:
    """SQL: the holder of a place is away and has not come back. A day begins in UTC."""
    today = cast(func.timezone("UTC", func.now()), Date)
    away: ColumnElement[bool] = place.paused_at.is_not(None) & (
        place.paused_until.is_(None) | (place.paused_until > today)
    )
    return away


def is_there(group_id: UUID) -> ColumnElement[bool]:
    """SQL: somebody who is there in this group: let in, not gone, and not away.

    Nobody waits for anybody else, but for whoever is away when somebody is to be let in.
    """
    return and_(is_present(group_id), ~is_paused())


def there(member: str) -> str:
    """As `is_there`, of the row of group_member of this name in any group, for statements that are text."""
    return (
        f"({member}.admitted_at IS NOT NULL AND {member}.left_at IS NULL AND ({member}.paused_at IS NULL"
        f" OR {member}.paused_until <= CAST(now() AT TIME ZONE 'UTC' AS date)))"
    )


def group_held(session: Session, group_id: UUID, *, shared: bool = False) -> Group:
    """A group that stays as it is until the transaction ends; others may hold it at once where it is `shared`.

    Whoever writes a charter holds it alone. Whoever lets somebody come or go holds those who are in it as well, by
    `places.hold_group`. Raises NotFound.
    """
    how = {"read": True} if shared else {"key_share": True}
    group = session.get(Group, (session.tenant_id, group_id), with_for_update=how)
    if group is None:
        raise NotFound("group")
    return group
