"""/v1/cohorts"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.cohorts.schemas import Cohort, CohortCreate, CohortPatch, CohortQuery, Intake, IntakePatch
from tenants.cohorts import actions, models, queries
from tenants.cohorts.intake import intake
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

blp = Blueprint("Cohorts", description="One intake after another.")
READ, WRITE = Permission.PROGRAMS_READ, Permission.PROGRAMS_WRITE


@blp.list("/cohorts", READ, query=CohortQuery, returns=Cohort)
def list_cohorts(session: Session, program_id: UUID | None) -> Select[Any]:
    """The tenant's cohorts."""
    return queries.cohorts(program_id)


@blp.post(
    "/cohorts", WRITE, body=CohortCreate, returns=Cohort, status=201, location="/v1/cohorts/{id}", etag=True
)
def create_cohort(session: Session, body: dict[str, Any]) -> models.Cohort:
    """Open an intake."""
    return actions.create_cohort(session, **body)


@blp.get("/cohorts/<uuid:cohort_id>", READ, returns=Cohort, etag=True)
def get_cohort(session: Session, cohort_id: UUID) -> models.Cohort:
    """One cohort."""
    return row_of(session, models.Cohort, cohort_id)


@blp.patch("/cohorts/<uuid:cohort_id>", WRITE, body=CohortPatch, returns=Cohort, etag=True)
def edit_cohort(session: Session, body: dict[str, Any], cohort_id: UUID, if_match: IfMatch) -> models.Cohort:
    """Change a cohort's name or dates."""
    return actions.edit_cohort(session, cohort_id=cohort_id, changes=body, if_match=if_match)


@blp.get("/cohorts/<uuid:cohort_id>/intake", READ, returns=Intake, etag=True)
def get_intake(session: Session, cohort_id: UUID) -> Any:
    """Until when people of a cohort answer of themselves, and how many have."""
    return SimpleNamespace(**intake(session, cohort_id=cohort_id))


@blp.patch("/cohorts/<uuid:cohort_id>/intake", WRITE, body=IntakePatch, returns=Intake, etag=True)
def edit_intake(session: Session, body: dict[str, Any], cohort_id: UUID, if_match: IfMatch) -> Any:
    """Change its days, whose days they are, and when people are reminded."""
    actions.edit_cohort(session, cohort_id=cohort_id, changes=body, if_match=if_match)
    return SimpleNamespace(**intake(session, cohort_id=cohort_id))
