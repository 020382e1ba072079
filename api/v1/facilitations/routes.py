"""/v1/groups/{group_id}/facilitator, and /v1/me/facilitations"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.facilitations.schemas import (
    Facilitation,
    FacilitationAcceptance,
    Facilitator,
    FacilitatorPut,
    ListedFacilitation,
)
from tenants.groups.models import Group
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.support import care_models, facilitators

blp = Blueprint(
    "Facilitators", description="Who facilitates a group. It opens nothing that the group writes."
)
WRITE = Permission.GROUPS_WRITE
FACILITATOR, OWN = "/groups/<uuid:group_id>/facilitator", "/me/facilitations/<uuid:facilitation_id>"


@blp.put(FACILITATOR, WRITE, body=FacilitatorPut, returns=Facilitation, errors=(409,))
def ask_facilitator(session: Session, body: dict[str, Any], group_id: UUID) -> care_models.Facilitation:
    """Ask somebody to facilitate a group; she is attached once she has said what she must report."""
    return facilitators.attach_facilitator(session, group_id=group_id, **body)


@blp.delete(FACILITATOR, WRITE, status=204)
def detach_facilitator(session: Session, group_id: UUID) -> None:
    """Let a group have no facilitator any more."""
    facilitators.detach_facilitator(session, group_id=group_id)


@blp.list("/groups/<uuid:group_id>/facilitations", Permission.GROUPS_READ, returns=ListedFacilitation)
def list_facilitations(session: Session, group_id: UUID) -> Select[Any]:
    """Who facilitates a group, did, or was asked to."""
    row_of(session, Group, group_id, "group")
    return facilitators.facilitations(group_id, accepted=False)


@blp.list("/groups/<uuid:group_id>/facilitators", Permission.GROUP_CONTENT_READ, returns=Facilitator)
def list_facilitators(session: Session, group_id: UUID) -> Select[Any]:
    """Who facilitates one's group, and what she has to report."""
    refuse_strangers(session, group_id)
    return facilitators.facilitations(group_id, accepted=True)


@blp.list("/me/facilitations", Permission.ME_READ, returns=ListedFacilitation)
def list_my_facilitations(session: Session) -> Select[Any]:
    """Which groups one facilitates, did, or is asked to."""
    return facilitators.facilitations_of(g.caller.membership_id)


@blp.get(OWN, Permission.ME_READ, returns=ListedFacilitation)
def get_my_facilitation(session: Session, facilitation_id: UUID) -> Row[Any]:
    """A group that one facilitates, did, or is asked to."""
    return facilitators.facilitation_of(
        session, membership_id=g.caller.membership_id, facilitation_id=facilitation_id
    )


@blp.delete(OWN, Permission.ME_WRITE, status=204, errors=(409,))
def give_up_facilitation(session: Session, facilitation_id: UUID) -> None:
    """Decline to facilitate a group, or stop. No reason is asked."""
    facilitators.give_up_facilitation(session, facilitation_id=facilitation_id)


@blp.put(
    f"{OWN}/acceptance",
    Permission.ME_WRITE,
    body=FacilitationAcceptance,
    returns=Facilitation,
    errors=(409,),
)
def accept_facilitation(
    session: Session, body: dict[str, Any], facilitation_id: UUID
) -> care_models.Facilitation:
    """Facilitate a group, having said what one would have to report."""
    return facilitators.accept_facilitation(session, facilitation_id=facilitation_id, **body)
