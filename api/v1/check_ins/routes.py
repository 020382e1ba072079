"""/v1/groups/{group_id}/check-ins, and what becomes known of them"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.check_ins.schemas import CheckIn, CheckInCreate, CheckInResult, CheckInWindow, PooledCheckIn
from tenants.cohorts.models import Cohort
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.support import check_ins, models, tally

blp = Blueprint(
    "Check-ins",
    description="How it goes, answered for oneself; others learn bands from which no answer follows.",
)
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
CHECK_INS = "/groups/<uuid:group_id>/check-ins"


@blp.get("/groups/<uuid:group_id>/check-in-window", READ, returns=CheckInWindow)
def get_check_in_window(session: Session, group_id: UUID) -> models.CheckInWindow:
    """When and what one is asked now."""
    return check_ins.open_window(session, group_id=group_id)


@blp.list(CHECK_INS, READ, returns=CheckIn)
def list_check_ins(session: Session, group_id: UUID) -> Select[Any]:
    """What one answered oneself."""
    refuse_strangers(session, group_id)
    return check_ins.own_check_ins(group_id)


@blp.post(
    CHECK_INS,
    WRITE,
    body=CheckInCreate,
    returns=CheckIn,
    status=201,
    location="/v1/groups/{group_id}/check-ins",
    secrets=("answers",),
)
def check_in(session: Session, body: dict[str, Any], group_id: UUID) -> models.CheckIn:
    """Answer some of what is asked now."""
    return check_ins.check_in(session, group_id=group_id, **body)


@blp.delete(f"{CHECK_INS}/<uuid:check_in_id>", WRITE, status=204)
def take_back_check_in(session: Session, group_id: UUID, check_in_id: UUID) -> None:
    """Take answers back. What was published stands."""
    check_ins.take_back(session, group_id=group_id, check_in_id=check_in_id)


@blp.list("/groups/<uuid:group_id>/check-in-results", READ, returns=CheckInResult)
def list_check_in_results(session: Session, group_id: UUID) -> Select[Any]:
    """What the group is told of windows that have closed."""
    return tally.group_results(session, group_id=group_id)


@blp.list(
    "/cohorts/<uuid:cohort_id>/check-in-results", Permission.GROUPS_READ, returns=PooledCheckIn, parent=Cohort
)
def list_pooled_check_ins(session: Session, cohort_id: UUID) -> Select[Any]:
    """What you are told of all groups of a cohort together."""
    return tally.pooled_results(session, cohort_id=cohort_id)
