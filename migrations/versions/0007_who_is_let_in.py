"""Groups that go on with nobody who could let others in are opened to those who are in them.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

from migrations.doors import door
from migrations.rls import TENANT

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Besides its new groups an accepted run opens those that go on with nobody who was let in: else nobody ever
    # could be. What former members wrote stays closed, as it is older than the admission.
    op.execute("DROP FUNCTION door.open_groups(uuid)")
    door(
        "open_groups(run uuid) RETURNS bigint LANGUAGE sql VOLATILE",
        grants=(
            "GRANT SELECT (tenant_id, id, matching_run_id, group_id) ON proposed_group TO peerloom_door",
        ),
        policies=(
            f"CREATE POLICY door ON proposed_group FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",
        ),
        body="WITH chosen AS (SELECT g.tenant_id, g.id FROM public.matching_run r"
        "   JOIN public.peer_group g ON g.tenant_id = r.tenant_id AND g.matching_run_id = r.id"
        "   WHERE r.id = run AND r.accepted_at IS NOT NULL AND g.opened_at IS NULL"
        "  UNION SELECT f.tenant_id, f.group_id FROM public.matching_run r"
        "   JOIN public.proposed_group f ON f.tenant_id = r.tenant_id AND f.matching_run_id = r.id"
        "   WHERE r.id = run AND r.accepted_at IS NOT NULL AND f.group_id IS NOT NULL"
        "   AND NOT EXISTS (SELECT FROM public.group_member m WHERE m.tenant_id = f.tenant_id"
        "    AND m.group_id = f.group_id AND m.admitted_at IS NOT NULL AND m.left_at IS NULL)),"
        " opened AS (UPDATE public.peer_group g SET opened_at = coalesce(g.opened_at, now()) FROM chosen c"
        "  WHERE g.tenant_id = c.tenant_id AND g.id = c.id RETURNING g.tenant_id, g.id),"
        " admitted AS (UPDATE public.group_member m SET admitted_at = now()"
        "  FROM opened o, public.participant p, public.placement q, public.proposed_group f"
        "  WHERE m.tenant_id = o.tenant_id AND m.group_id = o.id AND m.admitted_at IS NULL AND m.left_at IS NULL"
        "  AND p.tenant_id = m.tenant_id AND p.id = m.participant_id AND p.membership_id = m.membership_id"
        "  AND q.tenant_id = m.tenant_id AND q.matching_run_id = run AND q.participant_id = m.participant_id"
        "  AND f.tenant_id = q.tenant_id AND f.id = q.proposed_group_id"
        "  AND coalesce(f.group_id, f.id) = m.group_id RETURNING 1)"
        " SELECT count(*) FROM admitted",
    )
