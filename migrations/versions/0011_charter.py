"""Charters, behind the group wall.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import TENANT, protect_private

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "charter_version",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("encrypted_text", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_charter_version_tenant_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_charter_version_tenant_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_charter_version")),
        sa.UniqueConstraint(
            "tenant_id", "group_id", "number", name=op.f("uq_charter_version_tenant_id_group_id_number")
        ),
    )
    op.create_index("ix_charter_version_author", "charter_version", ["tenant_id", "author_id"], unique=False)
    door(
        "charter_in_force(of_group uuid) RETURNS integer LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, group_id, number) ON charter_version TO peerloom_door",),
        policies=(
            f"CREATE POLICY door ON charter_version FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",
        ),
        body="SELECT coalesce(max(c.number), 0) FROM public.charter_version c WHERE c.group_id = of_group",
    )
    # Versions stay as they were written, and the database says when that was: so the last one is the one in force,
    # and no older one can come into force, or into a newcomer's sight, again.
    protect_private(
        "charter_version",
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, number, encrypted_text)",
        in_force="door.charter_in_force",
        lasting=False,
    )
    op.execute(
        "CREATE POLICY versions_follow ON charter_version AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (number = door.charter_in_force(group_id) + 1)"
    )
