"""Keys of tenants and groups, wrapped.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import protect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_data_key_tenant_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_data_key")),
        sa.UniqueConstraint(
            "tenant_id",
            "group_id",
            name=op.f("uq_data_key_tenant_id_group_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    # What a key encrypted is lost with it: it can be wrapped anew, and neither be given to another nor be deleted.
    protect("data_key", grants="SELECT, INSERT, UPDATE (wrapped, wrapped_by)")
    door(
        "keys_under_others(master text, after uuid, most integer) RETURNS TABLE (tenant_id uuid)"
        " LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, group_id, wrapped_by) ON data_key TO peerloom_door",),
        policies=("CREATE POLICY door ON data_key FOR SELECT TO peerloom_door USING (group_id IS NULL)",),
        body="SELECT k.tenant_id FROM public.data_key k WHERE k.group_id IS NULL AND k.wrapped_by <> master"
        " AND k.tenant_id > after ORDER BY k.tenant_id LIMIT most",
    )
