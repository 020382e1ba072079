"""What groups agree on, and what their program suggests for it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import Written, of_group_and_author
from tenants.kernel.base import Edited, TenantRow, belongs_to, one_of

DOCUMENT_KINDS = ("charter_template", "responsibilities", "topics")
ABOUT = ("confirmation", "renewal", "charter", "responsibilities")
ANSWERS = ("confirmed", "declined", "go_on", "stop", "signed", "accepted")
TURN_ROLES = ("convener", "note_taker")
PHASES = ("proposing", "rating", "agreeing", "agreed")
ENTRY_KINDS = ("keep", "change", "stop")


class ProgramDocument(Edited, TenantRow):
    """What a program suggests to its groups; without a row, `groups.suggestions` holds. Its version is the list's."""

    __tablename__ = "program_document"
    __table_args__ = (
        belongs_to("program"),
        UniqueConstraint("tenant_id", "program_id", "kind"),
        one_of("kind", DOCUMENT_KINDS),
    )

    program_id: Mapped[UUID]
    kind: Mapped[str]
    content: Mapped[dict[str, Any]]


class MemberAnswer(Written, TenantRow):
    """What a member said about one thing: her place, a renewal, a version of the charter or of the responsibilities.

    `number` is that of the version, or of the renewal, from 1; 0 for her place.
    """

    __tablename__ = "member_answer"
    __table_args__ = (
        *of_group_and_author(),
        UniqueConstraint("tenant_id", "group_id", "author_id", "about", "number"),
        Index("ix_member_answer_author", "tenant_id", "author_id"),
        one_of("about", ABOUT),
        one_of("answer", ANSWERS),
    )

    about: Mapped[str]
    number: Mapped[int]
    answer: Mapped[str]
    said_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Turn(Written, TenantRow):
    """That a member took, or was given, her turn in a role from then on. The last row of a role tells who has it."""

    __tablename__ = "turn"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("group_member", "member_id"),
        Index("ix_turn_author", "tenant_id", "author_id"),
        Index("ix_turn_group", "tenant_id", "group_id", "role", "id"),
        Index("ix_turn_member", "tenant_id", "member_id"),
        one_of("role", TURN_ROLES),
    )

    role: Mapped[str]
    member_id: Mapped[UUID]


class Retrospective(Written, TenantRow):
    """A look back: members propose, rate, agree. One at a time in a group."""

    __tablename__ = "retrospective"
    __table_args__ = (
        *of_group_and_author(),
        Index("ix_retrospective_author", "tenant_id", "author_id"),
        Index("ix_retrospective_group", "tenant_id", "group_id", "id"),
        Index(
            "ix_retrospective_open",
            "tenant_id",
            "group_id",
            unique=True,
            postgresql_where=text("phase <> 'agreed'"),
        ),
        one_of("phase", PHASES),
    )

    phase: Mapped[str] = mapped_column(server_default="proposing")
    phase_since: Mapped[datetime] = mapped_column(server_default=func.now())


class RetrospectiveEntry(Written, TenantRow):
    """What somebody would keep, change or stop, encrypted; the group may agree to it."""

    __tablename__ = "retrospective_entry"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("retrospective"),
        Index("ix_retrospective_entry_author", "tenant_id", "author_id"),
        Index("ix_retrospective_entry_retrospective", "tenant_id", "retrospective_id", "id"),
        one_of("kind", ENTRY_KINDS),
    )

    retrospective_id: Mapped[UUID]
    kind: Mapped[str]
    encrypted_text: Mapped[bytes]
    agreed_at: Mapped[datetime | None]


class RetrospectiveRating(Written, TenantRow):
    """How much somebody agrees with an entry, 1 to 5: hers to see alone."""

    __tablename__ = "retrospective_rating"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("retrospective_entry", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "retrospective_entry_id", "author_id"),
        Index("ix_retrospective_rating_author", "tenant_id", "author_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    )

    retrospective_entry_id: Mapped[UUID]
    rating: Mapped[int]


class Curriculum(Edited, TenantRow):
    """Topics of a program's catalogue, by key, in the order in which a group could take them."""

    __tablename__ = "curriculum"
    __table_args__ = (belongs_to("program"), Index("ix_curriculum_program", "tenant_id", "program_id", "id"))

    program_id: Mapped[UUID]
    name: Mapped[str]
    topics: Mapped[list[str]]


class CurriculumVersion(Written, TenantRow):
    """The topics that a group made its own, as JSON, encrypted. The last version is in force."""

    __tablename__ = "curriculum_version"
    __table_args__ = (
        *of_group_and_author(),
        UniqueConstraint("tenant_id", "group_id", "number"),
        Index("ix_curriculum_version_author", "tenant_id", "author_id"),
    )

    number: Mapped[int]
    encrypted_topics: Mapped[bytes]
