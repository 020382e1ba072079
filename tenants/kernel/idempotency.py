"""Answering a repeated request with its first answer, so that a retry repeats no effect."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped

from tenants.kernel.base import Created, TenantRow
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.kernel.session import Database, Session

KEPT_FOR = timedelta(hours=24)
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:what, 0))")


class IdempotencyRecord(Created, TenantRow):
    """The first answer to a keyed request, its secrets blanked."""

    __tablename__ = "idempotency_record"
    __table_args__ = (
        UniqueConstraint("tenant_id", "client_id", "route", "key_hash"),
        Index("ix_idempotency_record_expires_at", "expires_at"),
    )

    client_id: Mapped[UUID]
    route: Mapped[str]
    key_hash: Mapped[bytes]
    request_hash: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    expires_at: Mapped[datetime]


def first_answer(
    session: Session, *, client_id: UUID, route: str, key_hash: bytes
) -> IdempotencyRecord | None:
    """The stored answer for this key, holding the key until the transaction ends.

    Conflict "request_in_progress" if another request with this key has not finished.
    """
    what = f"{session.tenant_id}|{client_id}|{route}|{key_hash.hex()}"
    if not session.execute(_TRY_LOCK, {"what": what}).scalar_one():
        raise Conflict(
            "A request with this Idempotency-Key is still being worked on; try again shortly.",
            code="request_in_progress",
        )
    record = session.scalar(
        select(IdempotencyRecord).where(
            IdempotencyRecord.client_id == client_id,
            IdempotencyRecord.route == route,
            IdempotencyRecord.key_hash == key_hash,
        )
    )
    if record is not None and record.expires_at <= now():
        session.delete(record)
        session.flush()
        return None
    return record


def forget_expired(database: Database) -> None:
    """Delete expired answers and tokens, and old simulations, of all tenants, through the door made for it."""
    with database.nobody() as session:
        session.execute(text("SELECT door.purge()"))
        session.commit()
