"""/v1/groups/{group_id}/checklists"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.checklists.schemas import Checklist, ChecklistCreate, ChecklistPatch
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.support import checklists

blp = Blueprint(
    "Checklists", description="What members want to have ready for talks with officers, mentors, trainees."
)
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
CHECKLISTS = "/groups/<uuid:group_id>/checklists"
CHECKLIST = f"{CHECKLISTS}/<uuid:checklist_id>"


@blp.list(CHECKLISTS, READ, returns=Checklist)
def list_checklists(session: Session, group_id: UUID) -> Select[Any]:
    """The group's checklists."""
    refuse_strangers(session, group_id)
    return checklists.checklists(group_id)


@blp.post(
    CHECKLISTS,
    WRITE,
    body=ChecklistCreate,
    returns=Checklist,
    status=201,
    location="/v1/groups/{group_id}/checklists/{id}",
    etag=True,
)
def make_checklist(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Make one."""
    return checklists.make_checklist(session, group_id=group_id, **body)


@blp.get(CHECKLIST, READ, returns=Checklist, etag=True)
def get_checklist(session: Session, group_id: UUID, checklist_id: UUID) -> Any:
    """One of them."""
    return checklists.checklist_of(session, group_id=group_id, checklist_id=checklist_id)


@blp.patch(CHECKLIST, WRITE, body=ChecklistPatch, returns=Checklist, etag=True, errors=(403,))
def edit_checklist(
    session: Session, body: dict[str, Any], group_id: UUID, checklist_id: UUID, if_match: IfMatch
) -> Any:
    """Change one's own."""
    return checklists.edit_checklist(
        session, group_id=group_id, checklist_id=checklist_id, changes=body, if_match=if_match
    )


@blp.delete(CHECKLIST, WRITE, status=204, etag=True, errors=(403,))
def remove_checklist(session: Session, group_id: UUID, checklist_id: UUID, if_match: IfMatch) -> None:
    """Take it back."""
    checklists.remove_checklist(session, group_id=group_id, checklist_id=checklist_id, if_match=if_match)
