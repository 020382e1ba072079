"""What members say of how it goes, and what little comes out of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import of_group_and_author
from tenants.kernel.base import Created, TenantRow, belongs_to, one_of

BANDS = ("low", "middle", "high")


class Instrument(Created, TenantRow):
    """Questions that a program loaded. A version never changes; another one follows it.

    `items` is a list of {key, text, kind, least, most, reversed, levels, most_chosen}.
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
    in_check_ins: Mapped[bool] = mapped_column(default=True, server_default="true")
    """Whether check-ins ask its questions, from the next window on that is not fixed yet."""


class CheckInWindow(Created, TenantRow):
    """A time in which the members of a cohort's groups are asked. All of it is fixed before it opens.

    `least` is how many of a group must have answered for it to hear of the answers. `tallied_at` is set once, by the
    door that publishes.
    """

    __tablename__ = "check_in_window"
    __table_args__ = (
        belongs_to("cohort"),
        UniqueConstraint("tenant_id", "cohort_id", "opens_at"),
    )

    cohort_id: Mapped[UUID]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    least: Mapped[int]
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
