"""What reports contain: answers to surveys, and major awards by the list that was chosen.

Revision ID: 0042
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import TENANT

revision = "0042"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report", sa.Column("award_list", sa.Text(), nullable=True))
    answers_to_report()


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
