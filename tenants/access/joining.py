"""Becoming the person of a membership, once: by accepting an invitation, signed in as oneself or by an institution."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update

from tenants.access.models import Identity, PersonalIdentity
from tenants.access.sign_in import SignedIn, membership_of
from tenants.institutions.models import Tenant
from tenants.kernel import events
from tenants.kernel.errors import Conflict
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.people.models import Invitation, Membership, Person

_PERSON_OF = text("SELECT door.person_of(:key)")
_HAS_PERSONAL = text("SELECT door.has_personal(:person)")
_MY_MEMBERSHIPS = text("SELECT tenant_id, slug, name FROM door.my_memberships() ORDER BY name, tenant_id")
_BIND = text("SELECT door.bind_person(:membership, :person)")
_BECOME = text("SELECT door.become_person(:person)")
_COME_ANEW = text("SELECT door.come_anew()")


def accept(session: Session, *, invitation_id: UUID, who: SignedIn) -> UUID:
    """Bind whoever signed in to the invitation's membership; returns that.

    Raises Conflict: "invitation_ended" for one accepted, declined, revoked or expired, "already_member" where the
    person or identity is another membership's here, "already_bound" where the membership is somebody's.
    """
    open_still = (
        Invitation.accepted_at.is_(None),
        Invitation.declined_at.is_(None),
        Invitation.revoked_at.is_(None),
    )
    accepting = (
        update(Invitation)
        .where(Invitation.id == invitation_id, *open_still, Invitation.expires_at > func.now())
        .values(accepted_at=func.now())
    )
    membership_id: UUID | None = session.scalar(accepting.returning(Invitation.membership_id))
    if membership_id is None:
        raise Conflict(
            "This invitation has been answered, withdrawn or has expired.", code="invitation_ended"
        )
    known = session.scalar(_PERSON_OF, {"key": who.key}) if who.personal else None
    _refuse_member(session, who)
    person_id: UUID = known or new_id()
    session.identify(membership_id=membership_id, person_id=person_id)
    if known is None:
        session.add(Person(id=person_id))
        session.flush()
    if not session.scalar(_BIND, {"membership": membership_id, "person": person_id}):
        raise Conflict("This membership is somebody's already.", code="already_bound")
    _remember(session, who, membership_id, person_id, new=known is None)
    events.record(session, "invitation.accepted", subject_type="membership", subject_id=membership_id)
    return membership_id


def has_personal(session: Session, person_id: UUID | None) -> bool:
    """Whether a person has a sign-in of her own."""
    return person_id is not None and bool(session.scalar(_HAS_PERSONAL, {"person": person_id}))


def memberships(session: Session) -> list[Any]:
    """The tenants that the session's person is a member of; only this one unless she signed in as herself."""
    elsewhere = list(session.execute(_MY_MEMBERSHIPS))
    if elsewhere:
        return elsewhere
    here = (Tenant.id.label("tenant_id"), Tenant.slug, Tenant.name)
    return list(session.execute(select(*here).where(Tenant.id == session.tenant_id)))


def link_personal(session: Session, *, who: SignedIn, membership_id: UUID, person_id: UUID) -> UUID:
    """Add a personal sign-in to somebody whom only this tenant knew; her person's id, which may be another then.

    `session` is hers, opened through the tenant's connection, and becomes that person's. Raises Conflict
    "already_linked" if she has one, "already_member" if the one that she brings belongs to another membership of
    this tenant.

    From then on she counts as joined, and no earlier: whoever signs her in could add himself, and would read what her
    groups wrote before.
    """
    session.identify(membership_id=membership_id, person_id=person_id)
    known: UUID | None = session.scalar(_PERSON_OF, {"key": who.key})
    if known == person_id:
        return person_id
    if known is not None:
        if session.scalar(select(Membership.id).where(Membership.person_id == known)):
            raise Conflict("That sign-in belongs to somebody else here.", code="already_member")
        if not session.scalar(_BECOME, {"person": known}):
            raise Conflict("You have a personal sign-in already.", code="already_linked")
        person_id = known
    elif has_personal(session, person_id):
        # Else whoever her employer's provider says is her could add himself.
        raise Conflict("You have a personal sign-in already.", code="already_linked")
    else:
        session.add(PersonalIdentity(key=who.key, person_id=person_id))
        session.flush()
        session.execute(_COME_ANEW)
    events.record(
        session, "identity.linked", subject_type="membership", subject_id=membership_id, audience="audit"
    )
    return person_id


def _refuse_member(session: Session, who: SignedIn) -> None:
    if membership_of(session, who) is not None:
        raise Conflict("You are a member here already, under another record.", code="already_member")


def _remember(session: Session, who: SignedIn, membership_id: UUID, person_id: UUID, *, new: bool) -> None:
    if who.connection_id is not None:
        session.add(
            Identity(
                connection_id=who.connection_id,
                issuer=who.issuer,
                subject=who.subject,
                membership_id=membership_id,
            )
        )
    elif new:
        session.add(PersonalIdentity(key=who.key, person_id=person_id))
    session.flush()
