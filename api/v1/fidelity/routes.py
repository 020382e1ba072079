"""/v1/groups/{group_id}/fidelity, for organisers, and the same for members"""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.v1.fidelity.schemas import Fidelity, FidelityPut
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.matching import fidelity

blp = Blueprint(
    "Fidelity", description="What groups keep of the model, as organisers and members both see it."
)
OF_GROUP = "/groups/<uuid:group_id>/fidelity"


@blp.get(OF_GROUP, Permission.GROUPS_READ, returns=Fidelity)
def get_fidelity(session: Session, group_id: UUID) -> dict[str, Any]:
    """What a group keeps of its recipe's list."""
    return {"items": fidelity.fidelity(session, group_id=group_id)}


@blp.put(OF_GROUP, Permission.GROUPS_WRITE, body=FidelityPut, returns=Fidelity)
def put_fidelity(session: Session, body: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """Tick what a group keeps, as its organiser."""
    return {"items": fidelity.tick(session, group_id=group_id, said_by="organiser", **body)}


@blp.get(f"{OF_GROUP}/by-members", Permission.GROUP_CONTENT_READ, returns=Fidelity)
def get_fidelity_by_members(session: Session, group_id: UUID) -> dict[str, Any]:
    """What one's group keeps. Organisers see it too."""
    refuse_strangers(session, group_id)
    return {"items": fidelity.fidelity(session, group_id=group_id)}


@blp.put(f"{OF_GROUP}/by-members", Permission.GROUP_CONTENT_WRITE, body=FidelityPut, returns=Fidelity)
def put_fidelity_by_members(session: Session, body: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """Tick what one's group keeps. Organisers see it too, and not who ticked it."""
    refuse_strangers(session, group_id)
    return {"items": fidelity.tick(session, group_id=group_id, said_by="group", **body)}
