"""What a group talks about and what comes of it.

Where something stands is the group's to change, what it says its author's: each is a row, of the same id.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import Written, of_group_and_author
from tenants.kernel.base import TenantRow, Versioned, belongs_to, one_of

PROPOSED_KINDS = ("item", "problem", "win", "setback")
ITEM_KINDS = ("question", *PROPOSED_KINDS)
STATES = ("open", "done", "dropped")
SHORTEST_DAYS, USUAL_DAYS, LONGEST_DAYS = 30, 365, 3650


class Anonymous:
    """As `Written`; without an author, nobody knows who wrote it, and written_at is the hour after."""

    group_id: Mapped[UUID]
    author_id: Mapped[UUID | None]
    written_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


def words_of(table: str) -> ForeignKeyConstraint:
    """That a row has the id of one of `table`, whose words it holds."""
    return belongs_to(table, "id", on_delete="CASCADE")


class ContentSettings(Versioned, Written, TenantRow):
    """How long a group keeps what it wrote, and whether it takes notes. `keep_days` null: a year beyond its end.

    Until `keep_days_from`, if that is to come, `keep_days_before` holds: less is kept only once all could know.
    """

    __tablename__ = "content_settings"
    __table_args__ = (
        *of_group_and_author(),
        UniqueConstraint("tenant_id", "group_id"),
        Index("ix_content_settings_author", "tenant_id", "author_id"),
        CheckConstraint(f"keep_days BETWEEN {SHORTEST_DAYS} AND {LONGEST_DAYS}", name="keep_days"),
    )

    keep_days: Mapped[int | None]
    keep_days_before: Mapped[int | None]
    keep_days_from: Mapped[datetime | None]
    notes: Mapped[bool]


class AgendaItem(Versioned, Anonymous, TenantRow):
    """Something to talk about: where it stands.

    `meeting_id` is the meeting that it is meant for, null: the next. `late_meeting_id` is the one whose agenda was
    frozen when it came.
    """

    __tablename__ = "agenda_item"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("meeting"),
        belongs_to("meeting", "late_meeting_id"),
        belongs_to("product", on_delete="SET NULL (product_id)"),
        Index("ix_agenda_item_author", "tenant_id", "author_id"),
        Index("ix_agenda_item_group", "tenant_id", "group_id", "id"),
        Index("ix_agenda_item_meeting", "tenant_id", "meeting_id"),
        Index("ix_agenda_item_late_meeting", "tenant_id", "late_meeting_id"),
        Index("ix_agenda_item_product", "tenant_id", "product_id"),
        one_of("kind", ITEM_KINDS),
        one_of("state", STATES),
        CheckConstraint("(author_id IS NULL) = (kind = 'question')", name="anonymous"),
    )

    kind: Mapped[str]
    meeting_id: Mapped[UUID | None]
    late_meeting_id: Mapped[UUID | None]
    minutes_planned: Mapped[int | None]
    minutes_used: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="open")
    product_id: Mapped[UUID | None]
    changed_at: Mapped[datetime | None]


class AgendaItemWords(Anonymous, TenantRow):
    """What an agenda item says. Options are a list of texts."""

    __tablename__ = "agenda_item_words"
    __table_args__ = (
        *of_group_and_author(),
        words_of("agenda_item"),
        Index("ix_agenda_item_words_author", "tenant_id", "author_id"),
        Index("ix_agenda_item_words_group", "tenant_id", "group_id", "id"),
    )

    encrypted_title: Mapped[bytes | None]
    encrypted_text: Mapped[bytes | None]
    encrypted_topic: Mapped[bytes | None]
    encrypted_stated: Mapped[bytes | None]
    encrypted_validated: Mapped[bytes | None]
    encrypted_options: Mapped[bytes | None]


class AgendaVote(Written, TenantRow):
    """A member would like to talk about this. Hers to see alone; a door counts."""

    __tablename__ = "agenda_vote"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("agenda_item", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "agenda_item_id", "author_id"),
        Index("ix_agenda_vote_author", "tenant_id", "author_id"),
    )

    agenda_item_id: Mapped[UUID]


class MeetingAgenda(Written, TenantRow):
    """The order of a meeting, of ids alone. Once it is frozen nobody changes it. `number` rises with each change."""

    __tablename__ = "meeting_agenda"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("meeting"),
        UniqueConstraint("tenant_id", "meeting_id"),
        Index("ix_meeting_agenda_author", "tenant_id", "author_id"),
        Index("ix_meeting_agenda_group", "tenant_id", "group_id", "id"),
    )

    meeting_id: Mapped[UUID]
    item_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    number: Mapped[int]
    frozen_at: Mapped[datetime | None]


class MeetingNote(Written, TenantRow):
    """A version of what a group noted of a meeting. The last one that a member sees is the one for her."""

    __tablename__ = "meeting_note"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("meeting"),
        UniqueConstraint("tenant_id", "meeting_id", "number"),
        Index("ix_meeting_note_author", "tenant_id", "author_id"),
        Index("ix_meeting_note_group", "tenant_id", "group_id", "id"),
    )

    meeting_id: Mapped[UUID]
    number: Mapped[int]
    encrypted_text: Mapped[bytes]


class GroupAction(Versioned, Written, TenantRow):
    """What somebody of the group took on: where it stands."""

    __tablename__ = "group_action"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("membership", "owner_id"),
        belongs_to("agenda_item", on_delete="SET NULL (agenda_item_id)"),
        belongs_to("product", on_delete="SET NULL (product_id)"),
        Index("ix_group_action_author", "tenant_id", "author_id"),
        Index("ix_group_action_group", "tenant_id", "group_id", "id"),
        Index("ix_group_action_owner", "tenant_id", "owner_id", "id"),
        Index("ix_group_action_item", "tenant_id", "agenda_item_id"),
        Index("ix_group_action_product", "tenant_id", "product_id"),
        one_of("state", STATES),
    )

    owner_id: Mapped[UUID]
    due_on: Mapped[date | None]
    agenda_item_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default="open")
    product_id: Mapped[UUID | None]
    changed_at: Mapped[datetime | None]


class GroupActionWords(Written, TenantRow):
    """What an action says."""

    __tablename__ = "group_action_words"
    __table_args__ = (
        *of_group_and_author(),
        words_of("group_action"),
        Index("ix_group_action_words_author", "tenant_id", "author_id"),
        Index("ix_group_action_words_group", "tenant_id", "group_id", "id"),
    )

    encrypted_text: Mapped[bytes | None]
