"""Separations: who must not be in one group, from rosters, from admins, and as a person's own wish.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import MEMBERSHIP, TENANT, protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables()
    walls()
    doors()
    op.drop_constraint(op.f("ck_import_kind"), "import")
    op.create_check_constraint(
        op.f("ck_import_kind"), "import", "kind IN ('roster', 'products', 'career_events', 'separations')"
    )


def tables() -> None:
    op.create_table(
        "separation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(source = 'person') = (membership_id IS NOT NULL)", name=op.f("ck_separation_author")
        ),
        sa.CheckConstraint("source IN ('roster', 'admin', 'person')", name=op.f("ck_separation_source")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_separation_tenant_id_cohort_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["import.tenant_id", "import.id"],
            name=op.f("fk_separation_tenant_id_import_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_separation_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_separation")),
        sa.UniqueConstraint(
            "tenant_id",
            "cohort_id",
            "membership_id",
            "natural_key",
            name=op.f("uq_separation_tenant_id_cohort_id_membership_id_natural_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_separation_cohort", "separation", ["tenant_id", "cohort_id", "id"], unique=False)
    op.create_index("ix_separation_import", "separation", ["tenant_id", "import_id"], unique=False)
    op.create_index("ix_separation_membership", "separation", ["tenant_id", "membership_id"], unique=False)
    op.create_table(
        "separation_member",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("separation_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "participant_id"],
            ["participant.tenant_id", "participant.id"],
            name=op.f("fk_separation_member_tenant_id_participant_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "separation_id"],
            ["separation.tenant_id", "separation.id"],
            name=op.f("fk_separation_member_tenant_id_separation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_separation_member")),
        sa.UniqueConstraint(
            "tenant_id",
            "separation_id",
            "participant_id",
            name=op.f("uq_separation_member_tenant_id_separation_id_participant_id"),
        ),
    )
    op.create_index(
        "ix_separation_member_participant", "separation_member", ["tenant_id", "participant_id"], unique=False
    )


def walls() -> None:
    # Nobody changes a separation. A person's own wish is theirs alone, in every command.
    own = f"membership_id IS NULL OR membership_id = {MEMBERSHIP}"
    for table in ("separation", "separation_member"):
        protect(table, grants="SELECT, INSERT, DELETE")
        op.execute(
            f"CREATE POLICY own_wishes ON {table} AS RESTRICTIVE TO peerloom_app"
            f" USING ({own}) WITH CHECK ({own})"
        )


def doors() -> None:
    # Matching keeps the wishes that nobody may read.
    door(
        "separations(cohort uuid) RETURNS TABLE (separation_id uuid, participant_id uuid, private boolean)"
        " LANGUAGE sql STABLE",
        grants=(
            "GRANT SELECT (tenant_id, id, cohort_id, membership_id) ON separation TO peerloom_door",
            "GRANT SELECT (tenant_id, separation_id, participant_id) ON separation_member TO peerloom_door",
        ),
        policies=tuple(
            f"CREATE POLICY door ON {table} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})"
            for table in ("separation", "separation_member")
        ),
        body="SELECT s.id, m.participant_id, s.membership_id IS NOT NULL"
        "  FROM public.separation s"
        "  JOIN public.separation_member m ON m.tenant_id = s.tenant_id AND m.separation_id = s.id"
        " WHERE s.cohort_id = cohort",
    )
