"""/v1/groups/{group_id}/invitations and /v1/me/group-invitations"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.group_invitations.schemas import (
    GroupInvitation,
    GroupInvitationAnswer,
    GroupInvitationCreate,
    GroupInvitationQuery,
    MyGroupInvitation,
)
from tenants.groups.coming import DeliveredInvitation
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.matching import group_invitations

blp = Blueprint("Group invitations", description="Members invite others of their cohort into their group.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
INVITATIONS = "/groups/<uuid:group_id>/invitations"
MINE = "/me/group-invitations"


@blp.list(INVITATIONS, READ, query=GroupInvitationQuery, returns=GroupInvitation)
def list_group_invitations(session: Session, group_id: UUID, state: str | None) -> Select[Any]:
    """Whom the group's members have invited since one was let in."""
    refuse_strangers(session, group_id)
    return only(group_invitations.invitations(group_id), state=state)


@blp.post(INVITATIONS, WRITE, body=GroupInvitationCreate, returns=GroupInvitation, status=201, errors=(409,))
def invite_into_group(session: Session, body: dict[str, Any], group_id: UUID) -> SimpleNamespace:
    """Invite somebody of the cohort. The answer is the same whether there is such a person or not."""
    return group_invitations.invite(session, group_id=group_id, **body)


@blp.delete(f"{INVITATIONS}/<uuid:group_invitation_id>", WRITE, status=204, errors=(409,))
def take_group_invitation_back(session: Session, group_id: UUID, group_invitation_id: UUID) -> None:
    """Take one's own invitation back."""
    group_invitations.take_back(session, group_id=group_id, group_invitation_id=group_invitation_id)


@blp.list(MINE, READ, returns=MyGroupInvitation)
def list_my_group_invitations(session: Session) -> Select[Any]:
    """The groups that one is invited into and has not answered yet."""
    return group_invitations.invitations_of(g.caller.membership_id)


@blp.post(
    f"{MINE}/<uuid:group_invitation_id>/acceptance",
    WRITE,
    returns=GroupInvitationAnswer,
    status=201,
    errors=(409,),
)
def accept_group_invitation(session: Session, group_invitation_id: UUID) -> DeliveredInvitation:
    """Accept: the group's members can object then, as they can to anybody."""
    return group_invitations.accept(session, group_invitation_id=group_invitation_id)


@blp.post(
    f"{MINE}/<uuid:group_invitation_id>/refusal",
    WRITE,
    returns=GroupInvitationAnswer,
    status=201,
    errors=(409,),
)
def decline_group_invitation(session: Session, group_invitation_id: UUID) -> DeliveredInvitation:
    """Decline. Nobody is told."""
    return group_invitations.decline(session, group_invitation_id=group_invitation_id)
