"""People: what a tenant knows of somebody, what they are in it, and the person behind it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Base, Created, Edited, TenantRow, belongs_to, one_of
from tenants.kernel.ids import new_id
from tenants.kernel.permissions import Role
from tenants.people.consent import DECISIONS, PURPOSES, SPEAKERS

INVITATION_PREFIX = "pli"


class Person(Base):
    """Somebody who signs in. An id and nothing personal; made at first sign-in, never by an import."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Membership(Edited, TenantRow):
    """The tenant's own record of somebody; what every other table of the tenant refers to.

    `chosen_name` and `chosen_email` are what the person says of herself, and outrank the roster's.
    """

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        UniqueConstraint("tenant_id", "person_id"),
        Index("ix_membership_person_id", "person_id"),
    )

    person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("person.id", deferrable=True, initially="DEFERRED")
    )
    joined_at: Mapped[datetime | None]
    """Since when somebody is its person. Until then organisers decide who that will be."""
    external_id: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]
    chosen_name: Mapped[str | None]
    chosen_email: Mapped[str | None]
    groups_locked: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether she enters her groups by her own sign-in only, whatever their program says."""
    identifiers: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    known_as: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    """The external ids and addresses that it went by before, in lower case: whoever named it so still means it."""

    @property
    def shown_name(self) -> str | None:
        """What she is called: as she says, else as the roster does."""
        return self.chosen_name or self.name

    @property
    def address(self) -> str | None:
        """Where letters go: to the address that she gave, else to the roster's."""
        return self.chosen_email or self.email


class RoleGrant(Created, TenantRow):
    """A role that somebody holds: in the whole tenant, in a program, or in a cohort; for good, or until a moment.

    Whoever holds it may pass it on where it is `delegable`. `granted_by` names the actor, as events do.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        belongs_to("membership", on_delete="CASCADE"),
        belongs_to("program", on_delete="CASCADE"),
        belongs_to("cohort", on_delete="CASCADE"),
        belongs_to("connection", on_delete="CASCADE"),
        one_of("role", tuple(Role)),
        CheckConstraint("program_id IS NULL OR cohort_id IS NULL", name="one_limit"),
        CheckConstraint("role <> 'auditor' OR expires_at IS NOT NULL", name="expiring"),
        Index("ix_role_grant_membership", "tenant_id", "membership_id"),
        Index("ix_role_grant_role", "tenant_id", "role"),
    )

    membership_id: Mapped[UUID]
    role: Mapped[str]
    program_id: Mapped[UUID | None]
    cohort_id: Mapped[UUID | None]
    delegable: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime | None]
    connection_id: Mapped[UUID | None]
    """The connection whose claims gave it at the last sign-in, which take it away again."""
    granted_by: Mapped[str | None]


class Invitation(Created, TenantRow):
    """That somebody who signs in may become the person of a membership, once."""

    __tablename__ = "invitation"
    __table_args__ = (
        belongs_to("membership", on_delete="CASCADE"),
        belongs_to("cohort", on_delete="CASCADE"),
        Index(
            "ix_invitation_open",
            "tenant_id",
            "membership_id",
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND declined_at IS NULL AND revoked_at IS NULL"),
        ),
    )

    membership_id: Mapped[UUID]
    cohort_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class InvitationLink(Created, TenantRow):
    """A link of an invitation, of which only the hash is kept. A letter that is sent twice brings two; both work."""

    __tablename__ = "invitation_link"
    __table_args__ = (
        UniqueConstraint("tenant_id", "hash"),
        belongs_to("invitation", on_delete="CASCADE"),
        Index("ix_invitation_link_invitation", "tenant_id", "invitation_id"),
    )

    invitation_id: Mapped[UUID]
    hash: Mapped[bytes]


class ConsentEntry(TenantRow):
    """One thing that was said of a purpose, for good: nobody changes or removes it, and the database says when.

    `wording` is what the person was shown, `wording_version` its version; where the institution notes what is on
    paper, the version names the form.
    """

    __tablename__ = "consent_entry"
    __table_args__ = (
        belongs_to("membership"),
        belongs_to("program"),
        one_of("purpose", PURPOSES),
        one_of("decision", DECISIONS),
        one_of("said_by", SPEAKERS),
        CheckConstraint("(purpose = 'funder_sharing') = (funder IS NOT NULL)", name="funder"),
        CheckConstraint("(said_by = 'person') = (wording IS NOT NULL)", name="wording"),
        CheckConstraint("said_by = 'person' OR decision = 'granted'", name="on_paper"),
        Index("ix_consent_entry_purpose", "tenant_id", "program_id", "purpose", "membership_id"),
        Index("ix_consent_entry_membership", "tenant_id", "membership_id"),
    )

    membership_id: Mapped[UUID]
    program_id: Mapped[UUID]
    purpose: Mapped[str]
    funder: Mapped[str | None]
    decision: Mapped[str]
    said_by: Mapped[str]
    wording_version: Mapped[str]
    wording: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
