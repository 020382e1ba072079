"""A key for each tenant and, under it, for each group. They are made when they are first needed.

The database holds them wrapped: a tenant's by a master key, a group's by its tenant's. A change of master keys wraps
the tenants' keys anew; what these encrypted stays as it is.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, UniqueConstraint, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped

from tenants.kernel import events
from tenants.kernel.base import Created, TenantRow, belongs_to
from tenants.kernel.crypto import CannotDecrypt, Key, Place, new_secret
from tenants.kernel.session import Database, Session

_FIRST_ID = UUID(int=0)
_UNDER_OTHERS = text("SELECT tenant_id FROM door.keys_under_others(:master, :after, :most)")


class DataKey(Created, TenantRow):
    """The tenant's key or, with `group_id`, a group's. `wrapped_by` is the name of the key that wrapped it."""

    __tablename__ = "data_key"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        UniqueConstraint("tenant_id", "group_id", postgresql_nulls_not_distinct=True),
    )

    group_id: Mapped[UUID | None]
    wrapped: Mapped[bytes]
    wrapped_by: Mapped[str]


class Safe:
    """Encrypts and decrypts for the session's tenant, or for one of its groups. It looks for its key once.

    Not to be used beyond the transaction in which it encrypted: the key may have been made in it.
    """

    def __init__(self, session: Session, *, group_id: UUID | None = None) -> None:
        self._session = session
        self._group_id = group_id
        self._key: Key | None = None

    def encrypted(self, text: str, place: Place) -> bytes:
        """The text as it is kept at this place. Raises MasterKeyMissing."""
        if self._key is None:
            try:
                self._key = _kept(self._session, self._group_id)
            except _NoKey:
                self._key = _made(self._session, self._group_id)
        return self._key.encrypted(text.encode(), place.bound_to(self._session.tenant_id))

    def decrypted(self, ciphertext: bytes, place: Place) -> str:
        """The text that is kept at this place. Raises CannotDecrypt and MasterKeyMissing."""
        self._key = self._key or _kept(self._session, self._group_id)
        return self._key.decrypted(ciphertext, place.bound_to(self._session.tenant_id)).decode()


def safes(session: Session, group_ids: set[UUID]) -> dict[UUID, Safe]:
    """A safe for each of these groups. Their keys are looked for in one statement."""
    wrapped = _wrapped(session, or_(DataKey.group_id.is_(None), DataKey.group_id.in_(group_ids)))
    found = {group_id: Safe(session, group_id=group_id) for group_id in group_ids}
    for group_id in group_ids & wrapped.keys():
        found[group_id]._key = _unwrapped(session, wrapped, group_id)
    return found


class _NoKey(CannotDecrypt):
    """Nothing was ever encrypted here, or its key is gone."""


def _kept(session: Session, group_id: UUID | None) -> Key:
    wrapped = _wrapped(session, or_(DataKey.group_id.is_(None), DataKey.group_id == group_id))
    if not wrapped.keys() >= {None, group_id}:
        raise _NoKey("There is no key for what is to be decrypted.")
    return _unwrapped(session, wrapped, group_id)


def _wrapped(session: Session, which: ColumnElement[bool]) -> dict[UUID | None, Any]:
    rows = session.execute(select(DataKey.group_id, DataKey.wrapped, DataKey.wrapped_by).where(which))
    return {row.group_id: row for row in rows}


def _unwrapped(session: Session, wrapped: dict[UUID | None, Any], group_id: UUID | None) -> Key:
    ring, own = session.key_ring, wrapped[None]
    key = ring.unwrapped(ring.master(own.wrapped_by), own.wrapped, _bound_to(session, None))
    if group_id is None:
        return key
    return ring.unwrapped(key, wrapped[group_id].wrapped, _bound_to(session, group_id))


def _made(session: Session, group_id: UUID | None) -> Key:
    """Where several make a key at once, that of the first to commit is everybody's."""
    wrapping = session.key_ring.first if group_id is None else _tenant_key(session)
    row = insert(DataKey).values(
        tenant_id=session.tenant_id,
        group_id=group_id,
        wrapped=wrapping.encrypted(new_secret(), _bound_to(session, group_id)),
        wrapped_by=wrapping.name,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["tenant_id", "group_id"]))
    return _kept(session, group_id)


def _tenant_key(session: Session) -> Key:
    try:
        return _kept(session, None)
    except _NoKey:
        return _made(session, None)


def _bound_to(session: Session, group_id: UUID | None) -> bytes:
    """A wrapped key is at its place where its tenant or group is, whichever row holds it."""
    return Place("data_key", "wrapped", group_id or session.tenant_id).bound_to(session.tenant_id)


def rewrap(session: Session) -> bool:
    """Put the tenant's key under the first master key; False if it was there or there is none.

    Raises CannotDecrypt and MasterKeyMissing.
    """
    ring = session.key_ring
    own = session.scalar(select(DataKey).where(DataKey.group_id.is_(None)).with_for_update())
    if own is None or own.wrapped_by == ring.first.name:
        return False
    bound_to = _bound_to(session, None)
    secret = ring.master(own.wrapped_by).decrypted(own.wrapped, bound_to)
    own.wrapped, own.wrapped_by = ring.first.encrypted(secret, bound_to), ring.first.name
    events.record(session, "data_key.rewrapped", subject=own, audience="audit")
    return True


def rewrap_all(database: Database, *, at_once: int = 100) -> tuple[int, dict[UUID, str]]:
    """Put every tenant's key under the first master key, each in a transaction of its own.

    How many were, and why those of the remaining tenants were not.
    """
    number, left, after = 0, dict[UUID, str](), _FIRST_ID
    while tenant_ids := _under_others(database, after, at_once):
        after = tenant_ids[-1]
        for tenant_id in tenant_ids:
            try:
                with database.tenant(tenant_id) as session:
                    number += rewrap(session)
                    session.commit()
            except CannotDecrypt as error:
                left[tenant_id] = str(error)
    return number, left


def _under_others(database: Database, after: UUID, most: int) -> list[UUID]:
    with database.nobody() as session:
        asked = {"master": database.key_ring.first.name, "after": after, "most": most}
        return [row.tenant_id for row in session.execute(_UNDER_OTHERS, asked)]
