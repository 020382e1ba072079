"""Who is present in a group, and holding a group while something is decided in it."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_

from tenants.groups.models import Group, GroupMember
from tenants.kernel.errors import NotFound
from tenants.kernel.session import Session


def is_present(group_id: UUID) -> ColumnElement[bool]:
    """SQL: a member of this group who was let in and has not left."""
    return and_(
        GroupMember.group_id == group_id,
        GroupMember.admitted_at.is_not(None),
        GroupMember.left_at.is_(None),
    )


def takes_turns(group_id: UUID) -> ColumnElement[bool]:
    """SQL: a member of this group whose turn it may be."""
    return is_present(group_id)


def group_held(session: Session, group_id: UUID, *, shared: bool = False) -> Group:
    """A group that stays as it is until the transaction ends; others may hold it at once where it is `shared`.

    Whoever writes a charter holds it alone. Raises NotFound.
    """
    how = {"read": True} if shared else {"key_share": True}
    group = session.get(Group, (session.tenant_id, group_id), with_for_update=how)
    if group is None:
        raise NotFound("group")
    return group
