"""What a group wrote opens to nobody by what an organiser does afterwards.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import MEMBERSHIP, PERSON, TENANT, group_wall, reach

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    joining()
    sign_ins()
    op.execute("DROP POLICY group_wall ON charter_version")
    group_wall("charter_version", in_force="door.charter_in_force")
    wishes()
    opening()
    narrower()


def joining() -> None:
    """Since when somebody is the person of a membership: an organiser can bring in whom he likes until she joins."""
    op.add_column("membership", sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE membership m SET joined_at = coalesce((SELECT max(i.accepted_at) FROM invitation i"
        " WHERE i.tenant_id = m.tenant_id AND i.membership_id = m.id), m.created_at) WHERE m.person_id IS NOT NULL"
    )
    op.execute("DROP FUNCTION door.bind_person(uuid, uuid)")
    door(
        "bind_person(member uuid, somebody uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=("GRANT UPDATE (joined_at) ON membership TO peerloom_door",),
        policies=(),
        body="UPDATE public.membership m SET person_id = somebody, joined_at = now()"
        f" WHERE m.tenant_id = {TENANT} AND m.id = member AND m.person_id IS NULL"
        " AND EXISTS (SELECT FROM public.invitation i WHERE i.tenant_id = m.tenant_id"
        " AND i.membership_id = m.id AND i.accepted_at = now()) RETURNING true",
    )


def sign_ins() -> None:
    """A program that admits any sign-in later does so for groups that are formed from then on."""
    for table in ("peer_group", "separation"):
        op.add_column(table, sa.Column("group_sign_in", sa.Text(), server_default="personal", nullable=False))
        op.create_check_constraint(
            op.f(f"ck_{table}_group_sign_in"), table, "group_sign_in IN ('personal', 'any')"
        )
        op.execute(
            f"UPDATE {table} t SET group_sign_in = p.group_sign_in"
            "  FROM cohort c JOIN program p ON p.tenant_id = c.tenant_id AND p.id = c.program_id"
            " WHERE c.tenant_id = t.tenant_id AND c.id = t.cohort_id"
        )
    op.execute("GRANT INSERT (group_sign_in) ON peer_group TO peerloom_app")


def wishes() -> None:
    herself = (
        "cohort_id = ANY (ARRAY(SELECT c.id FROM membership m"
        " JOIN cohort c ON c.tenant_id = m.tenant_id"
        " JOIN program p ON p.tenant_id = c.tenant_id AND p.id = c.program_id"
        f" WHERE m.id = {MEMBERSHIP}"
        f" AND (m.person_id = {PERSON} OR separation.group_sign_in = 'any' AND p.group_sign_in = 'any'"
        " AND NOT m.groups_locked)))"
    )
    own = f"membership_id IS NULL OR membership_id = {MEMBERSHIP} AND {herself}"
    op.execute("DROP POLICY own_wishes ON separation")
    op.execute(
        "CREATE POLICY own_wishes ON separation AS RESTRICTIVE TO peerloom_app"
        f" USING ({own}) WITH CHECK ({own})"
    )


def opening() -> None:
    """A group that goes on with nobody who was let in opens anew: what was written before is closed for good."""
    op.execute("DROP FUNCTION door.open_groups(uuid)")
    door(
        "open_groups(run uuid) RETURNS bigint LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="WITH chosen AS (SELECT g.tenant_id, g.id FROM public.matching_run r"
        "   JOIN public.peer_group g ON g.tenant_id = r.tenant_id AND g.matching_run_id = r.id"
        "   WHERE r.id = run AND r.accepted_at IS NOT NULL AND g.opened_at IS NULL"
        "  UNION SELECT f.tenant_id, f.group_id FROM public.matching_run r"
        "   JOIN public.proposed_group f ON f.tenant_id = r.tenant_id AND f.matching_run_id = r.id"
        "   WHERE r.id = run AND r.accepted_at IS NOT NULL AND f.group_id IS NOT NULL"
        "   AND NOT EXISTS (SELECT FROM public.group_member m WHERE m.tenant_id = f.tenant_id"
        "    AND m.group_id = f.group_id AND m.admitted_at IS NOT NULL AND m.left_at IS NULL)),"
        " opened AS (UPDATE public.peer_group g SET opened_at = now() FROM chosen c"
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


def narrower() -> None:
    """A role that is given brings nobody into reach; and who is elsewhere too keeps what was recorded of her."""
    wholly = (
        "(SELECT count(*) FROM participant p WHERE p.membership_id = {0})"
        " + (SELECT count(*) FROM role_grant r WHERE r.membership_id = {0}) = door.ties_of_person({0})"
    )
    for policy in ("reach", "reach_insert", "reach_update", "reach_delete"):
        op.execute(f"DROP POLICY {policy} ON membership")
    reach(
        "membership",
        "id IN (SELECT p.membership_id FROM participant p)",
        written=f"({wholly.format('membership.id')})",
    )
    op.execute("DROP POLICY reach ON career_event")
    hers = "membership_id IN (SELECT p.membership_id FROM participant p)"
    reach("career_event", hers, inserted=hers, written=f"({wholly.format('career_event.membership_id')})")
