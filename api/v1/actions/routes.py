"""/v1/groups/{group_id}/actions, and /v1/me/actions"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.actions.schemas import Action, ActionCreate, ActionPatch, ActionQuery, MyAction, MyActionQuery
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.meetings import group_actions
from tenants.outcomes.links import refuse_others_product

blp = Blueprint("Actions", description="What members of a group took on.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
ACTIONS = "/groups/<uuid:group_id>/actions"
ACTION = f"{ACTIONS}/<uuid:action_id>"


@blp.list(ACTIONS, READ, query=ActionQuery, returns=Action)
def list_actions(session: Session, group_id: UUID, state: str | None, owner_id: UUID | None) -> Select[Any]:
    """What was taken on."""
    refuse_strangers(session, group_id)
    return only(group_actions.actions(group_id), owner_id=owner_id, state=state)


@blp.post(
    ACTIONS,
    WRITE,
    body=ActionCreate,
    returns=Action,
    status=201,
    location="/v1/groups/{group_id}/actions/{id}",
    etag=True,
)
def take_action_on(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Take something on, or note that another member does."""
    refuse_others_product(session, product_id=body.get("product_id"))
    return group_actions.take_on(session, group_id=group_id, **body)


@blp.get(ACTION, READ, returns=Action, etag=True)
def get_action(session: Session, group_id: UUID, action_id: UUID) -> Any:
    """One of them."""
    return group_actions.action_of(session, group_id=group_id, action_id=action_id)


@blp.patch(ACTION, WRITE, body=ActionPatch, returns=Action, etag=True, errors=(403,))
def edit_action(
    session: Session, body: dict[str, Any], group_id: UUID, action_id: UUID, if_match: IfMatch
) -> Any:
    """Say what became of it; its words are their author's alone to change."""
    refuse_others_product(session, product_id=body.get("product_id"))
    return group_actions.edit_action(
        session, group_id=group_id, action_id=action_id, changes=body, if_match=if_match
    )


@blp.delete(ACTION, WRITE, status=204, etag=True, errors=(403,))
def remove_action(session: Session, group_id: UUID, action_id: UUID, if_match: IfMatch) -> None:
    """Take it back."""
    group_actions.remove_action(session, group_id=group_id, action_id=action_id, if_match=if_match)


@blp.list("/me/actions", READ, query=MyActionQuery, returns=MyAction)
def list_my_actions(session: Session, state: str | None) -> Select[Any]:
    """What one took on in all of one's groups."""
    return only(group_actions.actions(owner_id=g.caller.membership_id), state=state)
