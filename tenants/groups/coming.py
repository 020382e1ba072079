"""The tables of whoever is to come into a group: who was invited, who is proposed, and what the members said.

Only doors write what decides about an admission; what a member answered no session reads, not even her own.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import Written, of_group_and_author
from tenants.kernel.base import TenantRow, belongs_to, one_of

ADMISSION_STATES = ("open", "admitted", "refused", "ended")
ANSWERS = ("accepted", "declined")


class Admission(TenantRow):
    """A newcomer's being proposed to the members of a group. `group_member_id` is her place there.

    It ends in another way than in hers or their favour when she, the group or all of its members are gone.
    """

    __tablename__ = "admission"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        belongs_to("group_member"),
        belongs_to("membership", "proposer_id"),
        belongs_to("group_invitation", "invitation_id", on_delete="SET NULL (invitation_id)"),
        one_of("state", ADMISSION_STATES),
        Index("ix_admission_group", "tenant_id", "group_id", "id"),
        Index("ix_admission_proposer", "tenant_id", "proposer_id"),
        Index("ix_admission_invitation", "tenant_id", "invitation_id"),
        Index(
            "ix_admission_open",
            "tenant_id",
            "group_member_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )

    group_id: Mapped[UUID]
    group_member_id: Mapped[UUID]
    proposer_id: Mapped[UUID]
    invitation_id: Mapped[UUID | None]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class AdmissionAnswer(TenantRow):
    """What the holder of a place in the group says to an admission, until it is decided. Its id tells no time."""

    __tablename__ = "admission_answer"
    __table_args__ = (
        belongs_to("admission"),
        belongs_to("group_member"),
        UniqueConstraint("tenant_id", "admission_id", "group_member_id"),
    )

    admission_id: Mapped[UUID]
    group_member_id: Mapped[UUID]
    objects: Mapped[bool]


class GroupInvitation(Written, TenantRow):
    """Whom a member would like to have in her group, by the name that she wrote, whoever that is and if anybody."""

    __tablename__ = "group_invitation"
    __table_args__ = (
        *of_group_and_author(),
        Index("ix_group_invitation_group", "tenant_id", "group_id"),
        Index("ix_group_invitation_author", "tenant_id", "author_id"),
    )

    encrypted_name: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(server_default=text("now() + interval '30 days'"))


class DeliveredInvitation(TenantRow):
    """An invitation at whom it went to, under the same id. Nobody but her sees that there is one.

    It stays when the invitation is taken back, without an `invitation_id`: nobody asks her again at once.
    """

    __tablename__ = "delivered_invitation"
    __table_args__ = (
        belongs_to("group_invitation", "invitation_id", on_delete="SET NULL (invitation_id)"),
        belongs_to("peer_group", "group_id"),
        belongs_to("participant"),
        belongs_to("membership"),
        one_of("answer", ANSWERS),
        Index("ix_delivered_invitation_group", "tenant_id", "group_id"),
        Index("ix_delivered_invitation_participant", "tenant_id", "participant_id"),
        Index("ix_delivered_invitation_membership", "tenant_id", "membership_id"),
        Index("ix_delivered_invitation_invitation", "tenant_id", "invitation_id"),
    )

    group_id: Mapped[UUID]
    participant_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    invitation_id: Mapped[UUID | None]
    answer: Mapped[str | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answered_at: Mapped[datetime | None]
