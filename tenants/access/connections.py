"""Connections: how a tenant lets its people sign in, from a draft that is tried out to the only way in."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, cast, exists, func, literal, select, text
from sqlalchemy.orm import aliased

from tenants.access.models import Connection, Identity
from tenants.access.sign_in import USABLE
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.crypto import Place
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.keys import Safe
from tenants.kernel.rows import Version, edited, row_held
from tenants.kernel.session import Session
from tenants.people.held import Giver
from tenants.people.models import Membership
from tenants.people.roles import owners, revoke_role

CALLBACKS = "/sign-in/callbacks"
MOVES = {
    "draft": (),
    "tested": ("on",),
    "on": ("enforced", "off"),
    "enforced": ("on", "off"),
    "off": ("on",),
}
"""Which states a caller may move a connection to; a test moves a draft on."""
LASTING = frozenset({"name", "client_secret"})
"""What may be changed of a connection that is in use; the rest decides who is let in."""
_Enforcing = aliased(Connection)
ENFORCED = exists(select(_Enforcing.id).where(_Enforcing.state == "enforced"))
"""Whether roles are to be had through enforced connections only. What is about oneself stays open to all."""
_HAS_PERSONAL = text("SELECT door.has_personal(:person)")


def connections(public_url: str) -> Select[Any]:
    """Every connection of the tenant, without its secret, and with the address to register at its provider."""
    shown = [column for column in Connection.__table__.columns if column.name != "client_secret"]
    named = func.replace(cast(Connection.tenant_id, Text) + "_" + cast(Connection.id, Text), "-", "")
    return select(*shown, (literal(f"{public_url}{CALLBACKS}/") + named).label("redirect_uri"))


def redirect_uri(public_url: str, connection: Connection) -> str:
    """Where a connection's provider sends people back to: an address of its own for each."""
    return f"{public_url}{CALLBACKS}/{connection.tenant_id.hex}_{connection.id.hex}"


def create_connection(session: Session, *, client_secret: str, **fields: Any) -> Connection:
    """A draft of a connection. The secret is encrypted and never shown again."""
    connection = Connection(id=new_id(), client_secret=b"", **fields)
    connection.tenant_id = session.tenant_id
    connection.client_secret = Safe(session).encrypted(client_secret, _place(connection))
    session.add(connection)
    session.flush()
    events.record(session, "connection.created", subject=connection, audience="audit")
    return connection


def edit_connection(
    session: Session, *, connection_id: UUID, changes: dict[str, Any], if_match: Version
) -> Connection:
    """Change a connection, or move it to another state.

    What decides who is let in makes it a draft again, to be tested anew. Raises Conflict: "in_use" for such a
    change of one that is switched on, "not_tested" and "wrong_state" for a move that it cannot make, and
    "last_owner" for one after which no owner could sign in.
    """
    connection = row_held(session, Connection, connection_id)
    if_match.check(connection.version)
    wanted = dict(changes)
    secret, state = wanted.pop("client_secret", None), wanted.pop("state", None)
    if secret is not None:
        connection.client_secret = Safe(session).encrypted(secret, _place(connection))
    changed = edited(connection, wanted, if_match=if_match) + ["client_secret"] * (secret is not None)
    if set(changed) - LASTING:
        if connection.state in USABLE:
            raise Conflict("Switch this connection off before you change whom it lets in.", code="in_use")
        connection.state, connection.tested_at = "draft", None
    if state is not None and state != connection.state:
        _move(session, connection, state)
        changed.append("state")
    if changed:
        session.flush()
        events.record(session, "connection.updated", subject=connection, changed=changed, audience="audit")
    return connection


def delete_connection(session: Session, *, connection_id: UUID, if_match: Version) -> None:
    """Remove a connection that is not in use, with the identities that it knew. Raises Conflict "in_use"."""
    connection = row_held(session, Connection, connection_id)
    if_match.check(connection.version)
    if connection.state in USABLE:
        raise Conflict("Switch this connection off first.", code="in_use")
    events.record(session, "connection.deleted", subject=connection, audience="audit")
    session.delete(connection)
    session.flush()


def record_test(session: Session, *, connection_id: UUID) -> Connection:
    """Note that somebody has signed in through a connection for a test: a draft can be switched on from now."""
    connection = row_held(session, Connection, connection_id)
    connection.tested_at = now()
    if connection.state == "draft":
        connection.state = "tested"
    events.record(session, "connection.tested", subject=connection, audience="audit")
    return connection


def connection_usable(session: Session, connection_id: UUID) -> Connection:
    """A connection that people sign in through. Raises NotFound for any other."""
    connection = session.get(Connection, (session.tenant_id, connection_id))
    if connection is None or connection.state not in USABLE:
        raise NotFound("connection")
    return connection


def secret_of(session: Session, connection: Connection) -> str:
    """The secret that the provider knows us by."""
    return Safe(session).decrypted(connection.client_secret, _place(connection))


def _move(session: Session, connection: Connection, state: str) -> None:
    if connection.state == "draft":
        raise Conflict("Sign in through this connection for a test first.", code="not_tested")
    if state not in MOVES[connection.state]:
        raise Conflict(
            f"A connection that is {connection.state} does not become {state}.", code="wrong_state"
        )
    connection.state = state
    session.flush()
    if state != "on":
        _refuse_lock_out(session)


def take_role(session: Session, *, giver: Giver, role_grant_id: UUID) -> None:
    """Take a role away. Raises as `people.roles.revoke_role`, and Conflict "last_owner" where of the owners who are
    left none could sign in.
    """
    could = _an_owner_comes_in(session, _lasting(session))
    revoke_role(session, giver=giver, role_grant_id=role_grant_id)
    if could and not _an_owner_comes_in(session, _lasting(session)):
        raise Conflict("No owner could sign in then; let another one sign in first.", code="last_owner")


def _refuse_lock_out(session: Session) -> None:
    """Some owner for good, if one has joined at all, must be able to come in, as things are now."""
    lasting = _lasting(session)
    joined = select(Membership.id).where(Membership.id.in_(lasting), Membership.person_id.is_not(None))
    if session.scalar(joined.limit(1)) is not None and not _an_owner_comes_in(session, lasting):
        raise Conflict("No owner could sign in then; let one sign in another way first.", code="last_owner")


def _lasting(session: Session) -> list[UUID]:
    return [grant.membership_id for grant in owners(session) if grant.expires_at is None]


def _an_owner_comes_in(session: Session, lasting: Collection[UUID]) -> bool:
    enforced = session.scalar(select(ENFORCED))
    accepted = ("enforced",) if enforced else USABLE
    ways = (
        select(Identity.id)
        .join(Connection, Connection.id == Identity.connection_id)
        .where(Identity.membership_id.in_(lasting), Connection.state.in_(accepted))
    )
    if session.scalar(ways.limit(1)) is not None:
        return True
    persons = select(Membership.person_id).where(
        Membership.id.in_(lasting), Membership.person_id.is_not(None)
    )
    return not enforced and any(
        session.scalar(_HAS_PERSONAL, {"person": person}) for person in session.scalars(persons)
    )


def _place(connection: Connection) -> Place:
    return Place("connection", "client_secret", connection.id)
