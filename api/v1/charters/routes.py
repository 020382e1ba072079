"""/v1/groups/{group_id}/charter"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.charters.schemas import Charter, CharterVersion, CharterVersionCreate
from tenants.groups import charter, models
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session

blp = Blueprint("Charters", description="What groups agree among themselves: for their members' eyes only.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
VERSIONS = "/groups/<uuid:group_id>/charter/versions"


@blp.get("/groups/<uuid:group_id>/charter", READ, returns=Charter)
def get_charter(session: Session, group_id: UUID) -> charter.Charter:
    """What holds now."""
    return charter.charter_in_force(session, group_id=group_id)


@blp.list(VERSIONS, READ, returns=CharterVersion)
def list_charter_versions(session: Session, group_id: UUID) -> Select[Any]:
    """The versions since one was let in, and the one that holds."""
    refuse_strangers(session, group_id)
    return charter.charter_versions(group_id)


@blp.post(
    VERSIONS,
    WRITE,
    body=CharterVersionCreate,
    returns=CharterVersion,
    status=201,
    location="/v1/groups/{group_id}/charter/versions/{number}",
    errors=(409,),
)
def write_charter(session: Session, body: dict[str, Any], group_id: UUID) -> models.CharterVersion:
    """Agree on a new version. Its text is in no answer but the charter's own."""
    return charter.write_charter(session, group_id=group_id, **body)


@blp.get(f"{VERSIONS}/<int:number>", READ, returns=Charter)
def get_charter_version(session: Session, group_id: UUID, number: int) -> charter.Charter:
    """One version, if it is for one to read."""
    return charter.charter_version(session, group_id=group_id, number=number)
