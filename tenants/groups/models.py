"""Peer groups and their dated members. Admission is the database's: only its door sets `admitted_at`."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.cohorts.models import GROUP_SIGN_IN
from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, one_of

FORMATS = ("dyad", "small_group", "facilitated", "near_peer", "community")
GROUP_STATES = ("formed", "announced", "confirmed", "active", "paused", "ended")
ORIGINS = ("matched", "self_formed")


class Group(Edited, TenantRow):
    """A peer group. Members see nothing of it before it is announced."""

    __tablename__ = "peer_group"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("matching_run"),
        Index("ix_peer_group_cohort", "tenant_id", "cohort_id", "id"),
        Index("ix_peer_group_run", "tenant_id", "matching_run_id"),
        one_of("state", GROUP_STATES),
        one_of("group_sign_in", GROUP_SIGN_IN),
        one_of("origin", ORIGINS),
        CheckConstraint("objection_days BETWEEN 1 AND 30", name="objection_days"),
        one_of("format", FORMATS),
    )

    cohort_id: Mapped[UUID]
    matching_run_id: Mapped[UUID | None]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default="formed")
    opened_at: Mapped[datetime | None]
    group_sign_in: Mapped[str] = mapped_column(default="personal", server_default="personal")
    """As its program said when it was formed: a program that admits any sign-in later does so for later groups."""
    origin: Mapped[str] = mapped_column(default="matched", server_default="matched")
    objection_days: Mapped[int] = mapped_column(server_default="7")
    """For how long its members may object to somebody who is proposed. Only a member changes it, through a door."""
    objection_floor: Mapped[datetime | None]
    """No period ends before this moment: until then a longer one held."""
    format: Mapped[str] = mapped_column(default="small_group", server_default="small_group")
    announced_at: Mapped[datetime | None]
    """Since when its members are told of it."""
    active_on: Mapped[date | None]
    """The day on which it first became active; its renewals go by it."""
    repair_since: Mapped[datetime | None]


class GroupMember(Created, TenantRow):
    """Somebody's place in a group. The row opens nothing; being admitted and not having left does."""

    __tablename__ = "group_member"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("participant"),
        belongs_to("membership"),
        # Somebody who left can come back: a row for each time.
        Index(
            "ix_group_member_present",
            "tenant_id",
            "group_id",
            "membership_id",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
        Index(
            "ix_group_member_current",
            "tenant_id",
            "membership_id",
            "group_id",
            postgresql_where=text("admitted_at IS NOT NULL AND left_at IS NULL"),
        ),
        Index("ix_group_member_participant", "tenant_id", "participant_id"),
    )

    group_id: Mapped[UUID]
    participant_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    admitted_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    paused_until: Mapped[date | None]
    """The day on which she is back; null: when she says so."""


class CharterVersion(TenantRow):
    """What a group agreed at one time, encrypted. Only its members see the row, and nobody changes it.

    Numbers begin with 1 and leave none out; the last is in force. The database says when it was written.
    """

    __tablename__ = "charter_version"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("membership", "author_id"),
        UniqueConstraint("tenant_id", "group_id", "number"),
        Index("ix_charter_version_author", "tenant_id", "author_id"),
    )

    group_id: Mapped[UUID]
    author_id: Mapped[UUID]
    number: Mapped[int]
    encrypted_text: Mapped[bytes]
    written_at: Mapped[datetime] = mapped_column(server_default=func.now())
