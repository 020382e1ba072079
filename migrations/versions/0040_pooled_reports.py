"""Pooled reports: what a funder asks of several institutions, what each seals for it, and what comes of that.

Revision ID: 0040
Revises: 0039
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import TENANT, protect, protect_addressed, reach

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WORDS = postgresql.ARRAY(sa.Text())
JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column(
        "sharing_offer", sa.Column("pooled", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("report", sa.Column("pooled_for", sa.Text(), nullable=True))
    op.add_column("report_snapshot", sa.Column("pooled_report_id", sa.Uuid(), nullable=True))
    op.add_column("report_snapshot", sa.Column("encrypted_part", sa.LargeBinary(), nullable=True))
    # Which refusals were known when people were counted, rather than when that was: an entry says when it was made, and
    # is seen only once it is committed. What has not left and does not say so is ordered anew.
    op.drop_column("report", "counted_at")
    op.add_column("report", sa.Column("refusals", postgresql.ARRAY(sa.Uuid()), nullable=True))
    pools()
    asked()
    sealed()
    telling()
    pooling()


def table(name: str, *columns: sa.Column[Any], more: tuple[Any, ...] = ()) -> None:
    """A table of a tenant."""
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *columns,
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )


def ids(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Uuid(), nullable=nullable) for name in names]


def texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def pools() -> None:
    table(
        "pooled_report",
        *texts("title", "funder", "state"),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("formats", WORDS, nullable=False),
        sa.Column("metrics", WORDS, nullable=False),
        sa.Column("document", JSON, nullable=True),
        sa.Column("coverage", JSON, nullable=True),
        sa.Column("built_at", MOMENT, nullable=True),
        more=(
            sa.CheckConstraint(
                "state IN ('waiting', 'built', 'refused')", name=op.f("ck_pooled_report_state")
            ),
        ),
    )
    protect("pooled_report", grants="SELECT, INSERT, UPDATE (state, document, coverage, built_at)")
    table(
        "pooled_file",
        *ids("pooled_report_id", "file_id"),
        *texts("format"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        *texts("sha256"),
        more=(
            sa.CheckConstraint(
                "format IN ('json', 'csv', 'pdf', 'html', 'xlsx')", name=op.f("ck_pooled_file_format")
            ),
            sa.ForeignKeyConstraint(
                ["tenant_id", "pooled_report_id"],
                ["pooled_report.tenant_id", "pooled_report.id"],
                name=op.f("fk_pooled_file_tenant_id_pooled_report_id"),
            ),
            sa.ForeignKeyConstraint(
                ["tenant_id", "file_id"],
                ["kept_file.tenant_id", "kept_file.id"],
                name=op.f("fk_pooled_file_tenant_id_file_id"),
            ),
            sa.UniqueConstraint(
                "tenant_id", "pooled_report_id", "format",
                name=op.f("uq_pooled_file_tenant_id_pooled_report_id_format"),
            ),
        ),
    )  # fmt: skip
    op.create_index("ix_pooled_file_file", "pooled_file", ["tenant_id", "file_id"], unique=True)
    protect("pooled_file", grants="SELECT, INSERT")
    for name in ("pooled_report", "pooled_file"):
        reach(name, "false")


def asked() -> None:
    table(
        "contribution_request",
        *ids("source_tenant_id", "pooled_report_id", "agreement_id"),
        *texts("from_name", "to_name", "funder", "title"),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("metrics", WORDS, nullable=False),
    )
    op.create_index(
        "ix_contribution_request_source", "contribution_request", ["source_tenant_id", "pooled_report_id"]
    )
    table(
        "contribution_answer",
        *ids("source_tenant_id", "pooled_report_id", "request_id"),
        *texts("answer"),
        more=(
            sa.CheckConstraint(
                "answer IN ('contributed', 'declined')", name=op.f("ck_contribution_answer_answer")
            ),
        ),
    )
    op.create_index("ix_contribution_answer_request", "contribution_answer", ["tenant_id", "request_id"])
    op.create_index(
        "ix_contribution_answer_source", "contribution_answer", ["source_tenant_id", "request_id"]
    )
    for name in ("contribution_request", "contribution_answer"):
        protect_addressed(name)
        reach(name, "false")


def sealed() -> None:
    table(
        "sealed_contribution",
        *ids("source_tenant_id", "pooled_report_id", "request_id"),
        *ids("snapshot_id", nullable=True),
        sa.Column("counted_at", MOMENT, nullable=False),
        sa.Column("encrypted_content", sa.LargeBinary(), nullable=False),
        *texts("sealed_by"),
    )
    op.create_index("ix_sealed_contribution_report", "sealed_contribution", ["tenant_id", "pooled_report_id"])
    protect_addressed("sealed_contribution", sealed=True)
    reach("sealed_contribution", "false")


SENT = f"x.source_tenant_id = {TENANT} AND x.id = sent"
ADDRESSED = {
    "contribution_request": "tenant_id, id, source_tenant_id",
    "contribution_answer": "tenant_id, id, source_tenant_id, pooled_report_id, request_id, answer",
}
"""The tables of what passes between tenants, and what of them the doors read."""
QUEUED = (
    "tenant_id, id, kind, queue, subject_id, state, progress, attempts, not_before, fence, cancel_requested"
)
TOLD = "tenant_id, id, type, audience, subject_type, subject_id, changed, counts"


ASKS = (
    "CREATE POLICY door_asks ON job FOR INSERT TO peerloom_door"
    " WITH CHECK (kind IN ('contribution', 'pool') AND state = 'queued' AND fence = 0)"
)


def telling() -> None:
    """As the door `tell_of_sharing`; and what was sent is a job of whom it was sent to."""
    both = (
        " SELECT x.tenant_id, 'contribution' AS kind, x.id AS about_id,"
        "   'contribution_request.received' AS type, 'contribution_request' AS about"
        f"  FROM public.contribution_request x WHERE {SENT}"
        " UNION ALL SELECT x.tenant_id, 'pool', x.pooled_report_id, 'pooled_report.answered', 'pooled_report'"
        f"  FROM public.contribution_answer x WHERE {SENT}"
    )
    door(
        "tell_of_pooling(sent uuid) RETURNS void LANGUAGE sql VOLATILE",
        grants=(
            *(f"GRANT SELECT ({of}) ON {each} TO peerloom_door" for each, of in ADDRESSED.items()),
            f"GRANT INSERT ({QUEUED}) ON job TO peerloom_door",
        ),
        policies=(
            *(
                f"CREATE POLICY door_sees ON {each} FOR SELECT TO peerloom_door"
                f" USING (source_tenant_id = {TENANT} OR tenant_id = {TENANT})"
                for each in ADDRESSED
            ),
            ASKS,
        ),
        body=f"INSERT INTO public.job ({QUEUED})"
        " SELECT s.tenant_id, sent, s.kind, 'long', s.about_id, 'queued', 0, 0, now(), 0, false"
        f" FROM ({both}) s ON CONFLICT DO NOTHING;"
        f" INSERT INTO public.event ({TOLD})"
        " SELECT s.tenant_id, sent, s.type, 'tenant', s.about, s.about_id, '{}', '{}'"
        f" FROM ({both}) s ON CONFLICT DO NOTHING",
    )


ASKED = "q.tenant_id = c.source_tenant_id AND q.id = c.request_id AND q.source_tenant_id = c.tenant_id"
HERS = (
    f"c.tenant_id = {TENANT} AND c.pooled_report_id = of_report"
    f" AND EXISTS (SELECT FROM public.contribution_request q WHERE {ASKED})"
)
"""SQL: what was asked for; whatever else anybody leaves for a funder is nothing."""
AT_WORK = (
    f"EXISTS (SELECT FROM public.job j WHERE j.tenant_id = {TENANT} AND j.id = by_job AND j.kind = 'pool'"
    " AND j.subject_id = of_report AND j.state = 'running' AND j.fence = at_fence AND j.lease_until > now())"
)
"""SQL: the job that pools this report is under way, and this is the claim that holds it."""
DECLINED = (
    "EXISTS (SELECT FROM public.contribution_answer a WHERE a.tenant_id = c.tenant_id"
    " AND a.request_id = c.request_id AND a.source_tenant_id = c.source_tenant_id AND a.answer = 'declined')"
)
NOTHING_LEFT_SINCE = (
    "(SELECT count(*) FROM public.report_snapshot o WHERE o.tenant_id = s.tenant_id"
    " AND o.program_id = s.program_id AND o.place IS NOT NULL) = s.based_on"
)
NOBODY_WITHDREW = (
    "NOT EXISTS (SELECT FROM public.consent_entry e JOIN public.report r ON r.tenant_id = s.tenant_id"
    " AND r.snapshot_id = s.id WHERE e.tenant_id = s.tenant_id AND e.program_id = s.program_id"
    " AND e.purpose IN ('outcomes', 'funder_sharing', 'demographics') AND e.decision <> 'granted'"
    " AND e.id <> ALL (r.refusals))"
)
ENDED = (
    "{0}.ends_on <= CAST(now() AT TIME ZONE 'UTC' AS date) AND {0}.tenant_id IN (c.tenant_id, c.source_tenant_id)"
    " AND {0}.source_tenant_id IN (c.tenant_id, c.source_tenant_id)"
)
AGREED = (
    "NOT EXISTS (SELECT FROM public.contribution_request q"
    "  LEFT JOIN public.sharing_offer o ON o.id = q.agreement_id"
    "  LEFT JOIN public.sharing_signature g ON g.agreement_id = q.agreement_id AND g.decision = 'ended'"
    f" WHERE {ASKED} AND ({ENDED.format('o')} OR {ENDED.format('g')}))"
)
"""SQL: the agreement under which it was asked for has not ended since."""
FRESH = (
    f"(c.counted_at > now() - interval '90 days' AND {AGREED} AND (c.snapshot_id IS NULL OR EXISTS ("
    "SELECT FROM public.report_snapshot s WHERE s.tenant_id = c.source_tenant_id AND s.id = c.snapshot_id"
    f" AND s.place IS NULL AND {NOTHING_LEFT_SINCE} AND {NOBODY_WITHDREW})))"
)
"""SQL: as `ledger.enter` asks of a report that leaves."""
SOURCES = f"tenant_id IN (SELECT c.source_tenant_id FROM sealed_contribution c WHERE c.tenant_id = {TENANT})"
CALL = "(of_report uuid, by_job uuid, at_fence bigint"


def pooling() -> None:
    """The ways to what is sealed, each for the running job of the report alone."""
    opened = (
        "GRANT SELECT ON sealed_contribution TO peerloom_door",
        "GRANT DELETE ON sealed_contribution TO peerloom_door",
        "GRANT SELECT (fence) ON job TO peerloom_door",
        "GRANT SELECT (agreement_id) ON contribution_request TO peerloom_door",
        *(
            f"GRANT SELECT (ends_on) ON {each} TO peerloom_door"
            for each in ("sharing_offer", "sharing_signature")
        ),
        "GRANT SELECT (tenant_id, id, program_id, based_on, place) ON report_snapshot TO peerloom_door",
        "GRANT UPDATE (place, document, encrypted_part) ON report_snapshot TO peerloom_door",
        "GRANT SELECT (tenant_id, snapshot_id, refusals) ON report TO peerloom_door",
        "GRANT UPDATE (disclosed_at) ON report TO peerloom_door",
    )
    policies = (
        f"CREATE POLICY door ON sealed_contribution TO peerloom_door USING (tenant_id = {TENANT})",
        *(
            f"CREATE POLICY door_{command.lower()} ON {name} FOR {command} TO peerloom_door USING ({SOURCES})"
            for name in ("report_snapshot", "report")
            for command in ("SELECT", "UPDATE")
        ),
        *(
            f"CREATE POLICY door_pools ON {each} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})"
            for each in ("sharing_offer", "sharing_signature")
        ),
        f"CREATE POLICY door_pools ON consent_entry FOR SELECT TO peerloom_door USING ({SOURCES})",
    )
    door(
        f"pool_contributions{CALL}) RETURNS TABLE (id uuid, source_id uuid, request_id uuid, snapshot_id uuid,"
        " encrypted_content bytea, sealed_by text, fresh boolean, declined boolean) LANGUAGE sql STABLE",
        grants=opened,
        policies=policies,
        body="SELECT c.id, c.source_tenant_id, c.request_id, c.snapshot_id, c.encrypted_content, c.sealed_by,"
        f" {FRESH}, {DECLINED}"
        f" FROM public.sealed_contribution c WHERE {HERS} AND {AT_WORK} ORDER BY c.source_tenant_id",
    )
    door(
        f"drop_contributions{CALL}, stale boolean) RETURNS SETOF uuid LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body=f"DELETE FROM public.sealed_contribution c WHERE {HERS} AND {AT_WORK} AND NOT (stale AND {FRESH})"
        " RETURNING c.request_id",
    )
    # What the sources' own later releases are protected after is the very document that the funder has. Its own part of
    # it each gets back, for the next pool.
    door(
        f"release_pool{CALL}, released jsonb, parts jsonb) RETURNS bigint LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="WITH given AS (SELECT c.source_tenant_id, c.snapshot_id FROM public.sealed_contribution c"
        f"  WHERE {HERS} AND {AT_WORK} AND {FRESH} AND NOT {DECLINED}),"
        " placed AS (UPDATE public.report_snapshot s SET document = released, place = s.based_on + 1,"
        "   encrypted_part = decode(parts ->> CAST(g.source_tenant_id AS text), 'hex') FROM given g"
        "  WHERE s.tenant_id = g.source_tenant_id AND s.id = g.snapshot_id),"
        " left_so AS (UPDATE public.report r SET disclosed_at = now() FROM given g"
        "  WHERE r.tenant_id = g.source_tenant_id AND r.snapshot_id = g.snapshot_id),"
        f" gone AS (DELETE FROM public.sealed_contribution c WHERE {HERS} AND {AT_WORK})"
        " SELECT count(*) FROM given",
    )
