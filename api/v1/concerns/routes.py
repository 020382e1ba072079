"""/v1/groups/{group_id}/concerns, and /v1/concerns of those whom they reach"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.concerns.schemas import (
    SAID,
    Concern,
    ConcernCreate,
    ConcernPatch,
    ConcernReaderQuery,
    ConcernReaders,
    ConcernSummary,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.support import concern_readers, concerns

blp = Blueprint(
    "Concerns", description="What members tell in confidence, of those whom they name as its readers."
)
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
CONCERN = "/concerns/<uuid:concern_id>"


@blp.get("/groups/<uuid:group_id>/concern-readers", READ, query=ConcernReaderQuery, returns=ConcernReaders)
def get_concern_readers(session: Session, query: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """Whom a concern of one's own would reach, by name. Both kinds reach the same.

    Each of them reads it signed in as herself, and whoever runs an institution's sign-in does not.
    """
    found = concern_readers.readers_of(session, group_id=group_id)
    return {"readers": found, "instead": None if found else concern_readers.NOBODY}


@blp.post(
    "/groups/<uuid:group_id>/concerns",
    WRITE,
    body=ConcernCreate,
    returns=Concern,
    status=201,
    location="/v1/concerns/{id}",
    etag=True,
    secrets=SAID,
    errors=(409,),
)
def send_concern(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Send a concern to its readers, if they are those whom one saw."""
    return concerns.send_concern(session, group_id=group_id, **body)


@blp.list("/concerns", READ, returns=ConcernSummary)
def list_concerns(session: Session) -> Select[Any]:
    """What was sent to one."""
    return concerns.concerns_to(g.caller.membership_id)


@blp.list("/me/concerns", READ, returns=ConcernSummary)
def list_my_concerns(session: Session) -> Select[Any]:
    """What one sent, and what became of it."""
    return concerns.concerns_of(g.caller.membership_id)


@blp.get(CONCERN, READ, returns=Concern, etag=True)
def get_concern(session: Session, concern_id: UUID) -> Any:
    """One of them, sent or received, with its words."""
    return concerns.concern(session, concern_id=concern_id)


@blp.patch(CONCERN, WRITE, body=ConcernPatch, returns=Concern, etag=True, errors=(403,))
def settle_concern(session: Session, body: dict[str, Any], concern_id: UUID, if_match: IfMatch) -> Any:
    """Say that it was received, or handled."""
    return concerns.settle_concern(session, concern_id=concern_id, changes=body, if_match=if_match)
