"""What happened, in the transaction that made it happen; numbered and chained afterwards.

Events are written unnumbered by whoever acts. The sealer gives those that are committed a dense number
per tenant and chains their hashes, so that a reader who pages by number misses nothing and a removed or
altered event is seen. Feeds read sealed events only.
"""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Index, Select, select, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, one_of
from tenants.kernel.session import Database, Session

AUDIENCES = ("tenant", "audit")


class Event(Created, TenantRow):
    """One thing that happened. `changed` names keys, never values; nothing private is ever in it."""

    __tablename__ = "event"
    __table_args__ = (
        one_of("audience", AUDIENCES),
        Index("ix_event_feed", "tenant_id", "sequence", unique=True),
        Index("ix_event_unsealed", "tenant_id", "id", postgresql_where=text("sequence IS NULL")),
    )

    sequence: Mapped[int | None] = mapped_column(BigInteger)
    hash: Mapped[bytes | None]
    type: Mapped[str]
    audience: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID | None]
    actor: Mapped[str | None]
    changed: Mapped[list[str]]
    counts: Mapped[dict[str, Any]]


def record(
    session: Session,
    type_: str,
    *,
    subject: TenantRow | None = None,
    subject_type: str | None = None,
    subject_id: UUID | None = None,
    changed: Sequence[str] = (),
    counts: dict[str, int] | None = None,
    audience: str = "tenant",
    names_actor: bool = True,
) -> None:
    """Append an event such as "cohort.created" to this transaction.

    The subject is a row, or its type and id. A bulk action writes one event with `counts`.
    `audience` is "tenant" (every reader of the feed) or "audit" (security matters). What a group does in
    private names no actor.
    """
    session.add(
        Event(
            type=type_,
            audience=audience,
            subject_type=subject_type or (subject.__tablename__ if subject else "tenant"),
            subject_id=subject.id if subject else subject_id,
            actor=session.actor if names_actor else None,
            changed=sorted(changed),
            counts=counts or {},
        )
    )


def feed(*, after: int, audit: bool) -> Select[Any]:
    """Sealed events numbered above `after`, those about security only with `audit`."""
    shown = Event.audience.in_(AUDIENCES if audit else ("tenant",))
    return select(*Event.__table__.columns).where(Event.sequence > after, shown)


def chain_hash(previous: bytes, sequence: int, row: Any) -> bytes:
    """SHA-256 over the previous hash and everything the event says."""
    created: datetime = row.created_at
    said = [
        sequence,
        str(row.id),
        row.type,
        row.audience,
        row.subject_type,
        row.subject_id and str(row.subject_id),
    ]
    said += [row.actor, list(row.changed), dict(sorted(row.counts.items())), created.timestamp()]
    return hashlib.sha256(previous + orjson.dumps(said)).digest()


_FACTS = "id, type, audience, subject_type, subject_id, actor, changed, counts, created_at, sequence, hash"
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('seal' || :tenant, 0))")
_HEAD = text("SELECT sequence, hash FROM event WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1")
_UNSEALED = text(f"SELECT {_FACTS} FROM event WHERE sequence IS NULL ORDER BY id LIMIT :most")  # noqa: S608
_SEAL = text(
    "UPDATE event e SET sequence = s.sequence, hash = s.hash"
    "  FROM unnest(CAST(:ids AS uuid[]), CAST(:sequences AS bigint[]), CAST(:hashes AS bytea[]))"
    "       AS s(id, sequence, hash) WHERE e.tenant_id = :tenant AND e.id = s.id"
)


def seal(session: Session, *, most: int = 500) -> int:
    """Number and chain up to `most` committed events of the session's tenant; how many it sealed.

    Two sealers of one tenant never run at once: the second returns 0. The caller commits.
    """
    tenant = str(session.tenant_id)
    if not session.execute(_TRY_LOCK, {"tenant": tenant}).scalar_one():
        return 0
    head = session.execute(_HEAD).one_or_none()
    sequence, previous = (head.sequence, bytes(head.hash)) if head else (0, b"")
    rows = session.execute(_UNSEALED, {"most": most}).all()
    hashes = []
    for offset, row in enumerate(rows, start=1):
        previous = chain_hash(previous, sequence + offset, row)
        hashes.append(previous)
    if rows:
        sequences = [sequence + offset for offset in range(1, len(rows) + 1)]
        ids = [row.id for row in rows]
        session.execute(_SEAL, {"tenant": tenant, "ids": ids, "sequences": sequences, "hashes": hashes})
    return len(rows)


def seal_all(database: Database, *, tenants: int = 100) -> int:
    """Seal what waits in up to `tenants` tenants; how many events were sealed."""
    with database.nobody() as session:
        waiting = session.execute(text("SELECT tenant_id FROM door.unsealed_tenants(:n)"), {"n": tenants})
        tenant_ids = [row.tenant_id for row in waiting]
    sealed = 0
    for tenant_id in tenant_ids:
        with database.tenant(tenant_id) as session:
            sealed += seal(session)
            session.commit()
    return sealed


def broken_link(session: Session) -> int | None:
    """The number of the first event whose hash does not follow from the chain, or None if all do."""
    previous = b""
    chain = select(Event).where(Event.sequence.is_not(None)).order_by(Event.sequence)
    with closing(session.scalars(chain.execution_options(yield_per=500))) as events:
        for expected, event in enumerate(events, start=1):
            if event.sequence != expected or event.hash != chain_hash(previous, expected, event):
                return expected
            previous = event.hash
    return None
