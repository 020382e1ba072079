"""Recipes say how much the weakest group counts, and who may be left over.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recipe", sa.Column("emphasis", sa.Double(), server_default="0.5", nullable=False))
    op.add_column("recipe", sa.Column("waitlist", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("recipe", sa.Column("priority", sa.Text(), nullable=True))
