"""/v1/cohorts/{cohort_id}/participants and /v1/participants"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.participants.schemas import (
    Participant,
    ParticipantChange,
    ParticipantPatch,
    ParticipantQuery,
    ParticipantUpsert,
)
from tenants.cohorts import models, participants, queries
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import one
from tenants.kernel.session import Session

blp = Blueprint("Participants", description="Who takes part in a cohort, and what is known of them.")
READ, WRITE = Permission.PARTICIPANTS_READ, Permission.PARTICIPANTS_WRITE


@blp.list(
    "/cohorts/<uuid:cohort_id>/participants",
    READ,
    query=ParticipantQuery,
    returns=Participant,
    parent=models.Cohort,
)
def list_participants(session: Session, **given: Any) -> Select[Any]:
    """The participants of a cohort."""
    return queries.participants(*(name for name, value in given.items() if value is not None))


@blp.post(
    "/cohorts/<uuid:cohort_id>/participants",
    WRITE,
    body=ParticipantUpsert,
    returns=Participant,
    status=201,
    also=200,
    location="/v1/participants/{id}",
    etag=True,
)
def upsert_participant(session: Session, body: dict[str, Any], cohort_id: UUID) -> tuple[Row[Any], int]:
    """Add a participant (201), or change the one with this external id (200)."""
    participant, created = participants.upsert_participant(session, cohort_id=cohort_id, **body)
    return _shown(session, participant.id), 201 if created else 200


@blp.get("/participants/<uuid:participant_id>", READ, returns=Participant, etag=True)
def get_participant(session: Session, participant_id: UUID) -> Row[Any]:
    """One participant."""
    return _shown(session, participant_id)


@blp.patch(
    "/participants/<uuid:participant_id>", WRITE, body=ParticipantPatch, returns=Participant, etag=True
)
def edit_participant(
    session: Session, body: dict[str, Any], participant_id: UUID, if_match: IfMatch
) -> Row[Any]:
    """Change a participant; attributes and identifiers are merged by key."""
    participants.edit_participant(session, participant_id=participant_id, changes=body, if_match=if_match)
    return _shown(session, participant_id)


@blp.list(
    "/participants/<uuid:participant_id>/changes", READ, returns=ParticipantChange, parent=models.Participant
)
def list_participant_changes(session: Session, participant_id: UUID) -> Select[Any]:
    """What became known of a participant, and when."""
    return queries.changes_of_participant(participant_id)


def _shown(session: Session, participant_id: UUID) -> Row[Any]:
    return one(session, queries.participants("id"), "participant", id=participant_id)
