"""What leaves a tenant: protected snapshots of a program, the ledger that they make, and the threshold.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import PROGRAMS, protect, reach

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

OF_PROGRAM = "program_id IN (SELECT g.id FROM program g)"


def upgrade() -> None:
    op.add_column(
        "tenant", sa.Column("disclosure_threshold", sa.Integer(), server_default="10", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_tenant_disclosure_threshold"), "tenant", "disclosure_threshold BETWEEN 10 AND 100"
    )
    snapshots()
    inputs()
    op.add_column("report", sa.Column("snapshot_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_report_tenant_id_snapshot_id"),
        "report",
        "report_snapshot",
        ["tenant_id", "snapshot_id"],
        ["tenant_id", "id"],
    )


def snapshots() -> None:
    op.create_table(
        "report_snapshot",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("place = based_on + 1", name=op.f("ck_report_snapshot_place")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_report_snapshot_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_report_snapshot")),
        sa.UniqueConstraint(
            "tenant_id", "program_id", "place", name=op.f("uq_report_snapshot_tenant_id_program_id_place")
        ),
    )
    protect("report_snapshot", grants="SELECT, INSERT, UPDATE (place)")
    reach("report_snapshot", OF_PROGRAM)


def inputs() -> None:
    """Exact numbers: for whoever may know of the whole program."""
    op.create_table(
        "report_input",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("tables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_report_input_tenant_id_program_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "snapshot_id"],
            ["report_snapshot.tenant_id", "report_snapshot.id"],
            name=op.f("fk_report_input_tenant_id_snapshot_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_report_input")),
        sa.UniqueConstraint("tenant_id", "snapshot_id", name=op.f("uq_report_input_tenant_id_snapshot_id")),
    )
    protect("report_input", grants="SELECT, INSERT")
    reach("report_input", f"program_id = ANY ({PROGRAMS})")
