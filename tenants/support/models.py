"""How members help one another and say how it goes: in their group, and what little comes out of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import Written, of_group_and_author
from tenants.kernel.base import Created, Edited, TenantRow, Versioned, belongs_to, one_of

ASK_KINDS = ("ask", "offer")
ASK_STATES = ("open", "answered", "closed")
ACT_KINDS = ("review", "advice", "resource", "introduction", "nomination", "company")
TIP_KINDS = ("own", "second_hand")
CHECKLISTS = ("program_officer", "mentor", "trainees")
OPPORTUNITY_KINDS = ("supplement", "call", "award", "other")
BANDS = ("low", "middle", "high")


class Instrument(Created, TenantRow):
    """Questions that a program loaded. A version never changes; another one follows it.

    `items` is a list of {key, text, kind, least, most, reversed, levels, most_chosen}, `scales` one of {key, name,
    items, score, least_answered, about}.
    """

    __tablename__ = "instrument"
    __table_args__ = (
        belongs_to("program"),
        UniqueConstraint("tenant_id", "program_id", "key", "version"),
    )

    program_id: Mapped[UUID]
    key: Mapped[str]
    version: Mapped[str]
    name: Mapped[str]
    licence: Mapped[str]
    source: Mapped[str | None]
    items: Mapped[list[Any]]
    scales: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    in_check_ins: Mapped[bool] = mapped_column(default=True, server_default="true")
    """Whether check-ins ask its questions, from the next window on that is not fixed yet."""


class CheckInWindow(Created, TenantRow):
    """A time in which the members of a cohort's groups are asked. All of it is fixed before it opens.

    `least` is how many of a group must have answered for it to hear of the answers, `least_changed` how many must have
    come in or dropped out if any have. `tallied_at` is set once, by the door that publishes.
    """

    __tablename__ = "check_in_window"
    __table_args__ = (
        belongs_to("cohort"),
        UniqueConstraint("tenant_id", "cohort_id", "opens_at"),
        CheckConstraint("least BETWEEN 5 AND 10", name="least"),
        CheckConstraint("least_changed BETWEEN 3 AND 10", name="least_changed"),
    )

    cohort_id: Mapped[UUID]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    least: Mapped[int]
    least_changed: Mapped[int] = mapped_column(default=3, server_default="3")
    items: Mapped[list[Any]]
    tallied_at: Mapped[datetime | None]


class CheckIn(TenantRow):
    """One member's answers at one time, by item. She alone reads the row; the door tallies it once."""

    __tablename__ = "check_in"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("check_in_window", "window_id"),
        Index("ix_check_in_window", "tenant_id", "window_id", "group_id"),
        Index("ix_check_in_author", "tenant_id", "author_id", "id"),
    )

    group_id: Mapped[UUID]
    author_id: Mapped[UUID]
    window_id: Mapped[UUID]
    answers: Mapped[dict[str, Any]]
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class CheckInResult(TenantRow):
    """What a group is told of one item in one window, if it is: a band of the mean. Only the door writes it.

    Nobody but the door reads who `answered`, which decides whether later windows are published. `author_id` is nobody.
    """

    __tablename__ = "check_in_result"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("check_in_window", "window_id"),
        UniqueConstraint("tenant_id", "group_id", "item", "window_id"),
        one_of("band", BANDS),
    )

    group_id: Mapped[UUID]
    author_id: Mapped[UUID | None]
    window_id: Mapped[UUID]
    item: Mapped[str]
    band: Mapped[str]
    answered: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), deferred=True)
    written_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class PooledCheckIn(TenantRow):
    """What the tenant is told of one item in one window over all groups of a cohort, if it is.

    A band of the mean or, for what is chosen, in `levels` how many people chose each level, as a band from 11 people
    on. As above only the door writes it and reads who answered.
    """

    __tablename__ = "pooled_check_in"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("check_in_window", "window_id"),
        UniqueConstraint("tenant_id", "window_id", "item"),
        one_of("band", BANDS),
        Index("ix_pooled_check_in_cohort", "tenant_id", "cohort_id", "id"),
    )

    cohort_id: Mapped[UUID]
    window_id: Mapped[UUID]
    item: Mapped[str]
    band: Mapped[str | None]
    levels: Mapped[dict[str, Any] | None]
    answered: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), deferred=True)
    published_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class Ask(Versioned, Written, TenantRow):
    """Something that a member asks of her group, or offers to it."""

    __tablename__ = "ask"
    __table_args__ = (
        *of_group_and_author(),
        one_of("kind", ASK_KINDS),
        one_of("state", ASK_STATES),
        Index("ix_ask_group", "tenant_id", "group_id", "id"),
        Index("ix_ask_author", "tenant_id", "author_id"),
    )

    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    encrypted_title: Mapped[bytes]
    encrypted_text: Mapped[bytes | None]


class Act(Written, TenantRow):
    """One member did something for another. Either of the two noted it."""

    __tablename__ = "act"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("membership", "giver_id"),
        belongs_to("membership", "receiver_id"),
        one_of("kind", ACT_KINDS),
        Index("ix_act_group", "tenant_id", "group_id", "id"),
        Index("ix_act_giver", "tenant_id", "giver_id"),
        Index("ix_act_receiver", "tenant_id", "receiver_id"),
    )

    kind: Mapped[str]
    giver_id: Mapped[UUID]
    receiver_id: Mapped[UUID]
    happened_on: Mapped[date]
    encrypted_note: Mapped[bytes | None]


class Tip(Versioned, Written, TenantRow):
    """Something that a member knows, as of a day: her own, or what a senior mentor told her.

    `shared_id` is what it became outside the group, which tells neither the group nor her.
    """

    __tablename__ = "tip"
    __table_args__ = (
        *of_group_and_author(),
        one_of("kind", TIP_KINDS),
        Index("ix_tip_group", "tenant_id", "group_id", "id"),
        Index("ix_tip_author", "tenant_id", "author_id"),
    )

    kind: Mapped[str]
    valid_as_of: Mapped[date]
    review_on: Mapped[date]
    encrypted_title: Mapped[bytes]
    encrypted_text: Mapped[bytes | None]
    encrypted_source: Mapped[bytes | None]
    encrypted_mentor: Mapped[bytes | None]
    encrypted_institute: Mapped[bytes | None]
    shared_id: Mapped[UUID | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=91)


class TipFlag(Written, TenantRow):
    """A member holds a tip for out of date."""

    __tablename__ = "tip_flag"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("tip", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "tip_id", "author_id"),
        Index("ix_tip_flag_author", "tenant_id", "author_id"),
    )

    tip_id: Mapped[UUID]


class Checklist(Versioned, Written, TenantRow):
    """What a member wants to have ready for a talk, which an agenda item may have brought up.

    Items are a list of {text, done}.
    """

    __tablename__ = "checklist"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("agenda_item", on_delete="SET NULL (agenda_item_id)"),
        one_of("template", CHECKLISTS),
        Index("ix_checklist_group", "tenant_id", "group_id", "id"),
        Index("ix_checklist_author", "tenant_id", "author_id"),
        Index("ix_checklist_item", "tenant_id", "agenda_item_id"),
    )

    template: Mapped[str | None]
    agenda_item_id: Mapped[UUID | None]
    encrypted_title: Mapped[bytes]
    encrypted_items: Mapped[bytes]


class Opportunity(Edited, TenantRow):
    """Something that the tenant's people could apply for until a day. Of all programs unless it names one."""

    __tablename__ = "opportunity"
    __table_args__ = (
        belongs_to("program"),
        one_of("kind", OPPORTUNITY_KINDS),
        Index("ix_opportunity_program", "tenant_id", "program_id"),
    )

    program_id: Mapped[UUID | None]
    kind: Mapped[str]
    title: Mapped[str]
    text: Mapped[str | None]
    url: Mapped[str | None]
    deadline: Mapped[date | None]


class DigestItem(TenantRow):
    """A tip that its author lets the other groups of her cohort read. It names nobody, and no group."""

    __tablename__ = "digest_item"
    __table_args__ = (
        belongs_to("cohort"),
        Index("ix_digest_item_cohort", "tenant_id", "cohort_id", "id"),
    )

    cohort_id: Mapped[UUID]
    institute: Mapped[str | None]
    valid_as_of: Mapped[date]
    title: Mapped[str]
    text: Mapped[str | None]
    source: Mapped[str | None]
    shared_on: Mapped[date] = mapped_column(server_default=func.current_date())
