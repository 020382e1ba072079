"""Invitations: one-time links by which people become members. Who accepts is in `tenants.access.joining`."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, literal, select, update

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.ids import bearer, digest, new_id, tenant_of
from tenants.kernel.permissions import Role
from tenants.kernel.rows import row_named
from tenants.kernel.session import Session
from tenants.people.models import INVITATION_PREFIX, Invitation, Membership, RoleGrant

LIFETIME = timedelta(days=30)
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
    columns = [column for column in Invitation.__table__.columns if column.name not in ("tenant_id", "hash")]
    rows = select(*columns, state)
    if membership_id is not None:
        rows = rows.where(Invitation.membership_id == membership_id)
    if cohort_id is not None:
        rows = rows.where(Invitation.cohort_id == cohort_id)
    return rows


def invite(session: Session, *, membership_id: UUID, cohort_id: UUID | None = None) -> Invitation:
    """Invite the somebody of a membership. It has no link before `make_link`.

    Raises Conflict "already_bound" where the membership is a person's, "already_invited" where an invitation is
    open: that one can be sent again.
    """
    membership = row_named(session, Membership, membership_id, pointer="/membership_id")
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
    return make_link(session, invitation_id=invite(session, membership_id=membership.id).id)


def make_link(session: Session, *, invitation_id: UUID) -> str:
    """The secret of an invitation's link, new each time: the one before no longer works. It lasts 30 days from now.

    Raises NotFound, and Conflict "invitation_ended" for one that was answered or revoked.
    """
    invitation = _held(session, invitation_id)
    secret = bearer(INVITATION_PREFIX, session.tenant_id)
    invitation.hash, invitation.expires_at = digest(secret), now() + LIFETIME
    session.flush()
    return secret


def revoke_invitation(session: Session, *, invitation_id: UUID) -> Invitation:
    """Take an invitation back. Raises NotFound and Conflict "invitation_ended"."""
    invitation = _held(session, invitation_id)
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
    same = (Invitation.hash == digest(secret), Invitation.expires_at > func.now())
    found = session.scalar(select(Invitation).where(*same, *_OPEN))
    if found is None:
        raise NotFound("invitation")
    return found


def _held(session: Session, invitation_id: UUID) -> Invitation:
    invitation = session.get(Invitation, (session.tenant_id, invitation_id), with_for_update=True)
    if invitation is None:
        raise NotFound("invitation")
    if invitation.accepted_at or invitation.declined_at or invitation.revoked_at:
        raise Conflict("This invitation has been answered or withdrawn.", code="invitation_ended")
    return invitation
