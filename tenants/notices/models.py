"""How people want to be written to, and what was planned to be sent to whom. None of it says what a letter tells."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, one_of

DIGESTS = ("daily", "weekly", "off")
KINDS = ("digest", "meeting_reminders", "action_reminders", "announcements")
"""Kinds of letters that can be turned off, each by the name of its preference."""


class NoticePreference(Edited, TenantRow):
    """What somebody said of how she wants to be written to. Only she writes it; without a row the usual holds.

    `time_zone` null: that in which she said when she is free, else her cohort's.
    """

    __tablename__ = "notice_preference"
    __table_args__ = (
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "membership_id"),
        one_of("digest", DIGESTS),
        CheckConstraint("digest_hour BETWEEN 0 AND 23", name="digest_hour"),
    )

    membership_id: Mapped[UUID]
    time_zone: Mapped[str | None]
    digest: Mapped[str]
    digest_hour: Mapped[int]
    meeting_reminders: Mapped[list[int]]
    """Hours before a meeting, the most first."""
    action_reminders: Mapped[bool]
    announcements: Mapped[bool]


class NoticeDay(Created, TenantRow):
    """That somebody is written to on a day of hers, if there is anything to say: one row and one letter at most.

    `told_until` is set once a digest is written: what came up by then it tells.
    """

    __tablename__ = "notice_day"
    __table_args__ = (
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "membership_id", "local_date"),
        Index("ix_notice_day_due", "tenant_id", "due_at"),
    )

    membership_id: Mapped[UUID]
    local_date: Mapped[date]
    due_at: Mapped[datetime]
    told_until: Mapped[datetime | None]


class MeetingReminder(Created, TenantRow):
    """That somebody is reminded of a meeting so many hours before `starts_at`, when it was to begin as it was planned.

    A meeting that is moved is reminded of by another row. `reminded_at`: the letter was written, to be sent.
    `called_off_at`: it was told that there is no meeting then.
    """

    __tablename__ = "meeting_reminder"
    __table_args__ = (
        belongs_to("membership"),
        belongs_to("meeting"),
        UniqueConstraint("tenant_id", "membership_id", "meeting_id", "hours", "starts_at"),
        Index("ix_meeting_reminder_meeting", "tenant_id", "meeting_id"),
        Index("ix_meeting_reminder_starts", "tenant_id", "starts_at"),
    )

    membership_id: Mapped[UUID]
    meeting_id: Mapped[UUID]
    hours: Mapped[int]
    starts_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    called_off_at: Mapped[datetime | None]


class UnsubscribeLink(Created, TenantRow):
    """What a secret in letters turns off, and for whom. It works as long as the membership is there."""

    __tablename__ = "unsubscribe_link"
    __table_args__ = (
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "hash"),
        one_of("kind", KINDS),
        Index("ix_unsubscribe_link_membership", "tenant_id", "membership_id"),
    )

    membership_id: Mapped[UUID]
    kind: Mapped[str]
    hash: Mapped[bytes]
