"""Files that are kept, the shelves of groups, and that of the tenant.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import MEMBERSHIP, protect, protect_private, protect_published, reach

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KINDS = "kind IN ('past_grant', 'application', 'template', 'guidance', 'policy', 'protocol', 'dataset', 'slides', 'other')"
FIXED = "tenant_id, id, group_id, author_id"
EDITED = (
    "kind, as_of, encrypted_title, encrypted_licence, encrypted_url, encrypted_note, encrypted_file_name, file_id,"
    " media_type, size, encrypted_sha256, encrypted_file_key, version"
)


def upgrade() -> None:
    files()
    resources()
    shared()
    published()
    walls()


def files() -> None:
    op.create_table(
        "kept_file",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_kept_file")),
    )


def resources() -> None:
    op.create_table(
        "resource",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("encrypted_title", sa.LargeBinary(), nullable=False),
        sa.Column("encrypted_licence", sa.LargeBinary(), nullable=False),
        sa.Column("encrypted_url", sa.LargeBinary(), nullable=True),
        sa.Column("encrypted_note", sa.LargeBinary(), nullable=True),
        sa.Column("encrypted_file_name", sa.LargeBinary(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("encrypted_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("encrypted_file_key", sa.LargeBinary(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_resource_kind")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_resource_tenant_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_resource_tenant_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["kept_file.tenant_id", "kept_file.id"],
            name=op.f("fk_resource_tenant_id_file_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_resource")),
    )
    op.create_index("ix_resource_group", "resource", ["tenant_id", "group_id", "id"], unique=False)
    op.create_index("ix_resource_author", "resource", ["tenant_id", "author_id"], unique=False)
    op.create_index("ix_resource_file", "resource", ["tenant_id", "file_id"], unique=True)


def shared() -> None:
    op.create_table(
        "shared_resource",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("encrypted_file_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_shared_resource_kind")),
        sa.CheckConstraint("scope IN ('tenant', 'network')", name=op.f("ck_shared_resource_scope")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "resource_id"],
            ["resource.tenant_id", "resource.id"],
            name=op.f("fk_shared_resource_tenant_id_resource_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_shared_resource_tenant_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["kept_file.tenant_id", "kept_file.id"],
            name=op.f("fk_shared_resource_tenant_id_file_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shared_resource")),
        sa.UniqueConstraint(
            "tenant_id", "resource_id", name=op.f("uq_shared_resource_tenant_id_resource_id")
        ),
    )
    op.create_index("ix_shared_resource_file", "shared_resource", ["tenant_id", "file_id"], unique=True)


def published() -> None:
    op.create_table(
        "network_resource",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("owner_name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("shared_on", sa.Date(), server_default=sa.text("CURRENT_DATE"), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_network_resource_kind")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["shared_resource.tenant_id", "shared_resource.id"],
            name=op.f("fk_network_resource_tenant_id_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_network_resource")),
    )
    op.create_index("ix_network_resource_id", "network_resource", ["id"], unique=False)


def walls() -> None:
    protect("kept_file", grants="SELECT, INSERT, DELETE")
    protect_private("resource", grants=f"SELECT, INSERT ({FIXED}, {EDITED}), UPDATE ({EDITED}), DELETE")
    protect("shared_resource", grants="SELECT, INSERT, DELETE")
    reach("shared_resource", "true")
    protect_published("network_resource")
    reach("network_resource", "true")
    op.execute(
        "CREATE POLICY shared_so ON network_resource AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (id IN (SELECT s.id FROM shared_resource s WHERE s.scope = 'network'))"
    )
    # What is hers behind the group wall, she shares, under her name or none, and takes back; nobody else does.
    hers = f"resource_id IN (SELECT r.id FROM resource r WHERE r.author_id = {MEMBERSHIP})"
    named = f"(membership_id IS NULL OR membership_id = {MEMBERSHIP})"
    op.execute(
        "CREATE POLICY own_share_insert ON shared_resource AS RESTRICTIVE FOR INSERT TO peerloom_app"
        f" WITH CHECK ({hers} AND {named})"
    )
    op.execute(
        "CREATE POLICY own_share_delete ON shared_resource AS RESTRICTIVE FOR DELETE TO peerloom_app"
        f" USING ({hers})"
    )
