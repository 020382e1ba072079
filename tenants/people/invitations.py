"""Invitations: one-time links by which people become members. Who accepts is in `tenants.access.joining`."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, delete, func, literal, select, text, update

from tenants.kernel import events
from tenants.kernel.addresses import Mailbox
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import bearer, digest, new_id, tenant_of
from tenants.kernel.mail import Letter, Templates, post
from tenants.kernel.permissions import Role
from tenants.kernel.rows import row_named
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.people.held import THE_TENANT, Giver
from tenants.people.models import INVITATION_PREFIX, Invitation, InvitationLink, Membership, RoleGrant
from tenants.people.roles import refuse_more

LIFETIME = timedelta(days=30)
REACHABLE = (
    "(m.person_id IS NOT NULL OR EXISTS (SELECT FROM invitation i WHERE i.tenant_id = m.tenant_id"
    " AND i.membership_id = m.id AND i.expires_at > now()"
    " AND i.accepted_at IS NULL AND i.declined_at IS NULL AND i.revoked_at IS NULL))"
)
"""SQL: whether the somebody of a membership m has heard of us, so that she can be written to: she has joined, or an
invitation waits for her. Of others only a roster speaks."""
_LETTERS = Templates(Path(__file__).parent / "letters")
_TENANT_NAME = text("SELECT name FROM tenant")
_COHORT = text("SELECT id FROM cohort WHERE id = :id")
_OPEN = (Invitation.accepted_at.is_(None), Invitation.declined_at.is_(None), Invitation.revoked_at.is_(None))


def invitations(*, membership_id: UUID | None = None, cohort_id: UUID | None = None) -> Select[Any]:
    """The tenant's invitations, without their links."""
    state = case(
        (Invitation.accepted_at.is_not(None), literal("accepted")),
        (Invitation.declined_at.is_not(None), literal("declined")),
        (Invitation.revoked_at.is_not(None), literal("revoked")),
        (Invitation.expires_at <= func.now(), literal("expired")),
        else_=literal("open"),
    ).label("state")
    columns = [column for column in Invitation.__table__.columns if column.name != "tenant_id"]
    rows = select(*columns, state)
    if membership_id is not None:
        rows = rows.where(Invitation.membership_id == membership_id)
    if cohort_id is not None:
        rows = rows.where(Invitation.cohort_id == cohort_id)
    return rows


def invite(
    session: Session, *, giver: Giver, membership_id: UUID, cohort_id: UUID | None = None
) -> Invitation:
    """Invite the somebody of a membership. It has no link before `make_link` or `send`.

    Raises Conflict "already_bound" where the membership is a person's, "already_invited" where an invitation is
    open: that one can be sent again. Raises Forbidden as `roles.refuse_more`.
    """
    membership = row_named(session, Membership, membership_id, pointer="/membership_id")
    if cohort_id is not None and session.scalar(_COHORT, {"id": cohort_id}) is None:
        raise Invalid.field("/cohort_id", "unknown", "There is no such cohort.")
    refuse_more(session, giver=giver, membership_id=membership_id)
    if membership.person_id is not None:
        raise Conflict("This membership is somebody's already.", code="already_bound")
    still_open = select(Invitation).where(Invitation.membership_id == membership_id, *_OPEN).with_for_update()
    before = session.scalar(still_open)
    if before is not None:
        if before.expires_at > now():
            raise Conflict("There is an open invitation; send that one again.", code="already_invited")
        before.revoked_at = now()
        session.flush()
    invitation = Invitation(
        id=new_id(), membership_id=membership_id, cohort_id=cohort_id, expires_at=now() + LIFETIME
    )
    session.add(invitation)
    session.flush()
    events.record(session, "invitation.created", subject=invitation)
    return invitation


def invite_owner(session: Session) -> str:
    """Make the first owner of a new tenant, whoever that will be, and return the secret of the invitation's link."""
    membership = Membership(id=new_id(), external_id="owner", name="Owner")
    session.add(membership)
    session.flush()
    session.add(RoleGrant(membership_id=membership.id, role=Role.OWNER.value, granted_by=session.actor))
    invitation = invite(session, giver=THE_TENANT, membership_id=membership.id)
    return make_link(session, giver=THE_TENANT, invitation_id=invitation.id)


def make_link(session: Session, *, giver: Giver, invitation_id: UUID) -> str:
    """The secret of an invitation's link, new each time: those before no longer work. It lasts 30 days from now.

    Raises NotFound, Conflict "invitation_ended" for one that was answered or revoked, and Forbidden as `invite`.
    """
    invitation = renew(session, giver=giver, invitation_id=invitation_id)
    return _link(session, invitation.id)


def renew(session: Session, *, giver: Giver, invitation_id: UUID) -> Invitation:
    """End the links of an invitation that nobody has answered, and let it hold 30 days from now. Raises as above."""
    invitation = _held(session, invitation_id)
    refuse_more(session, giver=giver, membership_id=invitation.membership_id)
    session.execute(delete(InvitationLink).where(InvitationLink.invitation_id == invitation_id))
    invitation.expires_at = now() + LIFETIME
    session.flush()
    return invitation


def send(session: Session, *, invitation_ids: Sequence[UUID]) -> None:
    """Have a letter with a link sent for each invitation. Invalid "no_address" where there is none to send to."""
    without = (
        select(Membership.id)
        .join(Invitation, Invitation.membership_id == Membership.id)
        .where(
            Invitation.id.in_(invitation_ids),
            func.coalesce(Membership.chosen_email, Membership.email).is_(None),
        )
    )
    if session.scalar(without.limit(1)) is not None:
        said = "There is no address to send a letter to; ask for a link, or say the address first."
        raise Invalid.field("/membership_id", "no_address", said)
    post(session, "invitation", subject_ids=invitation_ids)


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """The letter that invites somebody, with a new link; None where nobody waits for it any more."""
    invitation = session.get(Invitation, (session.tenant_id, subject_id), with_for_update=True)
    if invitation is None or _answered(invitation) or invitation.expires_at <= now():
        return None
    member = session.get_one(Membership, (session.tenant_id, invitation.membership_id))
    if member.address is None:
        return None
    tenant: str = session.scalars(_TENANT_NAME).one()
    invitation.sent_at = now()
    url = f"{settings.public_url}/invitations/{_link(session, invitation.id)}"
    to = Mailbox(member.address, member.shown_name or "")
    days = max(1, (invitation.expires_at - now()).days)
    return _LETTERS.letter("invitation", to=to, tenant=tenant, name=member.shown_name, url=url, days=days)


def link_of(session: Session, *, membership_id: UUID) -> str:
    """The secret of one more link of the open invitation to a membership, for a letter. Raises NotFound."""
    rows = select(Invitation.id).where(
        Invitation.membership_id == membership_id, Invitation.expires_at > func.now(), *_OPEN
    )
    found = session.scalar(rows.with_for_update())
    if found is None:
        raise NotFound("invitation")
    return _link(session, found)


def _link(session: Session, invitation_id: UUID) -> str:
    secret = bearer(INVITATION_PREFIX, session.tenant_id)
    session.add(InvitationLink(invitation_id=invitation_id, hash=digest(secret)))
    session.flush()
    return secret


def revoke_invitation(session: Session, *, giver: Giver, invitation_id: UUID) -> Invitation:
    """Take an invitation back. Raises NotFound, Conflict "invitation_ended" and Forbidden as `invite`."""
    invitation = _held(session, invitation_id)
    refuse_more(session, giver=giver, membership_id=invitation.membership_id)
    invitation.revoked_at = now()
    session.flush()
    events.record(session, "invitation.revoked", subject=invitation)
    return invitation


def decline(session: Session, *, invitation_id: UUID) -> None:
    """Decline, on the strength of the link alone. Raises Conflict "invitation_ended"."""
    ended = update(Invitation).where(Invitation.id == invitation_id, *_OPEN).values(declined_at=func.now())
    membership_id = session.scalar(ended.returning(Invitation.membership_id))
    if membership_id is None:
        raise Conflict("This invitation has been answered already.", code="invitation_ended")
    events.record(session, "invitation.declined", subject_type="membership", subject_id=membership_id)


def invitation_named(session: Session, secret: str) -> Invitation:
    """The open invitation of a link. Raises NotFound for one that is unknown, answered, revoked or expired."""
    if tenant_of(secret, INVITATION_PREFIX) != session.tenant_id:
        raise NotFound("invitation")
    rows = (
        select(Invitation)
        .join(InvitationLink, InvitationLink.invitation_id == Invitation.id)
        .where(InvitationLink.hash == digest(secret), Invitation.expires_at > func.now(), *_OPEN)
    )
    found = session.scalar(rows)
    if found is None:
        raise NotFound("invitation")
    return found


def _held(session: Session, invitation_id: UUID) -> Invitation:
    invitation = session.get(Invitation, (session.tenant_id, invitation_id), with_for_update=True)
    if invitation is None:
        raise NotFound("invitation")
    if _answered(invitation):
        raise Conflict("This invitation has been answered or withdrawn.", code="invitation_ended")
    return invitation


def _answered(invitation: Invitation) -> bool:
    return bool(invitation.accepted_at or invitation.declined_at or invitation.revoked_at)
