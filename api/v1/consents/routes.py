"""Consents: /v1/participants/{participant_id}/consents, /v1/cohorts/{cohort_id}/consents, /v1/me/consents"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.consents.schemas import (
    Consent,
    MyConsent,
    MyConsentCreate,
    MyConsentEntry,
    PaperConsent,
    PaperConsentCounts,
    PaperConsents,
)
from tenants.cohorts import consents, models
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

blp = Blueprint("Consents", description="What people agreed to, and what they object to.")
READ, WRITE = Permission.PARTICIPANTS_READ, Permission.PARTICIPANTS_WRITE


@blp.list(
    "/participants/<uuid:participant_id>/consents",
    READ,
    returns=Consent,
    pages="place",
    parent=models.Participant,
)
def list_consents(session: Session, participant_id: UUID) -> Select[Any]:
    """What holds for each purpose of a participant's program."""
    return consents.consents(participant=participant_id)


@blp.post(
    "/participants/<uuid:participant_id>/consents",
    WRITE,
    body=PaperConsent,
    returns=Consent,
    status=201,
    also=200,
    errors=(409,),
)
def note_consent(session: Session, body: dict[str, Any], participant_id: UUID) -> tuple[Row[Any], int]:
    """Record that a participant agreed on paper (201), or find that this is known (200).

    Only the person herself objects, withdraws, and agrees again.
    """
    new = consents.note_consent(session, participant_id=participant_id, **body)
    cohort_id = row_of(session, models.Participant, participant_id).cohort_id
    program_id = row_of(session, models.Cohort, cohort_id).program_id
    about = {"purpose": body["purpose"], "funder": body.get("funder"), "program_id": program_id}
    return consents.consent(session, participant=participant_id, **about), 201 if new else 200


@blp.post(
    "/cohorts/<uuid:cohort_id>/consents", WRITE, body=PaperConsents, returns=PaperConsentCounts, status=201
)
def note_consents(session: Session, body: dict[str, Any], cohort_id: UUID) -> dict[str, int]:
    """Record that these participants of a cohort agreed on paper. Whoever refused has not."""
    return consents.note_consents(session, cohort_id=cohort_id, **body)


@blp.list("/me/consents", Permission.ME_READ, returns=MyConsent, pages="place")
def list_my_consents(session: Session) -> Select[Any]:
    """What holds for each purpose of the programs that one takes part in."""
    return consents.consents(member=_me())


@blp.post(
    "/me/consents",
    Permission.ME_WRITE,
    body=MyConsentCreate,
    returns=MyConsent,
    status=201,
    also=200,
    errors=(409,),
)
def decide(session: Session, body: dict[str, Any]) -> tuple[Row[Any], int]:
    """Agree, object or withdraw (201), or find that one has said so already (200)."""
    new = consents.decide(session, membership_id=_me(), **body)
    about = {"program_id": body["program_id"], "purpose": body["purpose"], "funder": body.get("funder")}
    return consents.consent(session, member=_me(), **about), 201 if new else 200


@blp.list("/me/consent-entries", Permission.ME_READ, returns=MyConsentEntry)
def list_my_consent_entries(session: Session) -> Select[Any]:
    """All that was ever said of how one's data is used, by oneself or on a form."""
    return consents.consent_entries(_me())


def _me() -> UUID:
    membership_id: UUID = g.caller.membership_id
    return membership_id
