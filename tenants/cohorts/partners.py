"""A host and its partners: who is invited to nominate people, and how it stands between the two."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, literal, select, text

from tenants.cohorts.models import Cohort, Program
from tenants.cohorts.partner_models import GuestOffer, PartnerAnswer, PartnerInvitation, PartnerNotice
from tenants.kernel import events
from tenants.kernel.errors import Conflict, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one, row_named
from tenants.kernel.session import Session

_BY_SLUG = text("SELECT id, name FROM door.tenant_by_slug(:slug) WHERE state = 'open'")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
_OWN_NAME = text("SELECT name FROM tenant")
_TELL = text("SELECT door.tell_addressee(:sent)")
OPEN, ACCEPTED, DECLINED = "invited", "accepted", "declined"


def invite_partner(session: Session, *, cohort_id: UUID, partner: str, message: str | None = None) -> UUID:
    """Invite the tenant of this slug to nominate people for a cohort.

    Raises Invalid for an unknown tenant or cohort and for oneself, and Conflict "already_invited" while an invitation
    of that tenant for that cohort waits or is accepted.
    """
    cohort = row_named(session, Cohort, cohort_id, pointer="/cohort_id")
    program = session.get_one(Program, (session.tenant_id, cohort.program_id))
    found = session.execute(_BY_SLUG, {"slug": partner}).one_or_none()
    if found is None or found.id == session.tenant_id:
        raise Invalid.field("/partner", "unknown", "There is no other tenant of this name in addresses.")
    session.execute(_ONE_AT_A_TIME, {"what": f"partner {found.id} {cohort_id}"})
    before = sent_invitations(session).where(
        PartnerInvitation.tenant_id == found.id, PartnerInvitation.cohort_id == cohort_id
    )
    if any(row.state in (OPEN, ACCEPTED) for row in session.execute(before)):
        raise Conflict("This partner is invited for this cohort already.", code="already_invited")
    invitation = PartnerInvitation(
        id=new_id(),
        tenant_id=found.id,
        source_tenant_id=session.tenant_id,
        cohort_id=cohort_id,
        host_name=session.scalars(_OWN_NAME).one(),
        partner_name=found.name,
        program_name=program.name,
        cohort_name=cohort.name,
        message=message,
    )
    send(session, invitation)
    events.record(session, "partner.invited", subject_type="cohort", subject_id=cohort_id)
    return invitation.id


def sent_invitations(session: Session) -> Select[Any]:
    """The partners that the session's tenant invited, and how it stands with each."""
    return _invitations().where(PartnerInvitation.source_tenant_id == session.tenant_id)


def received_invitations(session: Session) -> Select[Any]:
    """The hosts that invited the session's tenant, and how it stands with each."""
    return _invitations().where(PartnerInvitation.tenant_id == session.tenant_id)


def answer_invitation(session: Session, *, partner_invitation_id: UUID, answer: str) -> None:
    """Accept what a host asks, decline it, or end it. Who is a guest already stays one.

    Raises NotFound, and Conflict "partnership_ended" once either side ended it.
    """
    found = received(session, partner_invitation_id)
    if found.state in ("ended", DECLINED) and answer != "ended":
        raise Conflict("This partnership has ended; the host can invite anew.", code="partnership_ended")
    send(
        session,
        PartnerAnswer(
            id=new_id(),
            tenant_id=found.source_tenant_id,
            source_tenant_id=session.tenant_id,
            partner_invitation_id=partner_invitation_id,
            answer=answer,
        ),
    )
    events.record(session, "partner.answered", subject_type="tenant", changed=[answer])


def end_partnership(session: Session, *, partner_invitation_id: UUID) -> None:
    """Take no more guests by an invitation. Who is a guest already stays one. Raises NotFound."""
    found = one(
        session,
        sent_invitations(session).where(PartnerInvitation.id == partner_invitation_id),
        "partner invitation",
    )
    send(
        session,
        PartnerNotice(
            id=new_id(),
            tenant_id=found.partner_id,
            source_tenant_id=session.tenant_id,
            partner_invitation_id=partner_invitation_id,
            nomination_id=None,
            kind="ended",
        ),
    )
    events.record(session, "partner.ended", subject_type="cohort", subject_id=found.cohort_id)


def send(session: Session, row: PartnerInvitation | PartnerAnswer | PartnerNotice | GuestOffer) -> None:
    """Add a row that another tenant reads, and an event of that tenant's own that it has come."""
    session.add(row)
    session.flush()
    session.execute(_TELL, {"sent": row.id})


def received(session: Session, partner_invitation_id: UUID) -> Any:
    """One invitation to the session's tenant. Raises NotFound."""
    rows = received_invitations(session).where(PartnerInvitation.id == partner_invitation_id)
    return one(session, rows, "partner invitation")


def agreed(session: Session, partner_invitation_id: UUID) -> Any:
    """As `received`, of a partnership that holds. Raises Conflict "not_partners" otherwise."""
    found = received(session, partner_invitation_id)
    if found.state != ACCEPTED:
        raise Conflict("Nominate once the invitation is accepted, and before it ends.", code="not_partners")
    return found


def _invitations() -> Select[Any]:
    """Each as the addressee's answer and the host's end leave it. An answer counts from the addressee alone."""
    theirs = (
        PartnerAnswer.tenant_id == PartnerInvitation.source_tenant_id,
        PartnerAnswer.source_tenant_id == PartnerInvitation.tenant_id,
        PartnerAnswer.partner_invitation_id == PartnerInvitation.id,
    )
    # That either has ended it is final, whatever was said at the same moment.
    answer = (
        select(PartnerAnswer.answer)
        .where(*theirs)
        .order_by((PartnerAnswer.answer == "ended").desc(), PartnerAnswer.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    ended = (
        select(func.count())
        .where(
            PartnerNotice.tenant_id == PartnerInvitation.tenant_id,
            PartnerNotice.source_tenant_id == PartnerInvitation.source_tenant_id,
            PartnerNotice.partner_invitation_id == PartnerInvitation.id,
            PartnerNotice.kind == "ended",
        )
        .scalar_subquery()
    )
    state = case((ended > 0, literal("ended")), else_=func.coalesce(answer, literal(OPEN)))
    columns: tuple[Any, ...] = (
        PartnerInvitation.id,
        PartnerInvitation.tenant_id.label("partner_id"),
        PartnerInvitation.source_tenant_id,
        PartnerInvitation.cohort_id,
        PartnerInvitation.host_name,
        PartnerInvitation.partner_name,
        PartnerInvitation.program_name,
        PartnerInvitation.cohort_name,
        PartnerInvitation.message,
        PartnerInvitation.created_at,
        state.label("state"),
    )
    return select(*columns)
