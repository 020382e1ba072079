"""/v1/groups"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.groups.schemas import Group, GroupMember, GroupPatch, GroupQuery
from tenants.groups import actions, models, queries
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

blp = Blueprint("Groups", description="Peer groups and who is in them; never what they say.")
READ, WRITE = Permission.GROUPS_READ, Permission.GROUPS_WRITE


@blp.list("/groups", READ, query=GroupQuery, returns=Group)
def list_groups(session: Session, **filters: Any) -> Select[Any]:
    """The tenant's groups."""
    return queries.groups(**filters)


@blp.get("/groups/<uuid:group_id>", READ, returns=Group, etag=True)
def get_group(session: Session, group_id: UUID) -> Row[Any]:
    """One group."""
    return queries.group(session, group_id=group_id)


@blp.patch("/groups/<uuid:group_id>", WRITE, body=GroupPatch, returns=Group, etag=True)
def edit_group(session: Session, body: dict[str, Any], group_id: UUID, if_match: IfMatch) -> Row[Any]:
    """Rename a group, move it to its next state, say what it is, or whether it needs repair."""
    actions.edit_group(session, group_id=group_id, changes=body, if_match=if_match)
    return queries.group(session, group_id=group_id)


@blp.list("/groups/<uuid:group_id>/members", READ, returns=GroupMember)
def list_group_members(session: Session, group_id: UUID) -> Select[Any]:
    """Who is or was in a group."""
    row_of(session, models.Group, group_id, "group")
    return queries.members_of_group(group_id)
