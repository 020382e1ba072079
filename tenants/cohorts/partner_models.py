"""Tenants that lend one another people for groups: what passes between two, each row for its addressee and its sender.

The host invites a partner, which nominates some of its people; whoever agrees becomes a guest of the host. Addressed
rows (`source_tenant_id` sends, `tenant_id` reads) are never changed.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of

ANSWERS = ("accepted", "declined", "ended")
NOTICES = ("takes_part", "ended")
NOMINATION_STATES = ("nominated", "accepted", "declined", "withdrawn")


class PartnerInvitation(Created, TenantRow):
    """A host invites a partner to nominate people for one of its cohorts."""

    __tablename__ = "partner_invitation"
    __table_args__ = (Index("ix_partner_invitation_source", "source_tenant_id", "id"),)

    source_tenant_id: Mapped[UUID]
    cohort_id: Mapped[UUID]
    host_name: Mapped[str]
    partner_name: Mapped[str]
    program_name: Mapped[str]
    cohort_name: Mapped[str]
    message: Mapped[str | None]


class PartnerAnswer(Created, TenantRow):
    """What the partner says to it; the last one holds."""

    __tablename__ = "partner_answer"
    __table_args__ = (
        one_of("answer", ANSWERS),
        Index("ix_partner_answer_invitation", "tenant_id", "partner_invitation_id", "id"),
        Index("ix_partner_answer_source", "source_tenant_id", "partner_invitation_id", "id"),
    )

    source_tenant_id: Mapped[UUID]
    partner_invitation_id: Mapped[UUID]
    answer: Mapped[str]


class PartnerNotice(Created, TenantRow):
    """What the host tells the partner: that one of its nominees takes part, or that the host has ended it."""

    __tablename__ = "partner_notice"
    __table_args__ = (
        one_of("kind", NOTICES),
        Index("ix_partner_notice_invitation", "tenant_id", "partner_invitation_id", "id"),
        Index("ix_partner_notice_nomination", "tenant_id", "nomination_id"),
        Index("ix_partner_notice_source", "source_tenant_id", "partner_invitation_id", "id"),
    )

    source_tenant_id: Mapped[UUID]
    partner_invitation_id: Mapped[UUID]
    nomination_id: Mapped[UUID | None]
    kind: Mapped[str]


class Nomination(Created, TenantRow):
    """A partner names somebody of its own. The host hears of her once she has agreed, and not before; that she declined
    her own tenant does not hear.
    """

    __tablename__ = "nomination"
    __table_args__ = (
        belongs_to("membership"),
        one_of("state", NOMINATION_STATES),
        Index("ix_nomination_invitation", "tenant_id", "partner_invitation_id", "id"),
        Index("ix_nomination_membership", "tenant_id", "membership_id"),
        Index(
            "ix_nomination_once",
            "tenant_id",
            "partner_invitation_id",
            "membership_id",
            unique=True,
            postgresql_where=text("state <> 'withdrawn'"),
        ),
    )

    partner_invitation_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="nominated")
    withdrawn_at: Mapped[datetime | None]


class GuestOffer(Created, TenantRow):
    """Somebody who was nominated agrees: what she lets the host know. Its id is the nomination's."""

    __tablename__ = "guest_offer"
    __table_args__ = (
        Index("ix_guest_offer_invitation", "tenant_id", "partner_invitation_id", "id"),
        Index("ix_guest_offer_source", "source_tenant_id", "id"),
    )

    source_tenant_id: Mapped[UUID]
    partner_invitation_id: Mapped[UUID]
    name: Mapped[str]
    email: Mapped[str]


class Guest(Created, TenantRow):
    """The host took somebody in: her membership and her participation here. Its id is the offer's."""

    __tablename__ = "guest"
    __table_args__ = (
        belongs_to("membership"),
        belongs_to("participant"),
        Index("ix_guest_membership", "tenant_id", "membership_id"),
        Index("ix_guest_participant", "tenant_id", "participant_id"),
    )

    membership_id: Mapped[UUID]
    participant_id: Mapped[UUID]
