"""Options of runs, simulations, and runs that draw who starts when.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    tables()
    doors()


def tables() -> None:
    op.alter_column("matching_run", "recipe_id", nullable=True)
    op.add_column(
        "matching_run", sa.Column("simulation", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column("matching_run", sa.Column("options", JSON, server_default="{}", nullable=False))
    op.create_check_constraint(
        op.f("ck_matching_run_simulation"), "matching_run", "NOT simulation OR accepted_at IS NULL"
    )
    op.create_index(
        "ix_matching_run_simulation",
        "matching_run",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("simulation"),
    )
    op.add_column("placement", sa.Column("arm", sa.Integer(), nullable=True))
    op.add_column("placement", sa.Column("stratum", sa.Text(), nullable=True))


def doors() -> None:
    # What house-keeping deletes of all tenants: with a simulation goes what it proposed, by foreign key.
    old = "simulation AND created_at < now() - interval '7 days'"
    op.execute("DROP FUNCTION door.purge()")
    door(
        "purge() RETURNS void LANGUAGE sql VOLATILE",
        grants=("GRANT SELECT (job_id, simulation, created_at), DELETE ON matching_run TO peerloom_door",),
        policies=(f"CREATE POLICY door_purge ON matching_run TO peerloom_door USING ({old})",),
        # The door's policy on jobs shows those that are queued or running.
        body="DELETE FROM public.idempotency_record WHERE expires_at < now();"
        " DELETE FROM public.access_token WHERE expires_at < now();"
        f" DELETE FROM public.matching_run r WHERE r.{old.replace('created_at', 'r.created_at')}"
        " AND NOT EXISTS (SELECT FROM public.job j WHERE j.tenant_id = r.tenant_id AND j.id = r.job_id"
        " AND j.state IN ('queued', 'running'))",
    )
