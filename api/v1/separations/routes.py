"""/v1/cohorts/{cohort_id}/separations"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.separations.schemas import Separation, SeparationCreate
from tenants.cohorts.models import Cohort
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.matching import separations

blp = Blueprint("Separations", description="Participants who must not be in one group.")
READ, WRITE = Permission.MATCHING_READ, Permission.MATCHING_WRITE
ONE = "/cohorts/<uuid:cohort_id>/separations/<uuid:separation_id>"


@blp.list("/cohorts/<uuid:cohort_id>/separations", READ, returns=Separation, parent=Cohort)
def list_separations(session: Session, cohort_id: UUID) -> Select[Any]:
    """Who is kept apart in a cohort."""
    return separations.separations(cohort_id)


@blp.post(
    "/cohorts/<uuid:cohort_id>/separations",
    WRITE,
    body=SeparationCreate,
    returns=Separation,
    status=201,
    also=200,
    location="/v1/cohorts/{cohort_id}/separations/{id}",
)
def create_separation(session: Session, body: dict[str, Any], cohort_id: UUID) -> tuple[Row[Any], int]:
    """Keep participants apart (201), or find that they are (200). No reason is asked and none is kept."""
    separation_id, created = separations.create_separation(session, cohort_id=cohort_id, **body)
    found = separations.separation(session, cohort_id=cohort_id, separation_id=separation_id)
    return found, 201 if created else 200


@blp.get(ONE, READ, returns=Separation)
def get_separation(session: Session, cohort_id: UUID, separation_id: UUID) -> Row[Any]:
    """One separation."""
    return separations.separation(session, cohort_id=cohort_id, separation_id=separation_id)


@blp.delete(ONE, WRITE, status=204)
def delete_separation(session: Session, cohort_id: UUID, separation_id: UUID) -> None:
    """Let these participants be in one group again."""
    separations.delete_separation(session, cohort_id=cohort_id, separation_id=separation_id)
