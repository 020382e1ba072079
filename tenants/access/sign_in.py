"""Signing in with a browser: attempts on their way to a provider, identities, and the sessions that come of them.

A session belongs to one tenant and was opened through a connection that this tenant accepts: its own, or the
platform's, which `connection_id` None stands for. Being the same person opens nothing elsewhere.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text

from tenants.access.models import (
    SESSION_PREFIX,
    STATE_PREFIX,
    BrowserSession,
    ClientAuthorization,
    Connection,
    Identity,
    SignInAttempt,
)
from tenants.institutions.models import Tenant
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Forbidden, NotFound
from tenants.kernel.ids import bearer, digest, new_id
from tenants.kernel.permissions import Role
from tenants.kernel.session import Session
from tenants.people.models import Membership
from tenants.people.roles import follow_claims

ATTEMPT_LIFETIME = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(hours=12)
USABLE = ("on", "enforced")
_PERSON_OF = text("SELECT door.person_of(:key)")
_TENANT_BY_SLUG = text("SELECT id, name, state FROM door.tenant_by_slug(:slug)")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a provider says has signed in, and the connection through which it was asked; None is the platform's."""

    connection_id: UUID | None
    issuer: str
    subject: str

    @property
    def personal(self) -> bool:
        """Whether she signed in as herself, and not as whom an institution says she is."""
        return self.connection_id is None

    @property
    def key(self) -> bytes:
        """What a personal identity is found by."""
        return digest(f"{self.issuer}\n{self.subject}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever has a browser session: `membership_id` and `person_id` are None until an invitation is accepted.

    `person_id` is None as well where she did not sign in as herself.
    """

    session_id: UUID
    who: SignedIn
    membership_id: UUID | None
    person_id: UUID | None
    invitation_id: UUID | None
    roles: frozenset[Role]


def tenant_named(session: Session, slug: str) -> Any:
    """The id and name of an open tenant. Raises NotFound, for a suspended one as well."""
    row = session.execute(_TENANT_BY_SLUG, {"slug": slug}).one_or_none()
    if row is None or row.state != "open":
        raise NotFound("tenant")
    return row


def refuse_closed_tenant(session: Session) -> Tenant:
    """The session's tenant. Raises Forbidden while it is suspended, NotFound if there is none."""
    tenant = session.get(Tenant, session.tenant_id)
    if tenant is None:
        raise NotFound("tenant")
    if tenant.state != "open":
        raise Forbidden("This tenant is suspended.", code="tenant_suspended")
    return tenant


def may_be_used(session: Session, connection_id: UUID | None) -> bool:
    """Whether people may sign in through a connection now, so that what they did through it holds; None always."""
    if connection_id is None:
        return True
    rows = select(Connection.id).where(Connection.id == connection_id, Connection.state.in_(USABLE))
    return session.scalar(rows) is not None


def usable_connections(session: Session) -> list[Connection]:
    """The tenant's own connections that people can sign in through, by name."""
    rows = select(Connection).where(Connection.state.in_(USABLE)).order_by(Connection.name, Connection.id)
    return list(session.scalars(rows))


def begin(
    session: Session,
    *,
    browser: str,
    connection_id: UUID | None,
    purpose: str,
    return_to: str,
    invitation_id: UUID | None = None,
    session_id: UUID | None = None,
) -> str:
    """Remember a sign-in that goes to its provider now; the `state` to send along, good for ten minutes.

    `browser` is the secret that the browser holds. `purpose` is "session"; "test", which opens nothing; or "link",
    which makes the personal identity that signs in that of the person whose session it is.
    """
    state = bearer(STATE_PREFIX, session.tenant_id)
    session.add(
        SignInAttempt(
            state_hash=digest(state),
            browser_hash=digest(browser),
            connection_id=connection_id,
            invitation_id=invitation_id,
            session_id=session_id,
            purpose=purpose,
            return_to=return_to,
            expires_at=now() + ATTEMPT_LIFETIME,
        )
    )
    return state


def take_attempt(
    session: Session, *, state: str, browser: str, connection_id: UUID | None
) -> SignInAttempt | None:
    """The attempt that an answer belongs to, once: of this browser, and answered where its provider answers."""
    same = (
        SignInAttempt.state_hash == digest(state),
        SignInAttempt.browser_hash == digest(browser),
        SignInAttempt.connection_id.is_not_distinct_from(connection_id),
        SignInAttempt.expires_at > func.now(),
    )
    return session.scalar(delete(SignInAttempt).where(*same).returning(SignInAttempt))


def membership_of(session: Session, who: SignedIn) -> UUID | None:
    """Whose membership of this tenant somebody's is, by identity alone: an e-mail address links nothing."""
    found: UUID | None
    if who.personal:
        person_id = session.scalar(_PERSON_OF, {"key": who.key})
        rows = select(Membership.id).where(Membership.person_id == person_id)
        found = session.scalar(rows) if person_id else None
    else:
        same = (Identity.connection_id == who.connection_id, Identity.issuer == who.issuer)
        found = session.scalar(select(Identity.membership_id).where(*same, Identity.subject == who.subject))
    return found


def open_session(
    session: Session,
    *,
    who: SignedIn,
    roles: Collection[Role] = (),
    invitation_id: UUID | None = None,
    replacing: str | None = None,
) -> str:
    """Sign somebody in: the session's token, new at every sign-in. `replacing` is that of the browser until now.

    `roles` are those that her provider's claims give her; from now on she holds these by its connection.
    """
    if replacing is not None:
        end_session(session, token=replacing)
    token = bearer(SESSION_PREFIX, session.tenant_id)
    membership_id = membership_of(session, who)
    opened = BrowserSession(
        id=new_id(),
        hash=digest(token),
        membership_id=membership_id,
        connection_id=who.connection_id,
        invitation_id=invitation_id,
        issuer=who.issuer,
        subject=who.subject,
        roles=sorted(roles),
        expires_at=now() + SESSION_LIFETIME,
    )
    session.add(opened)
    session.flush()
    if membership_id is not None and who.connection_id is not None:
        follow_claims(session, membership_id=membership_id, connection_id=who.connection_id, roles=roles)
    events.record(session, "session.opened", subject=opened, audience="audit")
    return token


def visitor(session: Session, token: str) -> Visitor | None:
    """Whose browser session this is, or None if it has ended.

    It has ended as well once the connection that opened it is no longer to be used.
    """
    rows = (
        select(BrowserSession, Membership.person_id, Connection.state)
        .outerjoin(Membership, Membership.id == BrowserSession.membership_id)
        .outerjoin(Connection, Connection.id == BrowserSession.connection_id)
        .where(BrowserSession.hash == digest(token), BrowserSession.expires_at > func.now())
    )
    row = session.execute(rows).one_or_none()
    if row is None:
        return None
    opened: BrowserSession = row[0]
    who = SignedIn(opened.connection_id, opened.issuer, opened.subject)
    if not who.personal and row.state not in USABLE:
        return None
    person_id = row.person_id if who.personal else None
    roles = frozenset(Role(role) for role in opened.roles)
    return Visitor(opened.id, who, opened.membership_id, person_id, opened.invitation_id, roles)


def end_session(session: Session, *, token: str) -> None:
    """Sign out here."""
    session.execute(delete(BrowserSession).where(BrowserSession.hash == digest(token)))


def sessions_of(membership_id: UUID) -> Select[Any]:
    """Where somebody is signed in with a browser, and through what; None is the platform's connection."""
    columns: tuple[Any, ...] = (
        BrowserSession.id,
        BrowserSession.connection_id,
        BrowserSession.created_at,
        BrowserSession.expires_at,
    )
    live = BrowserSession.expires_at > func.now()
    return select(*columns).where(BrowserSession.membership_id == membership_id, live)


def end_session_of(session: Session, *, membership_id: UUID, session_id: UUID) -> None:
    """End one of somebody's own sessions. Raises NotFound."""
    own = (BrowserSession.id == session_id, BrowserSession.membership_id == membership_id)
    if session.scalar(delete(BrowserSession).where(*own).returning(BrowserSession.id)) is None:
        raise NotFound("session")


def record_refusal(session: Session, *, connection_id: UUID | None, code: str) -> None:
    """Note a sign-in that failed, and by which rule; never whose it was to be."""
    events.record(
        session,
        "session.refused",
        subject_type="connection",
        subject_id=connection_id,
        changed=[code],
        audience="audit",
    )


def sign_out_everywhere(session: Session, *, membership_id: UUID) -> int:
    """End every browser session of a membership and all that clients hold for it; how many of both there were."""
    ended = 0
    for model in (BrowserSession, ClientAuthorization):
        gone = delete(model).where(model.membership_id == membership_id).returning(model.id)
        ended += len(session.scalars(gone).all())
    events.record(
        session,
        "session.ended_everywhere",
        subject_type="membership",
        subject_id=membership_id,
        counts={"ended": ended},
        audience="audit",
    )
    return ended
