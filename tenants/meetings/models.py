"""When groups meet: of series and meetings the tenant sees dates and counts; the rest is behind the group wall."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import Written, of_group_and_author
from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, one_of

SERIES_KINDS = ("regular", "kick_off")
MEETING_STATES = ("planned", "moved", "skipped", "cancelled")
FEED_PREFIX = "cal"
_LOCAL = DateTime(timezone=False)


class MeetingSeries(Edited, TenantRow):
    """A rhythm in which a group meets, on the clock of a named time zone.

    Its meetings are rows up to `expanded_until`. `rrule` is null where it is one meeting only. Once `ended_at` is set
    it makes no more.
    """

    __tablename__ = "meeting_series"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        Index("ix_meeting_series_group", "tenant_id", "group_id", "id"),
        one_of("kind", SERIES_KINDS),
    )

    group_id: Mapped[UUID]
    kind: Mapped[str]
    rrule: Mapped[str | None]
    starts_at_local: Mapped[datetime] = mapped_column(_LOCAL)
    time_zone: Mapped[str]
    minutes: Mapped[int]
    in_person: Mapped[bool]
    expanded_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Meeting(Edited, TenantRow):
    """A meeting of a group, of a series or on its own.

    `due_at` is when it was to be at first, null once its series has it no more. `sequence` is what calendars are told
    (RFC 5545, 3.8.7.4), and rises with each change that they show. `state_before_pause` is what it becomes again when a
    paused group goes on. `attended_count` is how many members said that they were there, `guest_count` how many
    advisors came for this meeting only.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("meeting_series"),
        Index("ix_meeting_group", "tenant_id", "group_id", "starts_at"),
        Index("ix_meeting_series", "tenant_id", "meeting_series_id", "starts_at"),
        Index("ix_meeting_starts", "tenant_id", "starts_at"),
        one_of("state", MEETING_STATES),
    )

    group_id: Mapped[UUID]
    meeting_series_id: Mapped[UUID | None]
    due_at: Mapped[datetime | None]
    starts_at: Mapped[datetime]
    starts_at_local: Mapped[datetime] = mapped_column(_LOCAL)
    time_zone: Mapped[str]
    minutes: Mapped[int]
    in_person: Mapped[bool]
    state: Mapped[str] = mapped_column(default="planned")
    state_before_pause: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(default=0, server_default="0")
    attended_count: Mapped[int] = mapped_column(default=0, server_default="0")
    guest_count: Mapped[int] = mapped_column(default=0, server_default="0")


class MeetingLink(Written, TenantRow):
    """Where a series or a meeting is to be joined, encrypted. The latest row that a member sees is the one for her."""

    __tablename__ = "meeting_link"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("meeting_series"),
        belongs_to("meeting"),
        CheckConstraint("meeting_series_id IS NULL OR meeting_id IS NULL", name="of_one"),
        Index("ix_meeting_link_group", "tenant_id", "group_id", "id"),
        Index("ix_meeting_link_author", "tenant_id", "author_id"),
        Index("ix_meeting_link_series", "tenant_id", "meeting_series_id", "id"),
        Index("ix_meeting_link_meeting", "tenant_id", "meeting_id", "id"),
    )

    meeting_series_id: Mapped[UUID | None]
    meeting_id: Mapped[UUID | None]
    encrypted_join_link: Mapped[bytes | None]
    encrypted_place: Mapped[bytes | None]


class MeetingAttendance(Written, TenantRow):
    """Whether a member says that she was at a meeting."""

    __tablename__ = "meeting_attendance"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("meeting"),
        UniqueConstraint("tenant_id", "meeting_id", "author_id"),
        Index("ix_meeting_attendance_group", "tenant_id", "group_id", "id"),
        Index("ix_meeting_attendance_author", "tenant_id", "author_id"),
    )

    meeting_id: Mapped[UUID]
    attended: Mapped[bool]


class CalendarFeed(Created, TenantRow):
    """A secret address at which somebody's calendar program reads her meetings: of one group or, without, of all.

    `personal`: she had signed in as herself when she made it, and the walls open to it as to her.
    """

    __tablename__ = "calendar_feed"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "hash"),
        Index("ix_calendar_feed_membership", "tenant_id", "membership_id", "id"),
    )

    membership_id: Mapped[UUID]
    group_id: Mapped[UUID | None]
    hash: Mapped[bytes]
    personal: Mapped[bool]
    rotated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MeetingInvitee(Created, TenantRow):
    """A member who wants to be invited to her group's meetings by mail. `personal` as of a feed.

    `address_hash` is of where letters went when she asked, null if nowhere: others, too, can say where they go.
    """

    __tablename__ = "meeting_invitee"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "group_id", "membership_id"),
        Index("ix_meeting_invitee_membership", "tenant_id", "membership_id"),
    )

    group_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    personal: Mapped[bool]
    address_hash: Mapped[bytes | None]


class MeetingInvitation(Created, TenantRow):
    """An invitation to one meeting for one who wants them; `told_sequence` is that of the meeting as she was told."""

    __tablename__ = "meeting_invitation"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("meeting_invitee", on_delete="CASCADE"),
        belongs_to("meeting"),
        UniqueConstraint("tenant_id", "meeting_id", "meeting_invitee_id"),
        Index("ix_meeting_invitation_group", "tenant_id", "group_id", "id"),
        Index("ix_meeting_invitation_invitee", "tenant_id", "meeting_invitee_id"),
    )

    group_id: Mapped[UUID]
    meeting_invitee_id: Mapped[UUID]
    meeting_id: Mapped[UUID]
    told_sequence: Mapped[int | None]


class MeetingGuest(Created, TenantRow):
    """Somebody from outside who is invited to one meeting; `told_sequence` as of an invitation.

    She is kept until the meeting is over, or she was told that she is `taken_off_at`.
    """

    __tablename__ = "meeting_guest"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("meeting", on_delete="CASCADE"),
        Index("ix_meeting_guest_group", "tenant_id", "group_id", "id"),
        Index("ix_meeting_guest_meeting", "tenant_id", "meeting_id", "id"),
    )

    group_id: Mapped[UUID]
    meeting_id: Mapped[UUID]
    encrypted_email: Mapped[bytes]
    told_sequence: Mapped[int | None]
    taken_off_at: Mapped[datetime | None]
