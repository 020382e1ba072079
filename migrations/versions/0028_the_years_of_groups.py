"""Since when groups are known to their members, and since when they are active.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("peer_group", sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("GRANT INSERT (announced_at), UPDATE (announced_at) ON peer_group TO peerloom_app")
    # Under FORCE the owner, who migrates, would find no row to change.
    op.execute("ALTER TABLE peer_group NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE peer_group SET announced_at = coalesce(opened_at, created_at) WHERE state <> 'formed'")
    op.execute(
        "UPDATE peer_group SET active_on = CAST(coalesce(opened_at, created_at) AT TIME ZONE 'UTC' AS date)"
        " WHERE active_on IS NULL AND state IN ('active', 'paused')"
    )
    op.execute("ALTER TABLE peer_group FORCE ROW LEVEL SECURITY")
