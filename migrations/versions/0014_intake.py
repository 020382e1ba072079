"""The intake of a cohort, notices to participants, and wishes that name people who may not be there yet.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import MEMBERSHIP, PERSON

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cohort", sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False))
    op.add_column(
        "cohort", sa.Column("reminders", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False)
    )
    op.add_column("program", sa.Column("notices", sa.Boolean(), server_default="true", nullable=False))
    op.create_index(
        "ix_letter_subject",
        "letter",
        ["tenant_id", "subject_id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    wishes()


def wishes() -> None:
    """A person's own separations become one row of names, as she wrote them. No route has made any before."""
    op.execute("DROP FUNCTION door.separations(uuid)")
    for table in ("separation", "separation_member"):
        op.execute(f"DROP POLICY own_wishes ON {table}")
    op.drop_column("separation_member", "membership_id")
    op.add_column("separation", sa.Column("encrypted_names", sa.LargeBinary(), nullable=True))
    op.create_check_constraint(
        op.f("ck_separation_names"), "separation", "(membership_id IS NULL) = (encrypted_names IS NULL)"
    )
    # As groups do they open to herself, so that whoever runs her employer's sign-in does not read whom she avoids.
    herself = (
        "cohort_id = ANY (ARRAY(SELECT c.id FROM membership m"
        " JOIN cohort c ON c.tenant_id = m.tenant_id"
        " JOIN program p ON p.tenant_id = c.tenant_id AND p.id = c.program_id"
        f" WHERE m.id = {MEMBERSHIP}"
        f" AND (m.person_id = {PERSON} OR p.group_sign_in = 'any' AND NOT m.groups_locked)))"
    )
    own = f"membership_id IS NULL OR membership_id = {MEMBERSHIP} AND {herself}"
    op.execute(
        "CREATE POLICY own_wishes ON separation AS RESTRICTIVE TO peerloom_app"
        f" USING ({own}) WITH CHECK ({own})"
    )
    # A wish comes with the participant who wishes and with the names, which matching alone decrypts.
    at_work = (
        "EXISTS (SELECT FROM public.matching_run r"
        "  LEFT JOIN public.matching_analysis a ON a.tenant_id = r.tenant_id AND a.matching_run_id = r.id"
        "  JOIN public.job j ON j.tenant_id = r.tenant_id AND j.id IN (r.job_id, a.job_id)"
        "  WHERE r.cohort_id = cohort AND j.state = 'running')"
    )
    door(
        "separations(cohort uuid) RETURNS TABLE (separation_id uuid, participant_id uuid, names bytea)"
        " LANGUAGE sql STABLE",
        grants=(
            "GRANT SELECT (encrypted_names) ON separation TO peerloom_door",
            "GRANT SELECT (cohort_id) ON participant TO peerloom_door",
        ),
        policies=(),
        body="SELECT s.id, m.participant_id, NULL::bytea FROM public.separation s"
        "  JOIN public.separation_member m ON m.tenant_id = s.tenant_id AND m.separation_id = s.id"
        f" WHERE s.cohort_id = cohort AND {at_work}"
        " UNION ALL SELECT s.id, p.id, s.encrypted_names FROM public.separation s"
        "  JOIN public.participant p ON p.tenant_id = s.tenant_id AND p.cohort_id = s.cohort_id"
        "   AND p.membership_id = s.membership_id"
        f" WHERE s.cohort_id = cohort AND {at_work}",
    )
