"""What a run's groups are worth, how far that may be from the best, and how it comes about.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.drop_constraint(op.f("ck_matching_run_outcome"), "matching_run")
    op.create_check_constraint(
        op.f("ck_matching_run_outcome"), "matching_run", "outcome IN ('formed', 'partial', 'infeasible')"
    )
    op.alter_column("matching_run", "score", new_column_name="value")
    op.add_column("matching_run", sa.Column("bound", sa.Double(), nullable=True))
    op.add_column("matching_run", sa.Column("bound_by", sa.Text(), nullable=True))
    op.add_column("matching_run", sa.Column("gap", sa.Double(), nullable=True))
    op.add_column("matching_run", sa.Column("stopped_by", sa.Text(), nullable=True))
    op.add_column("matching_run", sa.Column("terms", JSON, nullable=True))
    op.add_column("matching_run", sa.Column("clash", JSON, nullable=True))
    op.alter_column("proposed_group", "score", new_column_name="value")
    op.alter_column("proposed_group", "contributions", new_column_name="terms")
    op.add_column("proposed_group", sa.Column("owed", sa.Double(), nullable=False, server_default="0"))
    op.add_column("proposed_group", sa.Column("common_hours", sa.Double(), nullable=True))
    op.add_column("placement", sa.Column("explanation", JSON, nullable=True))
