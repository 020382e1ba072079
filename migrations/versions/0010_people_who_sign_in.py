"""People who sign in, what they are in a tenant, and what they let clients do for them.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import MEMBERSHIP, PERSON, TENANT, protect, protect_self

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables()
    walls()
    doors()


def tables() -> None:
    op.create_table(
        "connection",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'tested', 'on', 'enforced', 'off')", name=op.f("ck_connection_state")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_connection")),
    )
    op.create_table(
        "personal_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_personal_identity_person_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_identity")),
        sa.UniqueConstraint("key", name=op.f("uq_personal_identity_key")),
    )
    op.create_index(op.f("ix_personal_identity_person_id"), "personal_identity", ["person_id"], unique=False)
    op.create_table(
        "client_authorization",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["client.tenant_id", "client.id"],
            name=op.f("fk_client_authorization_tenant_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name=op.f("fk_client_authorization_tenant_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_client_authorization_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_client_authorization")),
    )
    op.create_index(
        "ix_client_authorization_client", "client_authorization", ["tenant_id", "client_id"], unique=False
    )
    op.create_index(
        "ix_client_authorization_expires_at", "client_authorization", ["expires_at"], unique=False
    )
    op.create_index(
        "ix_client_authorization_membership",
        "client_authorization",
        ["tenant_id", "membership_id"],
        unique=False,
    )
    op.create_table(
        "identity",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name=op.f("fk_identity_tenant_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_identity_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_identity")),
        sa.UniqueConstraint(
            "tenant_id",
            "connection_id",
            "issuer",
            "subject",
            name=op.f("uq_identity_tenant_id_connection_id_issuer_subject"),
        ),
    )
    op.create_index("ix_identity_membership", "identity", ["tenant_id", "membership_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_invitation_tenant_id_cohort_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_invitation_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invitation")),
    )
    op.create_table(
        "invitation_link",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["invitation.tenant_id", "invitation.id"],
            name=op.f("fk_invitation_link_tenant_id_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invitation_link")),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_invitation_link_tenant_id_hash")),
    )
    op.create_index(
        "ix_invitation_link_invitation", "invitation_link", ["tenant_id", "invitation_id"], unique=False
    )
    op.create_index(
        "ix_invitation_open",
        "invitation",
        ["tenant_id", "membership_id"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NULL AND declined_at IS NULL AND revoked_at IS NULL"),
    )
    op.create_table(
        "role_grant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=True),
        sa.Column("cohort_id", sa.Uuid(), nullable=True),
        sa.Column("delegable", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("granted_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'program_manager', 'facilitator', 'member', 'report_viewer', 'auditor')",
            name=op.f("ck_role_grant_role"),
        ),
        sa.CheckConstraint("program_id IS NULL OR cohort_id IS NULL", name=op.f("ck_role_grant_one_limit")),
        sa.CheckConstraint(
            "role <> 'auditor' OR expires_at IS NOT NULL", name=op.f("ck_role_grant_expiring")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_role_grant_tenant_id_cohort_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name=op.f("fk_role_grant_tenant_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_role_grant_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_role_grant_tenant_id_program_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_role_grant")),
    )
    op.create_index("ix_role_grant_membership", "role_grant", ["tenant_id", "membership_id"], unique=False)
    op.create_index("ix_role_grant_role", "role_grant", ["tenant_id", "role"], unique=False)
    op.create_table(
        "authorization_code",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("authorization_id", sa.Uuid(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "authorization_id"],
            ["client_authorization.tenant_id", "client_authorization.id"],
            name=op.f("fk_authorization_code_tenant_id_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_authorization_code")),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_authorization_code_tenant_id_hash")),
    )
    op.create_index(
        "ix_authorization_code_authorization",
        "authorization_code",
        ["tenant_id", "authorization_id"],
        unique=False,
    )
    op.create_table(
        "browser_session",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name=op.f("fk_browser_session_tenant_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["invitation.tenant_id", "invitation.id"],
            name=op.f("fk_browser_session_tenant_id_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_browser_session_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_browser_session")),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_browser_session_tenant_id_hash")),
    )
    op.create_index("ix_browser_session_expires_at", "browser_session", ["expires_at"], unique=False)
    op.create_index(
        "ix_browser_session_membership", "browser_session", ["tenant_id", "membership_id"], unique=False
    )
    op.create_table(
        "refresh_token",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("authorization_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "authorization_id"],
            ["client_authorization.tenant_id", "client_authorization.id"],
            name=op.f("fk_refresh_token_tenant_id_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_refresh_token")),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_refresh_token_tenant_id_hash")),
    )
    op.create_index(
        "ix_refresh_token_authorization", "refresh_token", ["tenant_id", "authorization_id"], unique=False
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("purpose IN ('session', 'test', 'link')", name=op.f("ck_sign_in_attempt_purpose")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name=op.f("fk_sign_in_attempt_tenant_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["invitation.tenant_id", "invitation.id"],
            name=op.f("fk_sign_in_attempt_tenant_id_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sign_in_attempt")),
        sa.UniqueConstraint("tenant_id", "state_hash", name=op.f("uq_sign_in_attempt_tenant_id_state_hash")),
    )
    op.create_index("ix_sign_in_attempt_expires_at", "sign_in_attempt", ["expires_at"], unique=False)
    op.add_column("access_token", sa.Column("authorization_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_access_token_authorization", "access_token", ["tenant_id", "authorization_id"], unique=False
    )
    op.drop_constraint(op.f("fk_access_token_tenant_id_membership_id"), "access_token", type_="foreignkey")
    op.create_foreign_key(
        op.f("fk_access_token_tenant_id_membership_id"),
        "access_token",
        "membership",
        ["tenant_id", "membership_id"],
        ["tenant_id", "id"],
        ondelete="CASCADE",
    )
    op.create_foreign_key(
        op.f("fk_access_token_tenant_id_authorization_id"),
        "access_token",
        "client_authorization",
        ["tenant_id", "authorization_id"],
        ["tenant_id", "id"],
        ondelete="CASCADE",
    )
    op.add_column("client", sa.Column("first_party", sa.Boolean(), nullable=False))
    op.add_column(
        "client", sa.Column("cors_origins", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("client", sa.Column("old_secret_hash", sa.LargeBinary(), nullable=True))
    op.add_column("client", sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("client", "secret_hash", existing_type=postgresql.BYTEA(), nullable=True)
    op.add_column("membership", sa.Column("chosen_name", sa.Text(), nullable=True))
    op.add_column("membership", sa.Column("chosen_email", sa.Text(), nullable=True))

    op.create_check_constraint(
        op.f("ck_client_private"),
        "client",
        "first_party OR NOT scopes && ARRAY['group_content:read', 'group_content:write']",
    )
    op.create_check_constraint(
        op.f("ck_client_public"),
        "client",
        "secret_hash IS NOT NULL OR 'client_credentials' <> ALL (grant_types)",
    )
    op.create_check_constraint(
        op.f("ck_access_token_on_behalf"),
        "access_token",
        "(membership_id IS NULL) = (authorization_id IS NULL)",
    )
    op.add_column("program", sa.Column("group_sign_in", sa.Text(), server_default="personal", nullable=False))
    op.create_check_constraint(
        op.f("ck_program_group_sign_in"), "program", "group_sign_in IN ('personal', 'any')"
    )
    op.add_column(
        "membership", sa.Column("groups_locked", sa.Boolean(), server_default="false", nullable=False)
    )


def walls() -> None:
    for table in ("identity", "invitation_link", "sign_in_attempt", "browser_session"):
        protect(table, grants="SELECT, INSERT, DELETE")
    for table in ("client_authorization", "role_grant"):  # to hold a row asks for the right to change it
        protect(table, grants="SELECT, INSERT, DELETE, UPDATE (expires_at)")
    for table in ("authorization_code", "refresh_token"):
        protect(table, grants="SELECT, INSERT, UPDATE (used_at)")
    protect("connection")
    protect(
        "invitation",
        grants="SELECT, INSERT, UPDATE (expires_at, sent_at, accepted_at, declined_at, revoked_at)",
    )
    protect_self("personal_identity", key="person_id", grants="SELECT, INSERT, DELETE")
    op.execute("GRANT UPDATE (chosen_name, chosen_email) ON membership TO peerloom_app")
    # Nobody makes a client of the tenant one of the product's own.
    op.execute("REVOKE UPDATE ON client FROM peerloom_app")
    op.execute(
        "GRANT UPDATE (name, state, grant_types, redirect_uris, cors_origins, scopes, secret_hash,"
        " old_secret_hash, old_secret_until, updated_at, version) ON client TO peerloom_app"
    )


def doors() -> None:
    door(
        "tenant_by_slug(named text) RETURNS TABLE (id uuid, name text, state text) LANGUAGE sql STABLE",
        grants=("GRANT SELECT (id, slug, name, state) ON tenant TO peerloom_door",),
        policies=("CREATE POLICY door ON tenant FOR SELECT TO peerloom_door USING (true)",),
        body="SELECT t.id, t.name, t.state FROM public.tenant t WHERE t.slug = named",
    )
    door(
        "person_of(identity bytea) RETURNS uuid LANGUAGE sql STABLE",
        grants=("GRANT SELECT (key, person_id) ON personal_identity TO peerloom_door",),
        policies=("CREATE POLICY door ON personal_identity FOR SELECT TO peerloom_door USING (true)",),
        body="SELECT i.person_id FROM public.personal_identity i WHERE i.key = identity",
    )
    door(
        "has_personal(person uuid) RETURNS boolean LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body="SELECT EXISTS (SELECT FROM public.personal_identity i WHERE i.person_id = person)",
    )
    door(
        "my_memberships() RETURNS TABLE (tenant_id uuid, slug text, name text, membership_id uuid)"
        " LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, id, person_id) ON membership TO peerloom_door",),
        policies=(
            f"CREATE POLICY door_mine ON membership FOR SELECT TO peerloom_door USING (person_id = {PERSON})",
        ),
        body="SELECT m.tenant_id, t.slug, t.name, m.id FROM public.membership m"
        f" JOIN public.tenant t ON t.id = m.tenant_id WHERE m.person_id = {PERSON}",
    )
    # Once, and by whoever accepted an invitation in this very transaction.
    door(
        "bind_person(member uuid, somebody uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(
            "GRANT UPDATE (person_id) ON membership TO peerloom_door",
            "GRANT SELECT (tenant_id, membership_id, accepted_at) ON invitation TO peerloom_door",
        ),
        policies=(
            f"CREATE POLICY door ON membership TO peerloom_door USING (tenant_id = {TENANT})",
            f"CREATE POLICY door ON invitation FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",
        ),
        body="UPDATE public.membership m SET person_id = somebody"
        f" WHERE m.tenant_id = {TENANT} AND m.id = member AND m.person_id IS NULL"
        " AND EXISTS (SELECT FROM public.invitation i WHERE i.tenant_id = m.tenant_id"
        " AND i.membership_id = m.id AND i.accepted_at = now()) RETURNING true",
    )
    # Somebody known to this tenant only turns out to be a person who signs in as herself already.
    door(
        "become_person(somebody uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="UPDATE public.membership m SET person_id = somebody"
        f" WHERE m.tenant_id = {TENANT} AND m.id = {MEMBERSHIP} AND m.person_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM public.personal_identity i WHERE i.person_id = m.person_id)"
        " RETURNING true",
    )
    # To her own sign-in, and back, only she who signed in by it.
    door(
        "lock_groups(locked boolean) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=("GRANT UPDATE (groups_locked) ON membership TO peerloom_door",),
        policies=(),
        body="UPDATE public.membership m SET groups_locked = locked"
        f" WHERE m.tenant_id = {TENANT} AND m.id = {MEMBERSHIP} AND m.person_id = {PERSON} RETURNING true",
    )
    expiring = ("client_authorization", "browser_session", "sign_in_attempt")
    op.execute("DROP FUNCTION door.purge()")
    door(
        "purge() RETURNS void LANGUAGE sql VOLATILE",
        grants=tuple(f"GRANT SELECT (expires_at), DELETE ON {table} TO peerloom_door" for table in expiring),
        policies=tuple(
            f"CREATE POLICY door ON {table} TO peerloom_door USING (expires_at < now())" for table in expiring
        ),
        body="".join(
            f"DELETE FROM public.{table} WHERE expires_at < now();"
            for table in ("idempotency_record", "access_token", *expiring)
        )
        + " DELETE FROM public.matching_run r"
        " WHERE r.simulation AND r.created_at < now() - interval '7 days'"
        " AND NOT EXISTS (SELECT FROM public.job j WHERE j.tenant_id = r.tenant_id AND j.id = r.job_id"
        " AND j.state IN ('queued', 'running'))",
    )
