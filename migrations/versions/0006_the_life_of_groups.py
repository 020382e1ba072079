"""Runs that go on from groups, and what rules cost and plain ways reach.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    going_on()
    op.create_table(
        "matching_analysis",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matching_run_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("rule_prices", JSON, nullable=True),
        sa.Column("baselines", JSON, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "matching_run_id"],
            ["matching_run.tenant_id", "matching_run.id"],
            name=op.f("fk_matching_analysis_tenant_id_matching_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["job.tenant_id", "job.id"],
            name=op.f("fk_matching_analysis_tenant_id_job_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_matching_analysis")),
    )
    op.create_index(
        "ix_matching_analysis_run", "matching_analysis", ["tenant_id", "matching_run_id", "id"], unique=False
    )
    protect("matching_analysis")


def going_on() -> None:
    """Which group a proposal goes on from, and which a participant comes from; somebody can come back to a group."""
    op.add_column("matching_run", sa.Column("moved_count", sa.Integer(), nullable=True))
    for table, column in (("proposed_group", "group_id"), ("placement", "from_group_id")):
        op.add_column(table, sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_tenant_id_{column}"),
            table,
            "peer_group",
            ["tenant_id", column],
            ["tenant_id", "id"],
        )
    op.create_index("ix_proposed_group_group", "proposed_group", ["tenant_id", "group_id"], unique=False)
    op.create_index("ix_placement_from_group", "placement", ["tenant_id", "from_group_id"], unique=False)
    op.drop_constraint(op.f("uq_group_member_tenant_id_group_id_membership_id"), "group_member")
    op.create_index(
        "ix_group_member_present",
        "group_member",
        ["tenant_id", "group_id", "membership_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )
