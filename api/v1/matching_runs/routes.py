"""/v1/matching-runs"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.matching_runs.options import AdjustmentCreate
from api.v1.matching_runs.schemas import (
    Acceptance,
    MatchingRun,
    MatchingRunCreate,
    MatchingRunQuery,
    Placement,
    ProposedGroup,
    UnplacedParticipant,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching import acceptance, actions, adjustments, models, queries

blp = Blueprint("Matching runs", description="Groups formed in the background, proposed, then accepted.")
READ, WRITE = Permission.MATCHING_READ, Permission.MATCHING_WRITE


@blp.list("/matching-runs", READ, query=MatchingRunQuery, returns=MatchingRun)
def list_matching_runs(session: Session, cohort_id: UUID | None, simulation: bool) -> Select[Any]:
    """The tenant's runs, or its simulations."""
    return queries.matching_runs(cohort_id).where(models.MatchingRun.simulation.is_(simulation))


@blp.post(
    "/matching-runs",
    WRITE,
    body=MatchingRunCreate,
    returns=MatchingRun,
    status=202,
    location="/v1/matching-runs/{id}",
)
def start_matching_run(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Form groups in the background."""
    run = actions.start_run(session, **body)
    return queries.matching_run(session, matching_run_id=run.id)


@blp.get("/matching-runs/<uuid:matching_run_id>", READ, returns=MatchingRun)
def get_matching_run(session: Session, matching_run_id: UUID) -> Row[Any]:
    """One run and how far it is."""
    return queries.matching_run(session, matching_run_id=matching_run_id)


@blp.list(
    "/matching-runs/<uuid:matching_run_id>/proposed-groups", READ, returns=ProposedGroup, pages="position"
)
def list_proposed_groups(session: Session, matching_run_id: UUID) -> Select[Any]:
    """The groups that a run suggests, in their order."""
    row_of(session, models.MatchingRun, matching_run_id)
    return queries.proposed_groups(matching_run_id)


@blp.list("/matching-runs/<uuid:matching_run_id>/placements", READ, returns=Placement)
def list_placements(session: Session, matching_run_id: UUID) -> Select[Any]:
    """Why each member is in the group where a run suggests them, for the organiser and for the member."""
    row_of(session, models.MatchingRun, matching_run_id)
    return queries.placements(matching_run_id)


@blp.list("/matching-runs/<uuid:matching_run_id>/unplaced", READ, returns=UnplacedParticipant)
def list_unplaced(session: Session, matching_run_id: UUID) -> Select[Any]:
    """Whom a run places in no group, and why."""
    row_of(session, models.MatchingRun, matching_run_id)
    return queries.unplaced(matching_run_id)


@blp.post(
    "/matching-runs/<uuid:matching_run_id>/adjustments",
    WRITE,
    body=AdjustmentCreate,
    returns=MatchingRun,
    status=202,
    location="/v1/matching-runs/{id}",
)
def adjust_matching_run(session: Session, body: dict[str, Any], matching_run_id: UUID) -> Row[Any]:
    """Move people in what a run suggests, or lock some and place the others anew: as another run, to be compared
    with this one and accepted in its place."""
    run = adjustments.adjust_run(session, matching_run_id=matching_run_id, **body)
    return queries.matching_run(session, matching_run_id=run.id)


@blp.post("/matching-runs/<uuid:matching_run_id>/acceptance", WRITE, returns=Acceptance, status=201)
def accept_matching_run(session: Session, matching_run_id: UUID) -> Row[Any]:
    """Form the groups that a run suggests, once."""
    return acceptance.accept_run(session, matching_run_id=matching_run_id)
