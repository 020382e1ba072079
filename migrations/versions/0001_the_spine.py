"""The spine: tenants, cohorts, groups, outcomes, reports, jobs and events, behind their walls.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import MEMBERSHIP, TENANT, protect, protect_self

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    schemas()
    tables()
    walls()
    doors()


def tables() -> None:
    op.create_table(
        "client",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grant_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("redirect_uris", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state IN ('active', 'revoked')", name=op.f("ck_client_state")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_client")),
    )
    op.create_table(
        "event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("changed", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("audience IN ('tenant', 'audit')", name=op.f("ck_event_audience")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_feed", "event", ["tenant_id", "sequence"], unique=True)
    op.create_index(
        "ix_event_unsealed",
        "event",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where=sa.text("sequence IS NULL"),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_idempotency_record")),
        sa.UniqueConstraint(
            "tenant_id",
            "client_id",
            "route",
            "key_hash",
            name=op.f("uq_idempotency_record_tenant_id_client_id_route_key_hash"),
        ),
    )
    op.create_index("ix_idempotency_record_expires_at", "idempotency_record", ["expires_at"], unique=False)
    op.create_table(
        "job",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("queue IN ('quick', 'long')", name=op.f("ck_job_queue")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_job_state")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_job")),
    )
    op.create_index(
        "ix_job_due", "job", ["not_before"], unique=False, postgresql_where=sa.text("state = 'queued'")
    )
    op.create_index(
        "ix_job_lease", "job", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'running'")
    )
    op.create_index(
        "ix_job_open",
        "job",
        ["tenant_id", "queue"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index("ix_job_subject", "job", ["tenant_id", "subject_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "product",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("doi", sa.Text(), nullable=True),
        sa.Column("pmid", sa.Text(), nullable=True),
        sa.Column("project_number", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('manuscript', 'protocol', 'dataset', 'software', 'proposal_submitted', 'proposal_awarded', 'supplement', 'talk', 'guest_lecture', 'panel', 'nomination_given', 'nomination_received', 'leadership', 'policy', 'collaboration', 'other')",
            name=op.f("ck_product_kind"),
        ),
        sa.CheckConstraint(
            "visibility IN ('me', 'group', 'program', 'funder')", name=op.f("ck_product_visibility")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_product")),
        sa.UniqueConstraint("tenant_id", "natural_key", name=op.f("uq_product_tenant_id_natural_key")),
    )
    op.create_table(
        "program",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_program")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('institution', 'funder', 'society')", name=op.f("ck_tenant_kind")),
        sa.CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name=op.f("ck_tenant_slug")),
        sa.CheckConstraint("state IN ('open', 'suspended')", name=op.f("ck_tenant_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
    )
    op.create_table(
        "attribute",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("uses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "answered_by IN ('roster', 'person', 'either')", name=op.f("ck_attribute_answered_by")
        ),
        sa.CheckConstraint(
            "kind IN ('categorical', 'set', 'ordinal', 'number', 'date', 'boolean', 'text', 'availability', 'reference')",
            name=op.f("ck_attribute_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_attribute_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_attribute")),
        sa.UniqueConstraint(
            "tenant_id", "program_id", "key", name=op.f("uq_attribute_tenant_id_program_id_key")
        ),
    )
    op.create_table(
        "cohort",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("announced_on", sa.Date(), nullable=True),
        sa.Column("kick_off_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_cohort_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cohort")),
    )
    op.create_index("ix_cohort_program", "cohort", ["tenant_id", "program_id", "id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column(
            "identifiers", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_membership_person_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_membership")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_membership_tenant_id_external_id")),
        sa.UniqueConstraint("tenant_id", "person_id", name=op.f("uq_membership_tenant_id_person_id")),
    )
    op.create_index("ix_membership_person_id", "membership", ["person_id"], unique=False)
    op.create_table(
        "recipe",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_recipe_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recipe")),
    )
    op.create_index("ix_recipe_program", "recipe", ["tenant_id", "program_id", "id"], unique=False)
    op.create_table(
        "access_token",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["client.tenant_id", "client.id"],
            name=op.f("fk_access_token_tenant_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_access_token_tenant_id_membership_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_access_token_tenant_id_hash")),
    )
    op.create_index("ix_access_token_client", "access_token", ["tenant_id", "client_id"], unique=False)
    op.create_index("ix_access_token_expires_at", "access_token", ["expires_at"], unique=False)
    op.create_table(
        "career_event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("sample", sa.Text(), nullable=True),
        sa.Column("before_first_k", sa.Boolean(), nullable=False),
        sa.Column("project_number", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('award', 'observation', 'appointment', 'promotion', 'institution_change', 'leave', 'departure')",
            name=op.f("ck_career_event_kind"),
        ),
        sa.CheckConstraint("sample IN ('complete', 'survivors')", name=op.f("ck_career_event_sample")),
        sa.CheckConstraint(
            "visibility IN ('me', 'group', 'program', 'funder')", name=op.f("ck_career_event_visibility")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_career_event_tenant_id_membership_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_career_event")),
        sa.UniqueConstraint(
            "tenant_id",
            "membership_id",
            "natural_key",
            name=op.f("uq_career_event_tenant_id_membership_id_natural_key"),
        ),
    )
    op.create_index(
        "ix_career_event_membership", "career_event", ["tenant_id", "membership_id", "kind"], unique=False
    )
    op.create_table(
        "import",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("max_withdrawals", sa.Integer(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("file_bytes", sa.BigInteger(), nullable=True),
        sa.Column("file_sha256", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_withdrawals", sa.Integer(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('roster', 'products', 'career_events')", name=op.f("ck_import_kind")),
        sa.CheckConstraint("mode IN ('skip', 'update', 'replace')", name=op.f("ck_import_mode")),
        sa.CheckConstraint(
            "state IN ('awaiting_file', 'checking', 'needs_confirmation', 'running', 'succeeded', 'failed', 'cancelled', 'reversed')",
            name=op.f("ck_import_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_import_tenant_id_cohort_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"], ["job.tenant_id", "job.id"], name=op.f("fk_import_tenant_id_job_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_import")),
    )
    op.create_index("ix_import_cohort", "import", ["tenant_id", "cohort_id", "id"], unique=False)
    op.create_table(
        "matching_run",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("recipe_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("recipe", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("group_count", sa.Integer(), nullable=True),
        sa.Column("placed_count", sa.Integer(), nullable=True),
        sa.Column("unplaced_count", sa.Integer(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("outcome IN ('formed', 'infeasible')", name=op.f("ck_matching_run_outcome")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_matching_run_tenant_id_cohort_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["job.tenant_id", "job.id"],
            name=op.f("fk_matching_run_tenant_id_job_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recipe_id"],
            ["recipe.tenant_id", "recipe.id"],
            name=op.f("fk_matching_run_tenant_id_recipe_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_matching_run")),
    )
    op.create_index("ix_matching_run_cohort", "matching_run", ["tenant_id", "cohort_id", "id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('eligible', 'invited', 'applied', 'ineligible', 'declined', 'waitlisted', 'placed', 'paused', 'withdrawn', 'completed')",
            name=op.f("ck_participant_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_participant_tenant_id_cohort_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_participant_tenant_id_membership_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_participant")),
        sa.UniqueConstraint(
            "tenant_id",
            "cohort_id",
            "membership_id",
            name=op.f("uq_participant_tenant_id_cohort_id_membership_id"),
        ),
    )
    op.create_index("ix_participant_cohort", "participant", ["tenant_id", "cohort_id", "id"], unique=False)
    op.create_index("ix_participant_membership", "participant", ["tenant_id", "membership_id"], unique=False)
    op.create_index(
        "ix_participant_updated", "participant", ["tenant_id", "cohort_id", "updated_at"], unique=False
    )
    op.create_table(
        "product_contributor",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_product_contributor_tenant_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["product.tenant_id", "product.id"],
            name=op.f("fk_product_contributor_tenant_id_product_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_product_contributor")),
        sa.UniqueConstraint(
            "tenant_id",
            "product_id",
            "membership_id",
            name=op.f("uq_product_contributor_tenant_id_product_id_membership_id"),
        ),
    )
    op.create_index(
        "ix_product_contributor_membership",
        "product_contributor",
        ["tenant_id", "membership_id"],
        unique=False,
    )
    op.create_table(
        "report",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=True),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("formats", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("audience IN ('internal', 'funder', 'public')", name=op.f("ck_report_audience")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_report_tenant_id_cohort_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"], ["job.tenant_id", "job.id"], name=op.f("fk_report_tenant_id_job_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_report_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_report")),
    )
    op.create_table(
        "import_row",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("subject_version", sa.Integer(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('created', 'updated', 'unchanged', 'skipped', 'failed', 'withdrawn')",
            name=op.f("ck_import_row_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["import.tenant_id", "import.id"],
            name=op.f("fk_import_row_tenant_id_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_import_row")),
    )
    op.create_index(
        "ix_import_row_outcome", "import_row", ["tenant_id", "import_id", "outcome", "id"], unique=False
    )
    op.create_index(
        "ix_import_row_subject",
        "import_row",
        ["tenant_id", "subject_id"],
        unique=False,
        postgresql_where=sa.text("subject_id IS NOT NULL"),
    )
    op.create_table(
        "participant_change",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "source IN ('roster', 'person', 'api', 'matching')", name=op.f("ck_participant_change_source")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "participant_id"],
            ["participant.tenant_id", "participant.id"],
            name=op.f("fk_participant_change_tenant_id_participant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_participant_change")),
    )
    op.create_index(
        "ix_participant_change_participant",
        "participant_change",
        ["tenant_id", "participant_id", "id"],
        unique=False,
    )
    op.create_table(
        "peer_group",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("matching_run_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('formed', 'announced', 'confirmed', 'active', 'paused', 'ended')",
            name=op.f("ck_peer_group_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_peer_group_tenant_id_cohort_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "matching_run_id"],
            ["matching_run.tenant_id", "matching_run.id"],
            name=op.f("fk_peer_group_tenant_id_matching_run_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_peer_group")),
    )
    op.create_index("ix_peer_group_cohort", "peer_group", ["tenant_id", "cohort_id", "id"], unique=False)
    op.create_index("ix_peer_group_run", "peer_group", ["tenant_id", "matching_run_id"], unique=False)
    op.create_table(
        "proposed_group",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matching_run_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("contributions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "matching_run_id"],
            ["matching_run.tenant_id", "matching_run.id"],
            name=op.f("fk_proposed_group_tenant_id_matching_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_proposed_group")),
    )
    op.create_index(
        "ix_proposed_group_run", "proposed_group", ["tenant_id", "matching_run_id", "position"], unique=True
    )
    op.create_table(
        "report_file",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("format IN ('json', 'csv')", name=op.f("ck_report_file_format")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "report_id"],
            ["report.tenant_id", "report.id"],
            name=op.f("fk_report_file_tenant_id_report_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_report_file")),
        sa.UniqueConstraint(
            "tenant_id", "report_id", "format", name=op.f("uq_report_file_tenant_id_report_id_format")
        ),
    )
    op.create_index("ix_report_file_report", "report_file", ["tenant_id", "report_id"], unique=False)
    op.create_table(
        "group_member",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_group_member_tenant_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_group_member_tenant_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "participant_id"],
            ["participant.tenant_id", "participant.id"],
            name=op.f("fk_group_member_tenant_id_participant_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_group_member")),
        sa.UniqueConstraint(
            "tenant_id",
            "group_id",
            "membership_id",
            name=op.f("uq_group_member_tenant_id_group_id_membership_id"),
        ),
    )
    op.create_index(
        "ix_group_member_current",
        "group_member",
        ["tenant_id", "membership_id", "group_id"],
        unique=False,
        postgresql_where=sa.text("admitted_at IS NOT NULL AND left_at IS NULL"),
    )
    op.create_index(
        "ix_group_member_participant", "group_member", ["tenant_id", "participant_id"], unique=False
    )
    op.create_table(
        "placement",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matching_run_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_group_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "matching_run_id"],
            ["matching_run.tenant_id", "matching_run.id"],
            name=op.f("fk_placement_tenant_id_matching_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "participant_id"],
            ["participant.tenant_id", "participant.id"],
            name=op.f("fk_placement_tenant_id_participant_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "proposed_group_id"],
            ["proposed_group.tenant_id", "proposed_group.id"],
            name=op.f("fk_placement_tenant_id_proposed_group_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_placement")),
        sa.UniqueConstraint(
            "tenant_id",
            "matching_run_id",
            "participant_id",
            name=op.f("uq_placement_tenant_id_matching_run_id_participant_id"),
        ),
    )
    op.create_index("ix_placement_group", "placement", ["tenant_id", "proposed_group_id"], unique=False)
    op.create_index("ix_placement_participant", "placement", ["tenant_id", "participant_id"], unique=False)


def schemas() -> None:
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    op.execute("CREATE SCHEMA door")
    op.execute("GRANT USAGE ON SCHEMA public TO peerloom_app, peerloom_door")
    op.execute("GRANT USAGE ON SCHEMA door TO peerloom_app, peerloom_door")


def walls() -> None:
    protect("tenant", key="id", grants="SELECT, INSERT, UPDATE")
    protect_self("person", grants="SELECT, INSERT")
    protect("client", grants="SELECT, INSERT, UPDATE")
    protect("access_token", grants="SELECT, INSERT, DELETE")
    protect("event", grants="SELECT, INSERT, UPDATE (sequence, hash)")
    op.execute(
        "CREATE POLICY sealing_is_final ON event AS RESTRICTIVE FOR UPDATE TO peerloom_app"
        " USING (sequence IS NULL) WITH CHECK (sequence IS NOT NULL AND hash IS NOT NULL)"
    )
    protect("job", grants="SELECT, INSERT, UPDATE")
    protect("participant_change", grants="SELECT, INSERT")
    protect("report_file", grants="SELECT, INSERT")
    for table in (
        "attribute",
        "career_event",
        "cohort",
        "idempotency_record",
        "import",
        "import_row",
        "matching_run",
        "participant",
        "placement",
        "product",
        "product_contributor",
        "program",
        "proposed_group",
        "recipe",
        "report",
    ):
        protect(table)
    # A membership is bound to a person by that person, never by the tenant.
    protect(
        "membership",
        grants="SELECT, INSERT, DELETE, UPDATE (external_id, name, email, identifiers, updated_at, version)",
    )
    op.execute(
        "CREATE POLICY unbound_at_first ON membership AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (person_id IS NULL)"
    )
    # Who is admitted, and when a group opened, only the doors write; leaving cannot be undone.
    protect(
        "peer_group",
        grants="SELECT, INSERT (tenant_id, id, cohort_id, matching_run_id, name, state, created_at, updated_at, version),"
        " UPDATE (name, state, updated_at, version)",
    )
    protect(
        "group_member",
        grants="SELECT, INSERT (tenant_id, id, group_id, participant_id, membership_id, created_at), UPDATE (left_at)",
    )
    op.execute(
        "CREATE POLICY leaving_is_final ON group_member AS RESTRICTIVE FOR UPDATE TO peerloom_app"
        " USING (left_at IS NULL) WITH CHECK (left_at IS NOT NULL)"
    )


def doors() -> None:
    door(
        "due_jobs(most integer) RETURNS TABLE (tenant_id uuid, job_id uuid) LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, id, state, not_before, lease_until) ON job TO peerloom_door",),
        policies=(
            "CREATE POLICY door ON job FOR SELECT TO peerloom_door USING (state IN ('queued', 'running'))",
        ),
        # One job a tenant, so that no backlog keeps the sweeper from the others.
        body="(SELECT d.tenant_id, d.id FROM (SELECT DISTINCT ON (j.tenant_id) j.tenant_id, j.id, j.not_before"
        "   FROM public.job j WHERE j.state = 'queued' AND j.not_before <= now() ORDER BY j.tenant_id, j.not_before) d"
        "  ORDER BY d.not_before LIMIT most)"
        " UNION ALL (SELECT j.tenant_id, j.id FROM public.job j WHERE j.state = 'running' AND j.lease_until < now()"
        " ORDER BY j.lease_until LIMIT most)",
    )
    door(
        "unsealed_tenants(most integer) RETURNS TABLE (tenant_id uuid) LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, sequence) ON event TO peerloom_door",),
        policies=("CREATE POLICY door ON event FOR SELECT TO peerloom_door USING (sequence IS NULL)",),
        body="SELECT DISTINCT e.tenant_id FROM public.event e WHERE e.sequence IS NULL LIMIT most",
    )
    expired = tuple(
        f"CREATE POLICY door ON {table} TO peerloom_door USING (expires_at < now())"
        for table in ("idempotency_record", "access_token")
    )
    door(
        "purge() RETURNS void LANGUAGE sql VOLATILE",
        grants=(
            "GRANT SELECT (expires_at), DELETE ON idempotency_record TO peerloom_door",
            "GRANT SELECT (expires_at), DELETE ON access_token TO peerloom_door",
        ),
        policies=expired,
        body="DELETE FROM public.idempotency_record WHERE expires_at < now();"
        " DELETE FROM public.access_token WHERE expires_at < now()",
    )
    seen = tuple(
        f"CREATE POLICY door ON {table} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})"
        for table in ("matching_run", "participant", "placement")
    )
    written = tuple(
        f"CREATE POLICY door ON {table} TO peerloom_door"
        f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
        for table in ("peer_group", "group_member")
    )
    # An accepted run opens its groups, once, for exactly the people it placed in them: a group has the id
    # of the proposal that it was made from.
    door(
        "open_groups(run uuid) RETURNS bigint LANGUAGE sql VOLATILE",
        grants=(
            "GRANT SELECT (tenant_id, id, accepted_at) ON matching_run TO peerloom_door",
            "GRANT SELECT (tenant_id, id, membership_id) ON participant TO peerloom_door",
            "GRANT SELECT (tenant_id, matching_run_id, participant_id, proposed_group_id) ON placement TO peerloom_door",
            "GRANT SELECT, UPDATE (opened_at) ON peer_group TO peerloom_door",
            "GRANT SELECT, UPDATE (admitted_at) ON group_member TO peerloom_door",
        ),
        policies=(*seen, *written),
        body="WITH opened AS (UPDATE public.peer_group g SET opened_at = now() FROM public.matching_run r"
        "  WHERE r.tenant_id = g.tenant_id AND r.id = g.matching_run_id AND r.id = run"
        "  AND r.accepted_at IS NOT NULL AND g.opened_at IS NULL RETURNING g.tenant_id, g.id),"
        " admitted AS (UPDATE public.group_member m SET admitted_at = now()"
        "  FROM opened o, public.participant p, public.placement q"
        "  WHERE m.tenant_id = o.tenant_id AND m.group_id = o.id AND m.admitted_at IS NULL AND m.left_at IS NULL"
        "  AND p.tenant_id = m.tenant_id AND p.id = m.participant_id AND p.membership_id = m.membership_id"
        "  AND q.tenant_id = m.tenant_id AND q.matching_run_id = run AND q.participant_id = m.participant_id"
        "  AND q.proposed_group_id = m.group_id RETURNING 1)"
        " SELECT count(*) FROM admitted",
    )
    # Later on, only a member already admitted lets somebody in.
    door(
        "admit(member uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="UPDATE public.group_member x SET admitted_at = now() FROM public.peer_group g"
        " WHERE x.id = member AND x.admitted_at IS NULL AND x.left_at IS NULL"
        " AND g.tenant_id = x.tenant_id AND g.id = x.group_id AND g.opened_at IS NOT NULL"
        " AND EXISTS (SELECT FROM public.participant p WHERE p.tenant_id = x.tenant_id"
        " AND p.id = x.participant_id AND p.membership_id = x.membership_id)"
        " AND EXISTS (SELECT FROM public.group_member me WHERE me.tenant_id = x.tenant_id"
        f" AND me.group_id = x.group_id AND me.membership_id = {MEMBERSHIP}"
        " AND me.admitted_at IS NOT NULL AND me.left_at IS NULL) RETURNING true",
    )
