"""/v1/groups/{group_id}/asks"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.asks.schemas import Ask, AskCreate, AskPatch, AskQuery
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.support import asks

blp = Blueprint("Asks", description="What members ask of their group and offer to it.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
ASKS = "/groups/<uuid:group_id>/asks"
ASK = f"{ASKS}/<uuid:ask_id>"


@blp.list(ASKS, READ, query=AskQuery, returns=Ask)
def list_asks(session: Session, group_id: UUID, kind: str | None, state: str | None) -> Select[Any]:
    """What is asked and offered."""
    refuse_strangers(session, group_id)
    return asks.asks(group_id, kind, state)


@blp.post(
    ASKS,
    WRITE,
    body=AskCreate,
    returns=Ask,
    status=201,
    location="/v1/groups/{group_id}/asks/{id}",
    etag=True,
)
def ask(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Ask, or offer."""
    return asks.ask(session, group_id=group_id, **body)


@blp.get(ASK, READ, returns=Ask, etag=True)
def get_ask(session: Session, group_id: UUID, ask_id: UUID) -> Any:
    """One of them."""
    return asks.ask_of(session, group_id=group_id, ask_id=ask_id)


@blp.patch(ASK, WRITE, body=AskPatch, returns=Ask, etag=True, errors=(403,))
def edit_ask(session: Session, body: dict[str, Any], group_id: UUID, ask_id: UUID, if_match: IfMatch) -> Any:
    """Change what one asked, or say that it is answered."""
    return asks.edit_ask(session, group_id=group_id, ask_id=ask_id, changes=body, if_match=if_match)


@blp.delete(ASK, WRITE, status=204, etag=True, errors=(403,))
def remove_ask(session: Session, group_id: UUID, ask_id: UUID, if_match: IfMatch) -> None:
    """Take it back."""
    asks.remove_ask(session, group_id=group_id, ask_id=ask_id, if_match=if_match)
