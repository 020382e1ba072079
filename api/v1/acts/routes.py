"""/v1/groups/{group_id}/acts, and what they come to"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.acts.schemas import Act, ActCreate, ActQuery, Balance, Reciprocity
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.support import acts

blp = Blueprint("Acts", description="Who did what for whom in a group, for the group alone.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
ACTS = "/groups/<uuid:group_id>/acts"
ACT = f"{ACTS}/<uuid:act_id>"


@blp.list(ACTS, READ, query=ActQuery, returns=Act)
def list_acts(session: Session, group_id: UUID, member_id: UUID | None, kind: str | None) -> Select[Any]:
    """What was done."""
    refuse_strangers(session, group_id)
    return only(acts.acts(group_id, member_id), kind=kind)


@blp.post(ACTS, WRITE, body=ActCreate, returns=Act, status=201, location="/v1/groups/{group_id}/acts/{id}")
def note_act(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Note what one did for another, or another for oneself."""
    return acts.note_act(session, group_id=group_id, **body)


@blp.get(ACT, READ, returns=Act)
def get_act(session: Session, group_id: UUID, act_id: UUID) -> Any:
    """One of them."""
    return acts.act_of(session, group_id=group_id, act_id=act_id)


@blp.delete(ACT, WRITE, status=204, errors=(403,))
def remove_act(session: Session, group_id: UUID, act_id: UUID) -> None:
    """Take back what one noted."""
    acts.remove_act(session, group_id=group_id, act_id=act_id)


@blp.get("/groups/<uuid:group_id>/balance", READ, returns=Balance)
def get_balance(session: Session, group_id: UUID) -> acts.Balance:
    """What one gave and received oneself."""
    return acts.own_balance(session, group_id=group_id)


@blp.get("/groups/<uuid:group_id>/reciprocity", READ, returns=Reciprocity)
def get_reciprocity(session: Session, group_id: UUID) -> acts.Flow:
    """Whether help in the group goes one way."""
    return acts.flow(session, group_id=group_id)
