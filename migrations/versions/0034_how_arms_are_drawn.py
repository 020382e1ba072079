"""How a randomised run drew its arms, and a digest of what from.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("matching_run", sa.Column("draw", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
