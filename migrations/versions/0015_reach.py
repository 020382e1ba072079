"""Roles limited to a program or a cohort: the database holds whoever acts by them to that.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import COHORTS, PROGRAMS, TENANT, reach

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OF_COHORT = "cohort_id IN (SELECT c.id FROM cohort c)"
OF_PROGRAM = "program_id IN (SELECT g.id FROM program g)"
OF_PARTICIPANT = "membership_id IN (SELECT p.membership_id FROM participant p)"
PROGRAM_ITSELF = f"program_id = ANY ({PROGRAMS})"
BELOW = {
    "participant_change": ("participant_id", "participant"),
    "import_row": ("import_id", "import"),
    "matching_analysis": ("matching_run_id", "matching_run"),
    "proposed_group": ("matching_run_id", "matching_run"),
    "placement": ("matching_run_id", "matching_run"),
    "separation_member": ("separation_id", "separation"),
    "group_member": ("group_id", "peer_group"),
    "report_file": ("report_id", "report"),
}
"""What is seen where its parent is."""


def upgrade() -> None:
    op.add_column("import", sa.Column("reach", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    doors()
    programs_and_cohorts()
    people()
    outcomes()
    for table, (column, parent) in BELOW.items():
        reach(table, f'{column} IN (SELECT above.id FROM "{parent}" above)')


def doors() -> None:
    # Counts and a yes or no: whether all of somebody, or of a product, is in reach, or somebody is at all.
    door(
        "ties_of_person(member uuid) RETURNS bigint LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, membership_id) ON role_grant TO peerloom_door",),
        policies=(
            f"CREATE POLICY door ON role_grant FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",
        ),
        body="SELECT (SELECT count(*) FROM public.participant p WHERE p.membership_id = member)"
        " + (SELECT count(*) FROM public.role_grant r WHERE r.membership_id = member)",
    )
    door(
        "ties_of_product(made uuid) RETURNS bigint LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, product_id) ON product_contributor TO peerloom_door",),
        policies=(
            f"CREATE POLICY door ON product_contributor FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",
        ),
        body="SELECT count(*) FROM public.product_contributor b WHERE b.product_id = made",
    )
    door(
        "in_reach(member uuid, programs uuid[], cohorts uuid[]) RETURNS boolean LANGUAGE sql STABLE",
        grants=(
            "GRANT SELECT (cohort_id) ON participant TO peerloom_door",
            "GRANT SELECT (tenant_id, id, program_id) ON cohort TO peerloom_door",
        ),
        policies=(f"CREATE POLICY door ON cohort FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",),
        body="SELECT door.ties_of_person(member) = 0 OR EXISTS (SELECT FROM public.participant p"
        "  JOIN public.cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id"
        "  WHERE p.membership_id = member AND (c.id = ANY (cohorts) OR c.program_id = ANY (programs)))",
    )


def programs_and_cohorts() -> None:
    reach("cohort", f"(program_id = ANY ({PROGRAMS}) OR id = ANY ({COHORTS}))")
    own = f"id = ANY ({PROGRAMS})"
    reach("program", f"({own} OR id IN (SELECT c.program_id FROM cohort c))", written=own)
    for table in ("attribute", "recipe"):
        reach(table, OF_PROGRAM, written=PROGRAM_ITSELF)
    for table in ("import", "matching_run", "separation", "peer_group"):
        reach(table, OF_COHORT)
    reach("report", f"({OF_COHORT} OR cohort_id IS NULL AND {PROGRAM_ITSELF})")
    reach("role_grant", f"({OF_COHORT} OR {PROGRAM_ITSELF})")


def people() -> None:
    # Whom one may not see nobody adds to a cohort to see her.
    known = f"door.in_reach(membership_id, {PROGRAMS}, {COHORTS})"
    reach("participant", OF_COHORT, inserted=f"({OF_COHORT} AND {known})")
    seen = "SELECT p.membership_id FROM participant p UNION ALL SELECT r.membership_id FROM role_grant r"
    reach("membership", f"id IN ({seen})", written=f"({wholly('membership.id')})")
    reach("invitation", "membership_id IN (SELECT m.id FROM membership m)")
    # Whoever holds a link may become whom it invites, and so be where else she is.
    invited = "(SELECT i.membership_id FROM invitation i WHERE i.id = invitation_id)"
    reach(
        "invitation_link", "invitation_id IN (SELECT i.id FROM invitation i)", inserted=f"({wholly(invited)})"
    )
    reach("consent_entry", f"({OF_PARTICIPANT} AND {OF_PROGRAM})")


def wholly(member: str) -> str:
    """SQL: all that somebody is in the tenant is in reach."""
    return (
        f"(SELECT count(*) FROM participant p WHERE p.membership_id = {member})"
        f" + (SELECT count(*) FROM role_grant r WHERE r.membership_id = {member}) = door.ties_of_person({member})"
    )


def outcomes() -> None:
    reach("career_event", OF_PARTICIPANT)
    reach("product_contributor", OF_PARTICIPANT)
    # Seen with one of those behind it; changed where all of them are in reach.
    behind = "(SELECT count(*) FROM product_contributor b WHERE b.product_id = product.id)"
    reach(
        "product",
        "id IN (SELECT b.product_id FROM product_contributor b)",
        written=f"{behind} = door.ties_of_product(product.id)",
    )
