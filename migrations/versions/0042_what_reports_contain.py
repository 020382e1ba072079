"""What reports contain: answers to surveys, and major awards by the list that was chosen.

Revision ID: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import TENANT

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = postgresql.ARRAY(sa.Text())
    op.add_column("report", sa.Column("award_list", sa.Text(), nullable=True))
    op.add_column("report_snapshot", sa.Column("left_out", words, server_default="{}", nullable=False))
    answers_to_report()
    # The files of what was approved take the place of those that were looked through.
    op.execute("GRANT UPDATE (file_id, size, sha256) ON report_file TO peerloom_app")
    received_files()


def answers_to_report() -> None:
    """The answers that were counted of a program's people, for a report that is being built."""
    door(
        "answers_to_report(waves uuid[], people uuid[], parts bigint[])"
        " RETURNS TABLE (wave uuid, respondent bigint, part bigint, answers jsonb) LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        # Whoever answered is a number that tells nobody who she is, the same in every wave.
        body="WITH person AS MATERIALIZED (SELECT p.member, p.part, row_number() OVER (ORDER BY random()) AS number"
        "   FROM unnest(people, parts) AS p(member, part))"
        " SELECT r.wave_id, p.number, p.part, r.answers FROM public.survey_response r"
        " JOIN person p ON p.member = r.membership_id"
        f" WHERE r.tenant_id = {TENANT} AND r.wave_id = ANY (waves) AND r.counted"
        f"  AND EXISTS (SELECT FROM public.job j WHERE j.tenant_id = {TENANT} AND j.kind = 'report'"
        "   AND j.state = 'running')",
    )


def received_files() -> None:
    """The addressee keeps files of its own in the store, and no bytes in the database."""
    op.execute("TRUNCATE received_file")
    op.drop_column("received_file", "content")
    op.add_column("received_file", sa.Column("file_id", sa.Uuid(), nullable=False))
    op.add_column("received_file", sa.Column("size", sa.BigInteger(), nullable=False))
    op.create_index("ix_received_file_file", "received_file", ["tenant_id", "file_id"], unique=True)
    sent = f"source_tenant_id = {TENANT}"
    seen = "tenant_id, source_tenant_id, received_report_id, file_id, size"
    kept = f"SELECT FROM received_file f WHERE f.{sent} AND (f.tenant_id, f.file_id) = (kept_file.tenant_id, kept_file.id)"
    door(
        "keep_received(sent uuid) RETURNS void LANGUAGE sql VOLATILE",
        grants=(
            f"GRANT SELECT ({seen}) ON received_file TO peerloom_door",
            "GRANT INSERT (tenant_id, id, size) ON kept_file TO peerloom_door",
        ),
        policies=(
            f"CREATE POLICY door_sees ON received_file FOR SELECT TO peerloom_door USING ({sent})",
            f"CREATE POLICY door_keeps ON kept_file FOR INSERT TO peerloom_door WITH CHECK (EXISTS ({kept}))",
        ),
        body="INSERT INTO public.kept_file (tenant_id, id, size)"
        " SELECT f.tenant_id, f.file_id, f.size FROM public.received_file f"
        f" WHERE f.{sent} AND f.received_report_id = sent",
    )
