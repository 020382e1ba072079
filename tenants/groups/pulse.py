"""Signs of life that members' own acts leave: the day on which somebody last wrote in a group, and nothing of what.

A group that gives none is asked in private whether all is well: a nudge. Whatever anybody does answers it.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, event, func, orm, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import TenantRow, belongs_to, one_of
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session

REASONS = ("nothing_for_long", "meetings_missed")
_WRITES = {"group_id", "author_id", "written_at"}
# Whoever comes while another is at it has nothing to add, and nobody waits.
_STIR = text("""
    WITH at_it AS (SELECT pg_try_advisory_xact_lock(hashtextextended('pulse' || CAST(:group AS text), 0)) AS held),
    answered AS (UPDATE nudge SET answered_at = now()
                  WHERE group_id = :group AND answered_at IS NULL AND (SELECT held FROM at_it))
    INSERT INTO group_pulse (tenant_id, id, group_id, last_on)
    SELECT :tenant, :id, :group, CURRENT_DATE FROM at_it
     WHERE held AND NOT EXISTS (SELECT FROM group_pulse p WHERE p.group_id = :group AND p.last_on = CURRENT_DATE)
    ON CONFLICT (tenant_id, group_id) DO UPDATE SET last_on = excluded.last_on
""")


class GroupPulse(TenantRow):
    """The day on which a member last wrote in a group. Its members see it, and the job that may nudge them."""

    __tablename__ = "group_pulse"
    __table_args__ = (belongs_to("peer_group", "group_id"), UniqueConstraint("tenant_id", "group_id"))

    group_id: Mapped[UUID]
    last_on: Mapped[date]
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class Nudge(TenantRow):
    """A group was asked whether all is well. Its members see it at once, the tenant after 14 days."""

    __tablename__ = "nudge"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        one_of("reason", REASONS),
        Index("ix_nudge_group", "tenant_id", "group_id", "id"),
        Index(
            "ix_nudge_unanswered",
            "tenant_id",
            "group_id",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
        ),
    )

    group_id: Mapped[UUID]
    reason: Mapped[str]
    nudged_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answered_at: Mapped[datetime | None]


def stir(session: Session, group_id: UUID) -> None:
    """Note that a member of a group did something in it today, which answers its nudge."""
    known = {"tenant": session.tenant_id, "id": new_id(), "group": group_id}
    session.connection().execute(_STIR, known)


@event.listens_for(Session, "before_flush")
def _note_what_is_written(session: orm.Session, *_: Any) -> None:
    if session.info.get("membership_id") is None or not isinstance(session, Session):
        return
    rows = [row for row in session.new if {*row.__table__.c.keys()} >= _WRITES]
    for group_id in {row.group_id for row in rows if row.author_id == session.membership_id}:
        stir(session, group_id)
