"""/v1/partner-invitations, /v1/received-partner-invitations, /v1/me/nominations and /v1/guests"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.partners.schemas import (
    Guest,
    GuestQuery,
    MyNomination,
    MyNominationAnswer,
    Nomination,
    NominationCreate,
    NominationQuery,
    PartnerAnswer,
    PartnerInvitation,
    PartnerInvitationCreate,
    PartnerInvitationQuery,
    ReceivedPartnerInvitation,
)
from tenants.cohorts import guests, nominations, partners
from tenants.cohorts.partner_models import GuestOffer
from tenants.cohorts.partner_models import Nomination as OwnNomination
from tenants.cohorts.partner_models import PartnerInvitation as Invitation
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import one, only
from tenants.kernel.session import Session

blp = Blueprint(
    "Partners", description="Tenants that nominate people of theirs for groups that another one hosts."
)
READ, WRITE = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE
SENT = "/partner-invitations"
RECEIVED = "/received-partner-invitations"
ONE = "<uuid:partner_invitation_id>"
OTHER = "<uuid:received_partner_invitation_id>"
NOMINATIONS = f"{RECEIVED}/{OTHER}/nominations"


@blp.list(SENT, READ, query=PartnerInvitationQuery, returns=PartnerInvitation)
def list_partner_invitations(session: Session, state: str | None) -> Select[Any]:
    """The partners that you invited, and how it stands with each."""
    return only(partners.sent_invitations(session), state=state)


@blp.post(
    SENT,
    WRITE,
    body=PartnerInvitationCreate,
    returns=PartnerInvitation,
    status=201,
    location="/v1/partner-invitations/{id}",
    errors=(409,),
)
def invite_partner(session: Session, body: dict[str, Any]) -> Any:
    """Invite another tenant to nominate people for one of your cohorts."""
    return _sent(session, partners.invite_partner(session, **body))


@blp.get(f"{SENT}/{ONE}", READ, returns=PartnerInvitation)
def get_partner_invitation(session: Session, partner_invitation_id: UUID) -> Any:
    """One of them."""
    return _sent(session, partner_invitation_id)


@blp.delete(f"{SENT}/{ONE}", WRITE, status=204)
def end_partnership(session: Session, partner_invitation_id: UUID) -> None:
    """Take no more guests by it. Who is one already stays one."""
    partners.end_partnership(session, partner_invitation_id=partner_invitation_id)


@blp.list(RECEIVED, READ, query=PartnerInvitationQuery, returns=ReceivedPartnerInvitation)
def list_received_partner_invitations(session: Session, state: str | None) -> Select[Any]:
    """The hosts that invited you, and how it stands with each."""
    return only(partners.received_invitations(session), state=state)


@blp.get(f"{RECEIVED}/{OTHER}", READ, returns=ReceivedPartnerInvitation)
def get_received_partner_invitation(session: Session, received_partner_invitation_id: UUID) -> Any:
    """One of them."""
    return partners.received(session, received_partner_invitation_id)


@blp.put(
    f"{RECEIVED}/{OTHER}/answer", WRITE, body=PartnerAnswer, returns=ReceivedPartnerInvitation, errors=(409,)
)
def answer_partner_invitation(
    session: Session, body: dict[str, Any], received_partner_invitation_id: UUID
) -> Any:
    """Accept what a host asks, decline it, or end it. Who is a guest already stays one."""
    partners.answer_invitation(session, partner_invitation_id=received_partner_invitation_id, **body)
    session.flush()
    return partners.received(session, received_partner_invitation_id)


@blp.list(NOMINATIONS, READ, query=NominationQuery, returns=Nomination)
def list_nominations(
    session: Session, received_partner_invitation_id: UUID, state: str | None
) -> Select[Any]:
    """Whom you nominated, and who of them takes part."""
    mine = nominations.nominations(session, partner_invitation_id=received_partner_invitation_id)
    return only(mine, state=state)


@blp.post(
    NOMINATIONS,
    WRITE,
    body=NominationCreate,
    returns=Nomination,
    status=201,
    location="/v1/received-partner-invitations/{received_partner_invitation_id}/nominations/{id}",
    errors=(409,),
)
def nominate(session: Session, body: dict[str, Any], received_partner_invitation_id: UUID) -> Any:
    """Nominate one of your people, who is asked. The host hears of her only if she agrees."""
    nomination_id = nominations.nominate(
        session, partner_invitation_id=received_partner_invitation_id, **body
    )
    return nominations.nomination(session, received_partner_invitation_id, nomination_id)


@blp.get(f"{NOMINATIONS}/<uuid:nomination_id>", READ, returns=Nomination)
def get_nomination(session: Session, received_partner_invitation_id: UUID, nomination_id: UUID) -> Any:
    """One of them."""
    return nominations.nomination(session, received_partner_invitation_id, nomination_id)


@blp.delete(f"{NOMINATIONS}/<uuid:nomination_id>", WRITE, status=204, errors=(409,))
def withdraw_nomination(session: Session, received_partner_invitation_id: UUID, nomination_id: UUID) -> None:
    """Take one back to which she has not agreed. For 30 days she is not nominated again."""
    nominations.withdraw(
        session, partner_invitation_id=received_partner_invitation_id, nomination_id=nomination_id
    )


@blp.list("/me/nominations", Permission.GROUP_CONTENT_READ, returns=MyNomination)
def list_my_nominations(session: Session) -> Select[Any]:
    """For whose groups one was nominated."""
    return nominations.nominations_of_member(session, g.caller.membership_id)


@blp.get("/me/nominations/<uuid:nomination_id>", Permission.GROUP_CONTENT_READ, returns=MyNomination)
def get_my_nomination(session: Session, nomination_id: UUID) -> Any:
    """One of them."""
    mine = nominations.nominations_of_member(session, g.caller.membership_id)
    return one(session, mine.where(OwnNomination.id == nomination_id), "nomination")


@blp.put(
    "/me/nominations/<uuid:nomination_id>/answer",
    Permission.GROUP_CONTENT_WRITE,
    body=MyNominationAnswer,
    returns=MyNomination,
    errors=(409,),
)
def answer_nomination(session: Session, body: dict[str, Any], nomination_id: UUID) -> Any:
    """Agree to be the host's guest, or decline, signed in as oneself. By agreeing one lets it know one's name and
    address. That one declines nobody is told.
    """
    return nominations.answer_nomination(
        session, membership_id=g.caller.membership_id, nomination_id=nomination_id, **body
    )


@blp.list("/guests", READ, query=GuestQuery, returns=Guest)
def list_guests(session: Session, state: str | None) -> Select[Any]:
    """Those who agreed to be your guests."""
    return only(guests.guests(session), state=state)


@blp.get("/guests/<uuid:guest_id>", READ, returns=Guest)
def get_guest(session: Session, guest_id: UUID) -> Any:
    """One of them."""
    return one(session, guests.guests(session).where(GuestOffer.id == guest_id), "guest")


@blp.post(
    "/guests/<uuid:guest_id>/acceptance",
    WRITE,
    returns=Guest,
    status=201,
    location="/v1/guests/{id}",
    errors=(409,),
)
def accept_guest(session: Session, guest_id: UUID) -> Any:
    """Take a guest into the cohort. She is invited by letter to join; her institution is told that she takes part."""
    return guests.accept_guest(session, giver=g.caller.giver, guest_id=guest_id)


def _sent(session: Session, partner_invitation_id: UUID) -> Any:
    rows = partners.sent_invitations(session).where(Invitation.id == partner_invitation_id)
    return one(session, rows, "partner invitation")
