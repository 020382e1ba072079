"""Tenants that lend one another people for groups.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import protect, protect_addressed, reach

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    addressed()
    own()
    for table in ("partner_invitation", "partner_answer", "partner_notice", "guest_offer"):
        protect_addressed(table)
        reach(table, "false")
    protect("nomination", grants="SELECT, INSERT, UPDATE (state, withdrawn_at)")
    protect("guest", grants="SELECT, INSERT")
    # What is between tenants no role opens that is limited to a part of one.
    for table in ("nomination", "guest"):
        reach(table, "false")


def addressed() -> None:
    op.create_table(
        "partner_invitation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_tenant_id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("host_name", sa.Text(), nullable=False),
        sa.Column("partner_name", sa.Text(), nullable=False),
        sa.Column("program_name", sa.Text(), nullable=False),
        sa.Column("cohort_name", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_partner_invitation")),
    )
    op.create_index(
        "ix_partner_invitation_source", "partner_invitation", ["source_tenant_id", "id"], unique=False
    )
    op.create_table(
        "partner_answer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_tenant_id", sa.Uuid(), nullable=False),
        sa.Column("partner_invitation_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "answer IN ('accepted', 'declined', 'ended')", name=op.f("ck_partner_answer_answer")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_partner_answer")),
    )
    op.create_index(
        "ix_partner_answer_invitation",
        "partner_answer",
        ["tenant_id", "partner_invitation_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_partner_answer_source",
        "partner_answer",
        ["source_tenant_id", "partner_invitation_id", "id"],
        unique=False,
    )
    op.create_table(
        "partner_notice",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_tenant_id", sa.Uuid(), nullable=False),
        sa.Column("partner_invitation_id", sa.Uuid(), nullable=False),
        sa.Column("nomination_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('takes_part', 'ended')", name=op.f("ck_partner_notice_kind")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_partner_notice")),
    )
    op.create_index(
        "ix_partner_notice_invitation",
        "partner_notice",
        ["tenant_id", "partner_invitation_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_partner_notice_nomination", "partner_notice", ["tenant_id", "nomination_id"], unique=False
    )
    op.create_index(
        "ix_partner_notice_source",
        "partner_notice",
        ["source_tenant_id", "partner_invitation_id", "id"],
        unique=False,
    )
    op.create_table(
        "guest_offer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_tenant_id", sa.Uuid(), nullable=False),
        sa.Column("partner_invitation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_guest_offer")),
    )
    op.create_index(
        "ix_guest_offer_invitation", "guest_offer", ["tenant_id", "partner_invitation_id", "id"], unique=False
    )
    op.create_index("ix_guest_offer_source", "guest_offer", ["source_tenant_id", "id"], unique=False)


def own() -> None:
    op.create_table(
        "nomination",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_invitation_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('nominated', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_nomination_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_nomination_tenant_id_membership_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_nomination")),
    )
    op.create_index(
        "ix_nomination_invitation", "nomination", ["tenant_id", "partner_invitation_id", "id"], unique=False
    )
    op.create_index("ix_nomination_membership", "nomination", ["tenant_id", "membership_id"], unique=False)
    op.create_index(
        "ix_nomination_once",
        "nomination",
        ["tenant_id", "partner_invitation_id", "membership_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )
    op.create_table(
        "guest",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_guest_tenant_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "participant_id"],
            ["participant.tenant_id", "participant.id"],
            name=op.f("fk_guest_tenant_id_participant_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_guest")),
    )
    op.create_index("ix_guest_membership", "guest", ["tenant_id", "membership_id"], unique=False)
    op.create_index("ix_guest_participant", "guest", ["tenant_id", "participant_id"], unique=False)
