"""Check-ins: answers that their authors alone read, and the door that tallies them.

Revision ID: 0021
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import TENANT, protect, protect_own, protect_shared, reach

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())
BANDS = "band IN ('low', 'middle', 'high')"


def upgrade() -> None:
    for column, at_first in (("check_in_months", "3"), ("check_in_least", "5")):
        op.add_column("program", sa.Column(column, sa.Integer(), server_default=at_first, nullable=False))
    instruments()
    windows()
    answers()
    results()
    walls()
    tally()


def instruments() -> None:
    op.create_table(
        "instrument",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("items", JSON, nullable=False),
        sa.Column("in_check_ins", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_instrument_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_instrument")),
        sa.UniqueConstraint(
            "tenant_id",
            "program_id",
            "key",
            "version",
            name=op.f("uq_instrument_tenant_id_program_id_key_version"),
        ),
    )


def windows() -> None:
    op.create_table(
        "check_in_window",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("items", JSON, nullable=False),
        sa.Column("tallied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_check_in_window_tenant_id_cohort_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_check_in_window")),
        sa.UniqueConstraint(
            "tenant_id", "cohort_id", "opens_at", name=op.f("uq_check_in_window_tenant_id_cohort_id_opens_at")
        ),
    )


def answers() -> None:
    op.create_table(
        "check_in",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_check_in_tenant_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_check_in_tenant_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "window_id"],
            ["check_in_window.tenant_id", "check_in_window.id"],
            name=op.f("fk_check_in_tenant_id_window_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_check_in")),
    )
    op.create_index("ix_check_in_window", "check_in", ["tenant_id", "window_id", "group_id"], unique=False)
    op.create_index("ix_check_in_author", "check_in", ["tenant_id", "author_id", "id"], unique=False)


def results() -> None:
    op.create_table(
        "check_in_result",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("answered", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(BANDS, name=op.f("ck_check_in_result_band")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_check_in_result_tenant_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "window_id"],
            ["check_in_window.tenant_id", "check_in_window.id"],
            name=op.f("fk_check_in_result_tenant_id_window_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_check_in_result")),
        sa.UniqueConstraint(
            "tenant_id", "group_id", "item", "window_id",
            name=op.f("uq_check_in_result_tenant_id_group_id_item_window_id"),
        ),
    )  # fmt: skip
    op.create_table(
        "pooled_check_in",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), nullable=True),
        sa.Column("levels", JSON, nullable=True),
        sa.Column("answered", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column(
            "published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(BANDS, name=op.f("ck_pooled_check_in_band")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_pooled_check_in_tenant_id_cohort_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "window_id"],
            ["check_in_window.tenant_id", "check_in_window.id"],
            name=op.f("fk_pooled_check_in_tenant_id_window_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_pooled_check_in")),
        sa.UniqueConstraint(
            "tenant_id", "window_id", "item", name=op.f("uq_pooled_check_in_tenant_id_window_id_item")
        ),
    )
    op.create_index(
        "ix_pooled_check_in_cohort", "pooled_check_in", ["tenant_id", "cohort_id", "id"], unique=False
    )


def walls() -> None:
    protect("instrument", grants="SELECT, INSERT")
    reach("instrument", "program_id IN (SELECT g.id FROM program g)")
    fixed = "tenant_id, id, cohort_id, opens_at, closes_at, least, items, created_at"
    protect("check_in_window", grants=f"SELECT, INSERT ({fixed})")
    said = "tenant_id, id, group_id, author_id, window_id, answers"
    protect_own("check_in", grants=f"SELECT, INSERT ({said}), DELETE")
    op.execute(
        "CREATE POLICY while_open ON check_in AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (window_id IN (SELECT w.id FROM check_in_window w"
        "   WHERE w.opens_at <= now() AND w.closes_at > now()"
        "   AND w.cohort_id = (SELECT g.cohort_id FROM peer_group g WHERE g.id = group_id)))"
    )
    # Who answered is the door's to know.
    protect_shared(
        "check_in_result",
        grants="SELECT (tenant_id, id, group_id, author_id, window_id, item, band, written_at)",
    )
    protect(
        "pooled_check_in",
        grants="SELECT (tenant_id, id, cohort_id, window_id, item, band, levels, published_at)",
    )
    for table in ("check_in_window", "pooled_check_in"):
        reach(table, "cohort_id IN (SELECT c.id FROM cohort c)")


def tally() -> None:
    tables = {
        "check_in_window": "tenant_id, id, cohort_id, opens_at, closes_at, least, items, tallied_at",
        "check_in": "tenant_id, group_id, author_id, window_id, answers",
        "check_in_result": "tenant_id, group_id, item, answered",
        "pooled_check_in": "tenant_id, cohort_id, item, answered",
    }
    written = {
        "check_in_window": ("UPDATE", "UPDATE (tallied_at)"),
        "check_in_result": (
            "INSERT",
            "INSERT (tenant_id, id, group_id, window_id, item, band, answered, written_at)",
        ),
        "pooled_check_in": (
            "INSERT",
            "INSERT (tenant_id, id, cohort_id, window_id, item, band, levels, answered)",
        ),
    }
    policies = [
        f"CREATE POLICY door ON {table} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})"
        for table in tables
    ]
    policies += [
        f"CREATE POLICY door_writes ON {table} FOR {command} TO peerloom_door"
        + (f" USING (tenant_id = {TENANT})" if command == "UPDATE" else "")
        + f" WITH CHECK (tenant_id = {TENANT})"
        for table, (command, _) in written.items()
    ]
    door(
        "tally_check_ins(of_cohort uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(
            *(f"GRANT SELECT ({columns}) ON {table} TO peerloom_door" for table, columns in tables.items()),
            *(f"GRANT {what} ON {table} TO peerloom_door" for table, (_, what) in written.items()),
        ),
        policies=tuple(policies),
        body=TALLY,
    )


def _few(now: str, before: str) -> str:
    """SQL: those who came in, or those who dropped out, are one or two."""
    only = "(SELECT count(*) FROM (SELECT unnest({0}) EXCEPT SELECT unnest({1})) a) BETWEEN 1 AND 2"
    return f"({only.format(now, before)} OR {only.format(before, now)})"


VALUE = "floor(avg(CASE WHEN s.reversed THEN s.low + s.high - s.answer::numeric ELSE s.answer::numeric END) + 0.5)"
BAND = (
    "CASE WHEN t.mean < t.low + (t.high - t.low) / 3 THEN 'low'"
    " WHEN t.mean < t.low + 2 * (t.high - t.low) / 3 THEN 'middle' ELSE 'high' END"
)
ROUGHLY = "CASE WHEN h.people > 50 THEN 'over 50' WHEN h.people > 20 THEN '21 to 50' ELSE '11 to 20' END"
TALLY = (
    # The UPDATE lets one at a time through, and each window once: a minute late, for answers that are on their way.
    # A result is as of the end of its window: whoever is let in later does not see it.
    "WITH closing AS (UPDATE public.check_in_window w SET tallied_at = now()"
    "   WHERE w.tallied_at IS NULL AND w.id = (SELECT n.id FROM public.check_in_window n"
    "    WHERE n.cohort_id = of_cohort AND n.closes_at <= now() - interval '1 minute'"
    "    AND n.tallied_at IS NULL"
    "    ORDER BY n.opens_at LIMIT 1) RETURNING w.tenant_id, w.id, w.cohort_id, w.least, w.items, w.closes_at),"
    " item AS (SELECT w.tenant_id, w.id AS window_id, w.cohort_id, w.least AS needed, i ->> 'key' AS key,"
    "   i ->> 'kind' AS kind, (i ->> 'least')::numeric AS low, (i ->> 'most')::numeric AS high,"
    "   coalesce((i ->> 'reversed')::boolean, false) AS reversed"
    "   FROM closing w CROSS JOIN LATERAL jsonb_array_elements(w.items) i),"
    " said AS (SELECT t.*, c.group_id, c.author_id, c.answers -> t.key AS answer FROM item t"
    "   JOIN public.check_in c ON c.tenant_id = t.tenant_id AND c.window_id = t.window_id AND c.answers ? t.key),"
    # A group's own.
    " hers AS (SELECT s.tenant_id, s.window_id, s.group_id, s.needed, s.key, s.low, s.high, s.author_id,"
    f"   {VALUE} AS value FROM said s WHERE s.kind = 'scale' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8),"
    " t AS (SELECT e.tenant_id, e.window_id, e.group_id, e.key, e.low, e.high, avg(e.value) AS mean,"
    "   array_agg(e.author_id) AS answered FROM hers e GROUP BY 1, 2, 3, 4, 5, 6, e.needed"
    "   HAVING count(*) >= e.needed),"
    " told AS (INSERT INTO public.check_in_result (tenant_id, id, group_id, window_id, item, band, answered,"
    "   written_at)"
    f"  SELECT t.tenant_id, gen_random_uuid(), t.group_id, t.window_id, t.key, {BAND}, t.answered,"
    "   (SELECT c.closes_at FROM closing c) FROM t"
    "   WHERE NOT EXISTS (SELECT FROM public.check_in_result r WHERE r.tenant_id = t.tenant_id"
    f"    AND r.group_id = t.group_id AND r.item = t.key AND {_few('t.answered', 'r.answered')})),"
    # All groups of the cohort together: one value, or one choice, for each person.
    " who AS (SELECT s.tenant_id, s.window_id, s.cohort_id, s.key, s.kind, s.low, s.high,"
    "   array_agg(DISTINCT s.author_id) AS answered FROM said s GROUP BY 1, 2, 3, 4, 5, 6, 7"
    "   HAVING count(DISTINCT s.author_id) >= 15 AND count(DISTINCT s.group_id) >= 3),"
    " safe AS (SELECT o.* FROM who o WHERE NOT EXISTS (SELECT FROM public.pooled_check_in r"
    "   WHERE r.tenant_id = o.tenant_id AND r.cohort_id = o.cohort_id AND r.item = o.key"
    f"   AND {_few('o.answered', 'r.answered')})),"
    f" one AS (SELECT s.key, s.author_id, {VALUE} AS value FROM said s WHERE s.kind = 'scale' GROUP BY 1, 2),"
    " mean AS (SELECT o.key, avg(o.value) AS mean FROM one o GROUP BY 1),"
    " chosen AS (SELECT DISTINCT s.key, s.author_id, c.level FROM said s CROSS JOIN LATERAL"
    "   jsonb_array_elements_text(CASE WHEN s.kind = 'choice' THEN s.answer"
    "    WHEN s.answer = 'true'::jsonb THEN '[\"yes\"]'::jsonb ELSE '[\"no\"]'::jsonb END) AS c(level)"
    "   WHERE s.kind <> 'scale'),"
    " level AS (SELECT c.key, c.level, count(*) AS people FROM chosen c GROUP BY 1, 2 HAVING count(*) > 10),"
    " pooled AS (INSERT INTO public.pooled_check_in"
    "   (tenant_id, id, cohort_id, window_id, item, band, levels, answered)"
    "   SELECT t.tenant_id, gen_random_uuid(), t.cohort_id, t.window_id, t.key,"
    f"   CASE WHEN t.kind = 'scale' THEN {BAND} END,"
    "   CASE WHEN t.kind <> 'scale' THEN coalesce((SELECT jsonb_object_agg(h.level, "
    f"{ROUGHLY}) FROM level h WHERE h.key = t.key), '{{}}'::jsonb) END, t.answered"
    "   FROM (SELECT o.*, m.mean FROM safe o LEFT JOIN mean m ON m.key = o.key) t)"
    " SELECT count(*) > 0 FROM closing"
)
