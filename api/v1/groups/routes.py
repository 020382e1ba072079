"""/v1/groups"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch, parting
from api.v1.groups.schemas import (
    Departure,
    DepartureCreate,
    FormedGroup,
    Group,
    GroupCreate,
    GroupMember,
    GroupPatch,
    GroupQuery,
    Pause,
    RosterEntry,
)
from tenants.groups import actions, departures, models, queries
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching.forming import form_group

blp = Blueprint("Groups", description="Peer groups and who is in them; never what they say.")
READ, WRITE = Permission.GROUPS_READ, Permission.GROUPS_WRITE
AS_MEMBER = Permission.GROUP_CONTENT_WRITE
PAUSE = "/groups/<uuid:group_id>/pause"


@blp.list("/groups", READ, query=GroupQuery, returns=Group)
def list_groups(session: Session, **filters: Any) -> Select[Any]:
    """The tenant's groups."""
    return queries.groups(**filters)


@blp.post(
    "/groups",
    AS_MEMBER,
    body=GroupCreate,
    returns=FormedGroup,
    status=201,
    location="/v1/me/groups/{id}",
    errors=(409,),
)
def form_own_group(session: Session, body: dict[str, Any]) -> models.Group:
    """Form a group with others of one's cohort, and be its first member."""
    return form_group(session, **body)


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


@blp.list("/groups/<uuid:group_id>/roster", Permission.GROUP_CONTENT_READ, returns=RosterEntry)
def list_roster(session: Session, group_id: UUID) -> Select[Any]:
    """Who is in one's group, and who waits to be let in."""
    queries.refuse_strangers(session, group_id)
    return queries.roster(group_id)


@blp.post(
    "/groups/<uuid:group_id>/departure",
    AS_MEMBER,
    body=DepartureCreate,
    returns=Departure,
    status=201,
    of_ended=True,
)
@parting
def leave_group(session: Session, body: dict[str, Any], group_id: UUID) -> models.GroupMember:
    """Leave a group. What one wrote stays, and one can still read it."""
    return departures.leave(session, group_id=group_id, **body)


@blp.put(PAUSE, AS_MEMBER, body=Pause, returns=Pause)
def pause_in_group(session: Session, body: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """Be away, for a parental leave say. /v1/me/groups shows it."""
    departures.pause(session, group_id=group_id, **body)
    return body


@blp.delete(PAUSE, AS_MEMBER, status=204)
def come_back_to_group(session: Session, group_id: UUID) -> None:
    """Be there again."""
    departures.come_back(session, group_id=group_id)
