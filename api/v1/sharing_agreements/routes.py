"""/v1/sharing-agreements"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.sharing_agreements.schemas import (
    SharingAgreement,
    SharingAgreementCreate,
    SharingAgreementQuery,
    SharingMatch,
    SharingSignature,
    SharingSignatureWrite,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.reporting import agreements, listed_awards

blp = Blueprint(
    "Sharing agreements", description="What an institution reports to a funder, signed by both sides."
)
READ, SIGN = Permission.REPORTS_READ, Permission.RELEASES_APPROVE
ALL, ONE = "/sharing-agreements", "/sharing-agreements/<uuid:sharing_agreement_id>"


@blp.list(ALL, READ, query=SharingAgreementQuery, returns=SharingAgreement)
def list_sharing_agreements(session: Session, **filters: Any) -> Select[Any]:
    """Your agreements, on whichever side."""
    return only(agreements.agreements(session), **filters)


@blp.post(
    ALL,
    SIGN,
    body=SharingAgreementCreate,
    returns=SharingAgreement,
    status=201,
    location="/v1/sharing-agreements/{id}",
)
def offer_sharing_agreement(session: Session, body: dict[str, Any]) -> Any:
    """Offer another tenant an agreement, and sign it."""
    return agreements.agreement(session, agreements.offer_agreement(session, **body))


@blp.get(ONE, READ, returns=SharingAgreement)
def get_sharing_agreement(session: Session, sharing_agreement_id: UUID) -> Any:
    """One of them."""
    return agreements.agreement(session, sharing_agreement_id)


@blp.put(f"{ONE}/signature", SIGN, body=SharingSignatureWrite, returns=SharingAgreement, errors=(409,))
def sign_sharing_agreement(session: Session, body: dict[str, Any], sharing_agreement_id: UUID) -> Any:
    """Sign or decline what the other side offers, or end, as of a day, what you offered or signed."""
    agreements.sign_agreement(session, agreement_id=sharing_agreement_id, **body)
    return agreements.agreement(session, sharing_agreement_id)


@blp.list(f"{ONE}/signatures", READ, returns=SharingSignature)
def list_sharing_signatures(session: Session, sharing_agreement_id: UUID) -> Select[Any]:
    """What both sides said to it."""
    return agreements.signatures(session, agreement_id=sharing_agreement_id)


@blp.list(f"{ONE}/matches", Permission.OUTCOMES_READ, returns=SharingMatch, errors=(409,))
def list_sharing_matches(session: Session, sharing_agreement_id: UUID) -> Select[Any]:
    """Who of your people has an award of its list: whom to ask whether she agrees. The funder is never told."""
    return listed_awards.matches(session, agreement_id=sharing_agreement_id)
