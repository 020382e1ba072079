"""Pools count major awards by one list, say to a source alone why it is not in one, and stand once they are made.

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import TENANT, protect, reach

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

USUAL = "nih_r01_equivalent_fy2017"
"""By which all counted unless a program had released by another."""


def upgrade() -> None:
    for table in ("pooled_report", "contribution_request"):
        op.add_column(table, sa.Column("award_list", sa.Text(), server_default=USUAL, nullable=False))
        op.alter_column(table, "award_list", server_default=None)
    hindrances()
    pool_made()
    answers_to_report()


def hindrances() -> None:
    """What passes between the two says only that nothing comes; why is the source's own."""
    op.create_table(
        "contribution_hindrance",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "reason IN ('agreement_ended', 'other_award_list')", name=op.f("ck_contribution_hindrance_reason")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "request_id"],
            ["contribution_request.tenant_id", "contribution_request.id"],
            name=op.f("fk_contribution_hindrance_tenant_id_request_id"),
        ),
        sa.UniqueConstraint(
            "tenant_id", "request_id", name=op.f("uq_contribution_hindrance_tenant_id_request_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_contribution_hindrance")),
    )
    protect("contribution_hindrance", grants="SELECT, INSERT")
    reach("contribution_hindrance", "false")


def pool_made() -> None:
    """Whether a pool that one is asked for is made: what was declared has no snapshot here that would say so."""
    asked = (
        f"EXISTS (SELECT FROM contribution_request q WHERE q.tenant_id = {TENANT}"
        " AND q.source_tenant_id = pooled_report.tenant_id AND q.pooled_report_id = pooled_report.id)"
    )
    door(
        "pool_made(of_request uuid) RETURNS boolean LANGUAGE sql STABLE",
        grants=(
            "GRANT SELECT (tenant_id, id, state) ON pooled_report TO peerloom_door",
            "GRANT SELECT (pooled_report_id) ON contribution_request TO peerloom_door",
        ),
        policies=(f"CREATE POLICY door_asked ON pooled_report FOR SELECT TO peerloom_door USING ({asked})",),
        body="SELECT EXISTS (SELECT FROM public.pooled_report p JOIN public.contribution_request q"
        " ON q.source_tenant_id = p.tenant_id AND q.pooled_report_id = p.id"
        f" WHERE q.tenant_id = {TENANT} AND q.id = of_request AND p.state = 'built')",
    )


def answers_to_report() -> None:
    """As in 0042, to a contribution as well: what it counts is to be known again in a report of the very same rows."""
    op.execute("DROP FUNCTION door.answers_to_report(uuid[], uuid[], bigint[])")
    door(
        "answers_to_report(waves uuid[], people uuid[], parts bigint[])"
        " RETURNS TABLE (wave uuid, respondent bigint, part bigint, answers jsonb) LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body="WITH person AS MATERIALIZED (SELECT p.member, p.part, row_number() OVER (ORDER BY random()) AS number"
        "   FROM unnest(people, parts) AS p(member, part))"
        " SELECT r.wave_id, p.number, p.part, r.answers FROM public.survey_response r"
        " JOIN person p ON p.member = r.membership_id"
        f" WHERE r.tenant_id = {TENANT} AND r.wave_id = ANY (waves) AND r.counted"
        f"  AND EXISTS (SELECT FROM public.job j WHERE j.tenant_id = {TENANT}"
        "   AND j.kind IN ('report', 'contribution') AND j.state = 'running')",
    )
