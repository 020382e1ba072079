"""/v1/cohorts/{cohort_id}/survey-waves with what is told of them, and /v1/me/surveys"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.surveys.schemas import (
    Survey,
    SurveyChange,
    SurveyResponse,
    SurveyResponsePut,
    SurveyResult,
    SurveyWave,
    SurveyWaveCreate,
)
from tenants.cohorts.models import Cohort
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.outcomes.surveys import models, responses, waves

blp = Blueprint(
    "Surveys",
    description="Instruments asked in waves: answered for oneself, told as distributions over eleven or more.",
)
READ, WRITE, TOLD = Permission.PROGRAMS_READ, Permission.PROGRAMS_WRITE, Permission.REPORTS_READ
OWN, ANSWER = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
WAVES = "/cohorts/<uuid:cohort_id>/survey-waves"
WAVE = "/survey-waves/<uuid:survey_wave_id>"
SURVEY = "/me/surveys/<uuid:survey_id>"


@blp.list(WAVES, READ, returns=SurveyWave, parent=Cohort)
def list_survey_waves(session: Session, cohort_id: UUID) -> Select[Any]:
    """When a cohort was and will be asked."""
    return waves.waves_of_cohort(cohort_id)


@blp.post(
    WAVES,
    WRITE,
    body=SurveyWaveCreate,
    returns=SurveyWave,
    status=201,
    location="/v1/survey-waves/{id}",
    errors=(409,),
)
def plan_survey_wave(session: Session, body: dict[str, Any], cohort_id: UUID) -> models.SurveyWave:
    """Ask the people of a cohort an instrument."""
    return waves.plan_wave(session, cohort_id=cohort_id, **body)


@blp.get(WAVE, READ, returns=SurveyWave)
def get_survey_wave(session: Session, survey_wave_id: UUID) -> models.SurveyWave:
    """One of them."""
    return row_of(session, models.SurveyWave, survey_wave_id)


@blp.delete(WAVE, WRITE, status=204, errors=(409,))
def call_survey_wave_off(session: Session, survey_wave_id: UUID) -> None:
    """Call off a wave that has not opened."""
    waves.call_wave_off(session, survey_wave_id=survey_wave_id)


@blp.list(f"{WAVE}/results", TOLD, returns=SurveyResult, parent=models.SurveyWave)
def list_survey_results(session: Session, survey_wave_id: UUID) -> Select[Any]:
    """What is told of each scale; nothing of fewer than eleven, nor what would tell of a few."""
    return waves.results_of(survey_wave_id)


@blp.list(f"{WAVE}/changes", TOLD, returns=SurveyChange, parent=models.SurveyWave)
def list_survey_changes(session: Session, survey_wave_id: UUID) -> Select[Any]:
    """How the same people have changed since the first wave."""
    return waves.changes_of(survey_wave_id)


@blp.list("/me/surveys", OWN, returns=Survey)
def list_my_surveys(session: Session) -> Select[Any]:
    """What one is asked now."""
    return responses.surveys_of(g.caller.membership_id)


@blp.get(SURVEY, OWN, returns=Survey)
def get_my_survey(session: Session, survey_id: UUID) -> Row[Any]:
    """One of them."""
    return responses.survey_of(session, survey_id=survey_id)


@blp.get(f"{SURVEY}/response", OWN, returns=SurveyResponse, errors=(403,))
def get_my_survey_response(session: Session, survey_id: UUID) -> models.SurveyResponse:
    """What one answered oneself."""
    return responses.own_response(session, survey_id=survey_id)


@blp.put(f"{SURVEY}/response", ANSWER, body=SurveyResponsePut, returns=SurveyResponse, errors=(403,))
def respond_to_survey(session: Session, body: dict[str, Any], survey_id: UUID) -> models.SurveyResponse:
    """Answer, or decline, in place of what one said before; until the survey closes."""
    return responses.respond(session, survey_id=survey_id, **body)


@blp.delete(f"{SURVEY}/response", ANSWER, status=204, errors=(403,))
def take_survey_response_back(session: Session, survey_id: UUID) -> None:
    """Take it back, at any time. What was published stands."""
    responses.take_response_back(session, survey_id=survey_id)
