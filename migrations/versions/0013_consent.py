"""What people agree to: the bases of a program's purposes, and the ledger of what was said of them.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import MEMBERSHIP, TENANT, protect

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())
TEXTS = postgresql.ARRAY(sa.Text())
BASES = '{"matching": "institution", "contact": "institution", "outcomes": "institution"}'


def upgrade() -> None:
    columns()
    ledger()
    walls()


def columns() -> None:
    op.add_column("program", sa.Column("bases", JSON, server_default=BASES, nullable=False))
    op.add_column("program", sa.Column("funders", TEXTS, server_default="{}", nullable=False))
    op.add_column("program", sa.Column("wordings", JSON, server_default="{}", nullable=False))
    op.add_column("participant", sa.Column("own_answers", TEXTS, server_default="{}", nullable=False))
    op.add_column("participant_change", sa.Column("declined", TEXTS, server_default="{}", nullable=False))
    op.add_column("matching_run", sa.Column("left_out", JSON, nullable=True))
    op.add_column("report", sa.Column("funder", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_report_funder"), "report", "audience = 'funder' OR funder IS NULL")


def ledger() -> None:
    op.create_table(
        "consent_entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("funder", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("wording_version", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "purpose IN ('matching', 'contact', 'outcomes', 'demographics', 'funder_sharing')",
            name=op.f("ck_consent_entry_purpose"),
        ),
        sa.CheckConstraint(
            "decision IN ('granted', 'objected', 'withdrawn')", name=op.f("ck_consent_entry_decision")
        ),
        sa.CheckConstraint("said_by IN ('institution', 'person')", name=op.f("ck_consent_entry_said_by")),
        sa.CheckConstraint(
            "(purpose = 'funder_sharing') = (funder IS NOT NULL)", name=op.f("ck_consent_entry_funder")
        ),
        sa.CheckConstraint(
            "(said_by = 'person') = (wording IS NOT NULL)", name=op.f("ck_consent_entry_wording")
        ),
        sa.CheckConstraint(
            "said_by = 'person' OR decision = 'granted'", name=op.f("ck_consent_entry_on_paper")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_consent_entry_tenant_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_consent_entry_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_consent_entry")),
    )
    op.create_index(
        "ix_consent_entry_purpose",
        "consent_entry",
        ["tenant_id", "program_id", "purpose", "membership_id"],
        unique=False,
    )
    op.create_index(
        "ix_consent_entry_membership", "consent_entry", ["tenant_id", "membership_id"], unique=False
    )


def walls() -> None:
    # What was said stays, and the database says when.
    protect(
        "consent_entry",
        grants="SELECT, INSERT (tenant_id, id, membership_id, program_id, purpose, funder, decision, said_by,"
        " wording_version, wording)",
    )
    door(
        "own_decision(member uuid, program uuid, of_purpose text, of_funder text) RETURNS text LANGUAGE sql STABLE",
        grants=(
            "GRANT SELECT (tenant_id, id, membership_id, program_id, purpose, funder, decision, said_by, created_at) ON consent_entry TO peerloom_door",
        ),
        policies=(
            f"CREATE POLICY door ON consent_entry FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",
        ),
        body="SELECT e.decision FROM public.consent_entry e"
        " WHERE e.membership_id = member AND e.program_id = program AND e.purpose = of_purpose"
        " AND e.funder IS NOT DISTINCT FROM of_funder AND e.said_by = 'person'"
        " ORDER BY e.created_at DESC, e.id DESC LIMIT 1",
    )
    # A person speaks for herself alone. The institution notes grants only, and never against her.
    op.execute(
        "CREATE POLICY own_decisions ON consent_entry AS RESTRICTIVE FOR INSERT TO peerloom_app WITH CHECK ("
        f" CASE said_by WHEN 'person' THEN membership_id = {MEMBERSHIP}"
        " ELSE decision = 'granted'"
        " AND coalesce(door.own_decision(membership_id, program_id, purpose, funder), 'granted') = 'granted' END)"
    )
