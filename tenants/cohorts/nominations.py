"""Whom a partner nominates, and what she says to it. Until she agrees the host hears nothing of her.

The partner may be her employer: that she declined it is not told, by no event, state or refusal. To it a nomination
that she declined is one that she has not answered.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, exists, func, literal, select, text
from sqlalchemy.exc import IntegrityError

from tenants.cohorts.partner_models import GuestOffer, Nomination, PartnerInvitation, PartnerNotice
from tenants.cohorts.partners import agreed, received, send
from tenants.kernel import events
from tenants.kernel.addresses import Mailbox
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.mail import Letter, Templates, call_back, post
from tenants.kernel.rows import one, row_named
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.people.models import Membership
from tenants.people.queries import NAME

KIND = "nomination"
_LETTERS = Templates(Path(__file__).parent / "letters")
LEFT_ALONE = timedelta(days=30)
"""How long nobody is nominated anew by an invitation by which she was."""
_TOLD = case((Nomination.state == "declined", literal("nominated")), else_=Nomination.state)
_TENANT = text("SELECT name, slug FROM tenant")


def nominate(session: Session, *, partner_invitation_id: UUID, membership_id: UUID) -> UUID:
    """Nominate somebody of one's own, who is told by letter if she has an address. The nomination's id.

    Raises NotFound, Invalid for somebody unknown, or who has not joined, and Conflict "not_partners", "nominated" and,
    within 30 days after a nomination of hers was taken back, "nominated_lately".
    """
    agreed(session, partner_invitation_id)
    membership = row_named(session, Membership, membership_id, pointer="/membership_id")
    if membership.person_id is None:
        raise Invalid.field(
            "/membership_id", "not_joined", "She has not joined, and so cannot agree to it; invite her first."
        )
    lately = exists().where(
        Nomination.partner_invitation_id == partner_invitation_id,
        Nomination.membership_id == membership_id,
        Nomination.withdrawn_at > now() - LEFT_ALONE,
    )
    if session.scalar(select(lately)):
        raise Conflict("A nomination of hers was taken back within 30 days.", code="nominated_lately")
    nomination = Nomination(
        id=new_id(), partner_invitation_id=partner_invitation_id, membership_id=membership_id
    )
    session.add(nomination)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("She is nominated already.", code="nominated") from error
    post(session, KIND, subject_ids=[nomination.id])
    events.record(session, "nomination.made", subject=nomination)
    return nomination.id


def withdraw(session: Session, *, partner_invitation_id: UUID, nomination_id: UUID) -> None:
    """Take a nomination back to which she has not agreed. Raises NotFound, and Conflict "answered"."""
    nomination = session.get(Nomination, (session.tenant_id, nomination_id), with_for_update=True)
    if nomination is None or nomination.partner_invitation_id != partner_invitation_id:
        raise NotFound("nomination")
    if nomination.state in ("accepted", "withdrawn"):
        raise Conflict(f"This nomination is {nomination.state}.", code="answered")
    nomination.state, nomination.withdrawn_at = "withdrawn", now()
    call_back(session, KIND, subject_ids=[nomination_id])
    events.record(session, "nomination.withdrawn", subject=nomination)


def nominations(session: Session, *, partner_invitation_id: UUID) -> Select[Any]:
    """Whom a partner nominated by one invitation, and who of them takes part. Raises NotFound."""
    received(session, partner_invitation_id)
    since = (
        select(func.min(PartnerNotice.created_at))
        .where(
            PartnerNotice.tenant_id == Nomination.tenant_id,
            PartnerNotice.nomination_id == Nomination.id,
            PartnerNotice.kind == "takes_part",
            PartnerNotice.source_tenant_id == PartnerInvitation.source_tenant_id,
        )
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        Nomination.id,
        Nomination.membership_id,
        NAME,
        _TOLD.label("state"),
        Nomination.created_at,
        since.label("takes_part_since"),
    )
    return (
        select(*columns)
        .join(
            Membership,
            (Membership.tenant_id == Nomination.tenant_id) & (Membership.id == Nomination.membership_id),
        )
        .join(
            PartnerInvitation,
            (PartnerInvitation.tenant_id == Nomination.tenant_id)
            & (PartnerInvitation.id == Nomination.partner_invitation_id),
        )
        .where(Nomination.partner_invitation_id == partner_invitation_id)
    )


def nomination(session: Session, partner_invitation_id: UUID, nomination_id: UUID) -> Any:
    """One of them. Raises NotFound."""
    rows = nominations(session, partner_invitation_id=partner_invitation_id)
    return one(session, rows.where(Nomination.id == nomination_id), "nomination")


def nominations_of_member(session: Session, membership_id: UUID) -> Select[Any]:
    """For what somebody was nominated, and what she said to it: that she declined only to who signed in as herself."""
    herself = session.info.get("person_id") is not None
    columns: tuple[Any, ...] = (
        Nomination.id,
        PartnerInvitation.host_name,
        PartnerInvitation.program_name,
        PartnerInvitation.cohort_name,
        Nomination.state if herself else _TOLD.label("state"),
        Nomination.created_at,
    )
    return (
        select(*columns)
        .join(
            PartnerInvitation,
            (PartnerInvitation.tenant_id == Nomination.tenant_id)
            & (PartnerInvitation.id == Nomination.partner_invitation_id),
        )
        .where(Nomination.membership_id == membership_id)
    )


def answer_nomination(
    session: Session,
    *,
    membership_id: UUID,
    nomination_id: UUID,
    answer: str,
    name: str | None = None,
    email: str | None = None,
) -> Any:
    """Agree to become the host's guest, or decline. Then the host is told the name and the address: hers here, or what
    she gives.

    Raises NotFound, Forbidden "not_personal" unless she signed in as herself, Conflict "answered" and "not_partners",
    and Invalid where there is no address or no name.
    """
    if session.info.get("person_id") is None:
        raise Forbidden("Sign in as yourself to answer a nomination.", code="not_personal")
    nomination = session.get(Nomination, (session.tenant_id, nomination_id), with_for_update=True)
    if nomination is None or nomination.membership_id != membership_id:
        raise NotFound("nomination")
    if nomination.state != "nominated":
        raise Conflict(f"This nomination is {nomination.state}.", code="answered")
    if answer == "accepted":
        _offer(session, nomination, name, email)
    nomination.state = answer
    session.flush()
    if answer == "accepted":
        events.record(session, "nomination.accepted", subject=nomination, changed=["state"])
    rows = nominations_of_member(session, membership_id)
    return one(session, rows.where(Nomination.id == nomination_id), "nomination")


def _offer(session: Session, nomination: Nomination, name: str | None, email: str | None) -> None:
    found = agreed(session, nomination.partner_invitation_id)
    member = session.get_one(Membership, (session.tenant_id, nomination.membership_id))
    name, email = name or member.shown_name, email or member.address
    for pointer, value in (("/name", name), ("/email", email)):
        if value is None:
            raise Invalid.field(pointer, "required", "The host needs it, and it is not known here.")
    send(
        session,
        GuestOffer(
            id=nomination.id,
            tenant_id=found.source_tenant_id,
            source_tenant_id=session.tenant_id,
            partner_invitation_id=nomination.partner_invitation_id,
            name=name,
            email=email,
        ),
    )


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """The letter to whoever was nominated; None once she has answered, or where she has no address."""
    nomination = session.get(Nomination, (session.tenant_id, subject_id))
    if nomination is None or nomination.state != "nominated":
        return None
    member = session.get_one(Membership, (session.tenant_id, nomination.membership_id))
    if member.address is None:
        return None
    tenant = session.execute(_TENANT).one()
    found = received(session, nomination.partner_invitation_id)
    to = Mailbox(member.address, member.shown_name or "")
    return _LETTERS.letter(
        "nomination",
        to=to,
        tenant=tenant.name,
        name=member.shown_name,
        host=found.host_name,
        program=found.program_name,
        url=f"{settings.public_url}/sign-in/{tenant.slug}",
    )
