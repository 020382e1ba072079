"""Trials: /v1/cohorts/{cohort_id}/detectable-effect and /v1/matching-runs/{matching_run_id}/trial-results"""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.v1.trials.schemas import DetectableEffect, DetectableEffectQuery, TrialResults, TrialResultsQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.reporting import trials

blp = Blueprint("Trials", description="What a randomised start can find out, and what it has shown.")


@blp.get(
    "/cohorts/<uuid:cohort_id>/detectable-effect",
    Permission.MATCHING_READ,
    query=DetectableEffectQuery,
    returns=DetectableEffect,
)
def get_detectable_effect(session: Session, query: dict[str, Any], cohort_id: UUID) -> trials.Plan:
    """The smallest effect that a randomised start of those who could be placed now would find."""
    return trials.plan(session, cohort_id=cohort_id, **query)


@blp.get(
    "/matching-runs/<uuid:matching_run_id>/trial-results",
    Permission.REPORTS_READ,
    query=TrialResultsQuery,
    returns=TrialResults,
)
def get_trial_results(session: Session, query: dict[str, Any], matching_run_id: UUID) -> trials.Results:
    """How those who were drawn to start now fare by comparison with those who wait."""
    return trials.results(session, matching_run_id=matching_run_id, **query)
