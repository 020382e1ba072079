"""/v1/matching-runs/{matching_run_id}/analyses"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.analyses.schemas import Analysis
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching import analyses, models

blp = Blueprint("Analyses", description="What the rules of a matching run cost, and what plain ways reach.")
READ, WRITE = Permission.MATCHING_READ, Permission.MATCHING_WRITE
PATH = "/matching-runs/<uuid:matching_run_id>/analyses"


@blp.list(PATH, READ, returns=Analysis)
def list_analyses(session: Session, matching_run_id: UUID) -> Select[Any]:
    """The analyses of a run."""
    row_of(session, models.MatchingRun, matching_run_id)
    return analyses.analyses(matching_run_id)


@blp.post(
    PATH,
    WRITE,
    returns=Analysis,
    status=202,
    location="/v1/matching-runs/{matching_run_id}/analyses/{id}",
)
def order_analysis(session: Session, matching_run_id: UUID) -> Row[Any]:
    """Find in the background what each rule costs, by searching anew without it."""
    ordered = analyses.order_analysis(session, matching_run_id=matching_run_id)
    return analyses.analysis(session, matching_run_id=matching_run_id, analysis_id=ordered.id)


@blp.get(f"{PATH}/<uuid:analysis_id>", READ, returns=Analysis)
def get_analysis(session: Session, matching_run_id: UUID, analysis_id: UUID) -> Row[Any]:
    """One analysis and how far it is."""
    return analyses.analysis(session, matching_run_id=matching_run_id, analysis_id=analysis_id)
