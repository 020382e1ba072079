"""What is around a group: concerns and whom they reach, facilitators, other mentors, promises, announcements."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import of_group_and_author
from tenants.kernel.base import Created, Edited, TenantRow, Versioned, belongs_to, one_of

CONCERN_KINDS = ("not_working", "conduct")
CONCERN_WANTS = ("repair", "move", "talk", "nothing")
CONCERN_STATES = ("sent", "received", "handled")
MENTOR_ROLES = ("primary", "secondary", "sponsor", "peer", "other")
MENTOR_MEETS = ("weekly", "monthly", "quarterly", "rarely")
KEPT = ("yes", "partly", "no")
QUESTIONS = ("no_mentors", "promise_not_kept")
SHARES = ("under_a_quarter", "quarter_to_half", "more")


class Concern(Versioned, TenantRow):
    """What a member tells, in confidence, of how her group goes. She reads it, and those to whom it was sent."""

    __tablename__ = "concern"
    __table_args__ = (
        *of_group_and_author(),
        one_of("kind", CONCERN_KINDS),
        one_of("wants", CONCERN_WANTS),
        one_of("state", CONCERN_STATES),
        UniqueConstraint("tenant_id", "id", "author_id"),
        Index("ix_concern_author", "tenant_id", "author_id", "id"),
    )

    group_id: Mapped[UUID]
    author_id: Mapped[UUID]
    kind: Mapped[str]
    wants: Mapped[str]
    encrypted_text: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(default="sent")
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class ConcernReader(TenantRow):
    """Somebody to whom a concern was sent, as its author saw when she sent it. Nobody is added later.

    Its author is named for the wall, which cannot ask the concern: that asks who its readers are. The key holds that it
    is the concern's.
    """

    __tablename__ = "concern_reader"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "concern_id", "author_id"], ["concern.tenant_id", "concern.id", "concern.author_id"]
        ),
        belongs_to("membership", "reader_id"),
        UniqueConstraint("tenant_id", "concern_id", "reader_id"),
        Index("ix_concern_reader_reader", "tenant_id", "reader_id", "concern_id"),
    )

    concern_id: Mapped[UUID]
    author_id: Mapped[UUID]
    reader_id: Mapped[UUID]
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class RepairWish(TenantRow):
    """That somebody in a group would have it mended. The group's weekly job alone reads it, and takes it away."""

    __tablename__ = "repair_wish"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        Index("ix_repair_wish_group", "tenant_id", "group_id"),
    )

    group_id: Mapped[UUID]
    noted_on: Mapped[date] = mapped_column(server_default=func.current_date())


class Facilitation(TenantRow):
    """That somebody facilitates a group: from when she said what she would have to report, until it ends.

    It opens nothing of what the group writes. `duties` are her own words.
    """

    __tablename__ = "facilitation"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("membership"),
        Index("ix_facilitation_group", "tenant_id", "group_id", "id"),
        Index("ix_facilitation_membership", "tenant_id", "membership_id", "id"),
        Index(
            "ix_facilitation_current",
            "tenant_id",
            "group_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    group_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    duties: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class OwnMentors(TenantRow):
    """The other mentors whom somebody has, encrypted, and whether she has any."""

    __tablename__ = "own_mentors"
    __table_args__ = (belongs_to("membership"), UniqueConstraint("tenant_id", "membership_id"))

    membership_id: Mapped[UUID]
    has_any: Mapped[bool]
    encrypted_mentors: Mapped[bytes]
    said_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class SponsorCommitment(Edited, TenantRow):
    """How much of a participant's time was promised to be protected, as organisers recorded it."""

    __tablename__ = "sponsor_commitment"
    __table_args__ = (
        belongs_to("participant", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "participant_id"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("to_on >= from_on", name="days"),
    )

    participant_id: Mapped[UUID]
    percent: Mapped[int]
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    in_writing: Mapped[bool]
    promised_by: Mapped[str]


class CommitmentAnswer(TenantRow):
    """Whether the promise is kept, as the person says for herself."""

    __tablename__ = "commitment_answer"
    __table_args__ = (
        belongs_to("membership"),
        belongs_to("sponsor_commitment", "commitment_id", on_delete="CASCADE"),
        one_of("kept", KEPT),
        UniqueConstraint("tenant_id", "commitment_id", "membership_id"),
        Index("ix_commitment_answer_membership", "tenant_id", "membership_id"),
    )

    membership_id: Mapped[UUID]
    commitment_id: Mapped[UUID]
    kept: Mapped[str]
    said_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class PooledAnswer(TenantRow):
    """How large a share of a program's people in groups said something, once a quarter; null: too few to tell.

    Only the door writes it and reads who answered.
    """

    __tablename__ = "pooled_answer"
    __table_args__ = (
        belongs_to("program"),
        one_of("question", QUESTIONS),
        one_of("band", SHARES),
        UniqueConstraint("tenant_id", "program_id", "question", "quarter"),
    )

    program_id: Mapped[UUID]
    question: Mapped[str]
    quarter: Mapped[date]
    band: Mapped[str | None]
    answered: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), deferred=True)


class Announcement(Created, TenantRow):
    """What organisers tell the people of a cohort, from a moment on."""

    __tablename__ = "announcement"
    __table_args__ = (belongs_to("cohort"), Index("ix_announcement_cohort", "tenant_id", "cohort_id", "id"))

    cohort_id: Mapped[UUID]
    title: Mapped[str]
    text: Mapped[str]
    publish_at: Mapped[datetime]
