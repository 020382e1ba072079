"""/v1/matching-runs/{matching_run_id}/comparisons"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.comparisons.schemas import ComparedPerson, Comparison
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.matching import comparisons

blp = Blueprint("Comparisons", description="How another matching run of the same cohort differs from a run.")
PATH = "/matching-runs/<uuid:matching_run_id>/comparisons/<uuid:other_run_id>"


@blp.get(PATH, Permission.MATCHING_READ, returns=Comparison, errors=(409,))
def compare_matching_runs(session: Session, matching_run_id: UUID, other_run_id: UUID) -> Row[Any]:
    """What another run would change."""
    return comparisons.comparison(session, matching_run_id=matching_run_id, other_run_id=other_run_id)


@blp.list(
    f"{PATH}/people",
    Permission.MATCHING_READ,
    returns=ComparedPerson,
    pages="participant_id",
    errors=(409,),
)
def list_compared_people(session: Session, matching_run_id: UUID, other_run_id: UUID) -> Select[Any]:
    """What another run would change for each person."""
    return comparisons.compared_people(session, matching_run_id=matching_run_id, other_run_id=other_run_id)
