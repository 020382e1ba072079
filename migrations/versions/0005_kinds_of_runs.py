"""Options of runs, simulations, and runs that draw who starts when.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.alter_column("matching_run", "recipe_id", nullable=True)
    op.add_column(
        "matching_run", sa.Column("simulation", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column("matching_run", sa.Column("options", JSON, server_default="{}", nullable=False))
    op.create_check_constraint(
        op.f("ck_matching_run_simulation"), "matching_run", "NOT simulation OR accepted_at IS NULL"
    )
    op.create_check_constraint(
        op.f("ck_matching_run_recipe"), "matching_run", "simulation OR recipe_id IS NOT NULL"
    )
    op.create_index(
        "ix_matching_run_simulation",
        "matching_run",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("simulation"),
    )
    op.add_column("placement", sa.Column("arm", sa.Integer(), nullable=True))
    op.add_column("placement", sa.Column("stratum", sa.Text(), nullable=True))
