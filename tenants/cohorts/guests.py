"""Guests: people whom a partner nominated, who agreed, and whom the host takes into its cohort."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, literal, or_, select, text

from tenants.cohorts.models import Participant
from tenants.cohorts.participants import append_change
from tenants.cohorts.partner_models import Guest, GuestOffer, PartnerInvitation, PartnerNotice
from tenants.cohorts.partners import send, sent_invitations
from tenants.kernel import events
from tenants.kernel.errors import Conflict
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.people import invitations
from tenants.people.held import Giver
from tenants.people.models import Membership

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('guests of ' || :host, 0))")


def guests(session: Session) -> Select[Any]:
    """Those who agreed to be guests of the session's tenant, what they let it know, and as whom it took them in."""
    state = case((Guest.id.is_(None), literal("offered")), else_=literal("accepted"))
    columns: tuple[Any, ...] = (
        GuestOffer.id,
        GuestOffer.partner_invitation_id,
        PartnerInvitation.partner_name,
        PartnerInvitation.cohort_id,
        GuestOffer.name,
        GuestOffer.email,
        state.label("state"),
        Guest.membership_id,
        Guest.participant_id,
        GuestOffer.created_at,
    )
    return (
        select(*columns)
        # An offer counts from whoever the invitation was addressed to.
        .join(
            PartnerInvitation,
            (PartnerInvitation.id == GuestOffer.partner_invitation_id)
            & (PartnerInvitation.source_tenant_id == GuestOffer.tenant_id)
            & (PartnerInvitation.tenant_id == GuestOffer.source_tenant_id),
        )
        .outerjoin(Guest, (Guest.tenant_id == GuestOffer.tenant_id) & (Guest.id == GuestOffer.id))
        .where(GuestOffer.tenant_id == session.tenant_id)
    )


def accept_guest(session: Session, *, giver: Giver, guest_id: UUID) -> Any:
    """Take a guest in: a membership and a participant of one's own, and an invitation by letter to join as herself.

    The partner is told that this nominee of its takes part, in one row. Raises NotFound, and Conflict "accepted",
    "partnership_ended", or "known_address" where one of the tenant's own people has her address.
    """
    # Whoever comes second waits, and finds her taken in, or her address known.
    session.execute(_ONE_AT_A_TIME, {"host": str(session.tenant_id)})
    found = one(session, guests(session).where(GuestOffer.id == guest_id), "guest")
    if found.state == "accepted":
        raise Conflict("This guest has been taken in.", code="accepted")
    invited_by = sent_invitations(session).where(PartnerInvitation.id == found.partner_invitation_id)
    partnership = one(session, invited_by, "partner invitation")
    if partnership.state != "accepted":
        raise Conflict("This partnership has ended.", code="partnership_ended")
    _refuse_known(session, found.email)
    membership = Membership(
        id=new_id(), external_id=f"guest-{guest_id}", name=found.name, email=found.email, identifiers={}
    )
    session.add(membership)
    session.flush()
    participant = Participant(id=new_id(), cohort_id=found.cohort_id, membership_id=membership.id)
    session.add(participant)
    session.flush()
    append_change(session, participant, {}, state="eligible")
    session.add(Guest(id=guest_id, membership_id=membership.id, participant_id=participant.id))
    send(
        session,
        PartnerNotice(
            id=new_id(),
            tenant_id=partnership.partner_id,
            source_tenant_id=session.tenant_id,
            partner_invitation_id=partnership.id,
            nomination_id=guest_id,
            kind="takes_part",
        ),
    )
    invitation = invitations.invite(
        session, giver=giver, membership_id=membership.id, cohort_id=found.cohort_id
    )
    invitations.send(session, invitation_ids=[invitation.id])
    events.record(session, "guest.accepted", subject=participant)
    return one(session, guests(session).where(GuestOffer.id == guest_id), "guest")


def _refuse_known(session: Session, address: str) -> None:
    said = address.lower()
    own = select(Membership.id).where(
        or_(func.lower(Membership.email) == said, func.lower(Membership.chosen_email) == said)
    )
    if known := session.scalar(own.order_by(Membership.id).limit(1)):
        raise Conflict(
            f"Somebody of yours has this address: the membership {known}. If it is she, add her to the cohort.",
            code="known_address",
        )
