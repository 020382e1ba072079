"""/v1/groups/{group_id}/health, and what the tenant is told of it"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.health.schemas import GroupBand, GroupHealth, Nudge
from tenants.cohorts.models import Cohort
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.support import health, nudges

blp = Blueprint("Health", description="How groups fare: told to the group first, to the tenant as a band.")
READ = Permission.GROUP_CONTENT_READ
NUDGES = "/groups/<uuid:group_id>/nudges"
NUDGE = f"{NUDGES}/<uuid:nudge_id>"


@blp.get("/groups/<uuid:group_id>/health", READ, returns=GroupHealth)
def get_group_health(session: Session, group_id: UUID) -> dict[str, Any]:
    """How one's group fares."""
    return health.health(session, group_id=group_id)


@blp.list("/cohorts/<uuid:cohort_id>/group-health", Permission.GROUPS_READ, returns=GroupBand, parent=Cohort)
def list_group_health(session: Session, cohort_id: UUID) -> Select[Any]:
    """How the groups of a cohort fare."""
    return health.group_bands(cohort_id)


@blp.list(NUDGES, READ, returns=Nudge)
def list_nudges(session: Session, group_id: UUID) -> Select[Any]:
    """When one's group was asked whether all is well."""
    return nudges.nudges(session, group_id=group_id)


@blp.get(NUDGE, READ, returns=Nudge)
def get_nudge(session: Session, group_id: UUID, nudge_id: UUID) -> Any:
    """One of these times."""
    return nudges.nudge(session, group_id=group_id, nudge_id=nudge_id)


@blp.put(f"{NUDGE}/answer", Permission.GROUP_CONTENT_WRITE, status=204)
def answer_nudge(session: Session, group_id: UUID, nudge_id: UUID) -> None:
    """Say that the group is there."""
    nudges.answer_nudge(session, group_id=group_id, nudge_id=nudge_id)
