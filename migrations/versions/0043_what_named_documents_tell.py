"""What a document that names people is made of, so that it is not handed out once some of it was taken back.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("named_document", sa.Column("told_ids", postgresql.ARRAY(sa.Uuid()), nullable=True))
    op.execute("GRANT UPDATE (told_ids) ON named_document TO peerloom_app")
