"""Who must not be in one group is told only to matching that is under way.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

from migrations.doors import door
from migrations.rls import TENANT

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No session but that of matching has a reason to hear of a person's wish, so that none hears of it while no run
    # or analysis of the cohort is at work.
    op.execute("DROP FUNCTION door.separations(uuid)")
    door(
        "separations(cohort uuid) RETURNS TABLE (separation_id uuid, participant_id uuid, private boolean)"
        " LANGUAGE sql STABLE",
        grants=(
            "GRANT SELECT (cohort_id) ON matching_run TO peerloom_door",
            "GRANT SELECT (tenant_id, matching_run_id, job_id) ON matching_analysis TO peerloom_door",
        ),
        policies=(
            f"CREATE POLICY door ON matching_analysis FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",
        ),
        body="SELECT s.id, m.participant_id, s.membership_id IS NOT NULL"
        "  FROM public.separation s"
        "  JOIN public.separation_member m ON m.tenant_id = s.tenant_id AND m.separation_id = s.id"
        " WHERE s.cohort_id = cohort AND EXISTS (SELECT FROM public.matching_run r"
        "  LEFT JOIN public.matching_analysis a ON a.tenant_id = r.tenant_id AND a.matching_run_id = r.id"
        "  JOIN public.job j ON j.tenant_id = r.tenant_id AND j.id IN (r.job_id, a.job_id)"
        "  WHERE r.cohort_id = cohort AND j.state = 'running')",
    )
