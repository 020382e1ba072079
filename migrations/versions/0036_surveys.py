"""Scales of instruments, and surveys: answers that their authors alone read, and the door that counts them.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import TENANT, herself, protect, reach

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())
WHOLES = postgresql.ARRAY(sa.Integer())
NOW = sa.text("now()")
OPEN = "wave_id IN (SELECT w.id FROM survey_wave w WHERE w.opens_at <= now() AND w.closes_at > now())"
OF_WAVE = "wave_id IN (SELECT above.id FROM survey_wave above)"


def upgrade() -> None:
    op.add_column("instrument", sa.Column("scales", JSON, server_default="[]", nullable=False))
    waves()
    responses()
    results()
    walls()
    counting()


def _table(name: str, *columns: sa.Column | sa.Constraint) -> None:
    """Its columns, with what every table begins with."""
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )


def _key(name: str, column: str, target: str, on_delete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=op.f(f"fk_{name}_tenant_id_{column}"),
        ondelete=on_delete,
    )


def _one(name: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f(f"uq_{name}_tenant_id_{'_'.join(columns)}"))


def _id(column: str) -> sa.Column:
    return sa.Column(column, sa.Uuid(), nullable=False)


def _moment(column: str, *, nullable: bool = False, at_first: sa.TextClause | None = None) -> sa.Column:
    return sa.Column(column, sa.DateTime(timezone=True), server_default=at_first, nullable=nullable)


def _numbers(*columns: str, nullable: bool = False) -> tuple[sa.Column, ...]:
    return tuple(sa.Column(column, sa.Float(), nullable=nullable) for column in columns)


def waves() -> None:
    name = "survey_wave"
    _table(
        name,
        _id("cohort_id"),
        _id("instrument_id"),
        sa.Column("label", sa.Text(), nullable=False),
        _moment("opens_at"),
        _moment("closes_at"),
        sa.Column("reminders", WHOLES, server_default="{}", nullable=False),
        _moment("counted_at", nullable=True),
        *(sa.Column(column, sa.Integer(), nullable=True) for column in ("invited", "answered", "declined")),
        _moment("created_at", at_first=NOW),
        sa.CheckConstraint(
            "label IN ('baseline', 'mid', 'end', 'follow_up')", name=op.f("ck_survey_wave_label")
        ),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_survey_wave_moments")),
        sa.CheckConstraint("answered >= 11", name=op.f("ck_survey_wave_answered")),
        _key(name, "cohort_id", "cohort"),
        _key(name, "instrument_id", "instrument"),
    )
    op.create_index("ix_survey_wave_cohort", name, ["tenant_id", "cohort_id", "id"])


def responses() -> None:
    name = "survey_response"
    _table(
        name,
        _id("wave_id"),
        _id("membership_id"),
        sa.Column("declined", sa.Boolean(), nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("counted", sa.Boolean(), server_default="false", nullable=False),
        _moment("answered_at", at_first=NOW),
        sa.CheckConstraint("NOT declined OR answers = '{}'", name=op.f("ck_survey_response_declined")),
        _key(name, "wave_id", "survey_wave"),
        _key(name, "membership_id", "membership"),
        _one(name, "wave_id", "membership_id"),
    )
    op.create_index("ix_survey_response_membership", name, ["tenant_id", "membership_id"])


def results() -> None:
    enough, fifths = "n >= 11", "array_length(bins, 1) = 5"
    name = "survey_result"
    _table(
        name,
        _id("wave_id"),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("bins", WHOLES, nullable=False),
        *_numbers("low", "high", "mean", "sd"),
        *_numbers("alpha", "icc1", "rwg", nullable=True),
        _moment("published_at", at_first=NOW),
        sa.CheckConstraint(enough, name=op.f("ck_survey_result_n")),
        sa.CheckConstraint(fifths, name=op.f("ck_survey_result_bins")),
        _key(name, "wave_id", "survey_wave"),
        _one(name, "wave_id", "scale"),
    )
    name = "survey_change"
    _table(
        name,
        _id("wave_id"),
        _id("since_id"),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("bins", WHOLES, nullable=False),
        *_numbers("step", "mean", "mean_low", "mean_high", "sd"),
        *_numbers("effect", "effect_low", "effect_high", nullable=True),
        _moment("published_at", at_first=NOW),
        sa.CheckConstraint(enough, name=op.f("ck_survey_change_n")),
        sa.CheckConstraint(fifths, name=op.f("ck_survey_change_bins")),
        _key(name, "wave_id", "survey_wave"),
        _key(name, "since_id", "survey_wave"),
        _one(name, "wave_id", "scale"),
    )


def walls() -> None:
    asked = "tenant_id, id, cohort_id, instrument_id, label, opens_at, closes_at, reminders, created_at"
    protect("survey_wave", grants=f"SELECT, INSERT ({asked}), DELETE")
    reach("survey_wave", "cohort_id IN (SELECT above.id FROM cohort above)")
    op.execute(
        "CREATE POLICY before_it_opens ON survey_wave AS RESTRICTIVE FOR DELETE TO peerloom_app"
        " USING (opens_at > now())"
    )
    said = "declined, answers, answered_at"
    protect(
        "survey_response",
        grants=f"SELECT (tenant_id, id, wave_id, membership_id, {said}),"
        f" INSERT (tenant_id, id, wave_id, membership_id, {said}), UPDATE ({said}), DELETE",
    )
    herself("survey_response")
    op.execute(
        "CREATE POLICY while_open_insert ON survey_response AS RESTRICTIVE FOR INSERT TO peerloom_app"
        f" WITH CHECK ({OPEN})"
    )
    op.execute(
        "CREATE POLICY while_open_update ON survey_response AS RESTRICTIVE FOR UPDATE TO peerloom_app"
        f" USING ({OPEN}) WITH CHECK ({OPEN})"
    )
    for table in ("survey_result", "survey_change"):
        protect(table, grants="SELECT, INSERT")
        reach(table, OF_WAVE)


def counting() -> None:
    reads = {
        "survey_wave": "tenant_id, id, cohort_id, instrument_id, closes_at, counted_at, answered",
        "survey_response": "tenant_id, wave_id, membership_id, declined, answers, counted",
        "job": "subject_id",
    }
    writes = {"survey_wave": "counted_at, invited, answered, declined", "survey_response": "counted"}
    policies = [
        f"CREATE POLICY door ON {table} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})"
        for table in writes
    ]
    policies += [
        f"CREATE POLICY door_writes ON {table} FOR UPDATE TO peerloom_door"
        f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
        for table in writes
    ]
    door(
        "count_survey(of_wave uuid, people uuid[], circles uuid[])"
        " RETURNS TABLE (wave uuid, respondent bigint, circle bigint, answers jsonb)"
        " LANGUAGE sql VOLATILE",
        grants=(
            *(f"GRANT SELECT ({columns}) ON {table} TO peerloom_door" for table, columns in reads.items()),
            *(f"GRANT UPDATE ({columns}) ON {table} TO peerloom_door" for table, columns in writes.items()),
        ),
        policies=tuple(policies),
        body=COUNT,
    )


COUNT = (
    # Whoever answered is a number that tells nobody who she is, the same in every wave; so is her group.
    "WITH person AS MATERIALIZED (SELECT p.member, p.circle, row_number() OVER (ORDER BY random()) AS number"
    "   FROM unnest(people, circles) AS p(member, circle)),"
    " circle AS MATERIALIZED (SELECT c.circle, row_number() OVER (ORDER BY random()) AS number"
    "   FROM (SELECT DISTINCT p.circle FROM person p WHERE p.circle IS NOT NULL) c),"
    " those AS (SELECT count(*) FILTER (WHERE NOT r.declined) AS answered,"
    "    count(*) FILTER (WHERE r.declined) AS declined"
    "   FROM public.survey_response r JOIN person p ON p.member = r.membership_id WHERE r.wave_id = of_wave),"
    # The UPDATE lets one at a time through, and each wave once, for the job whose turn it is.
    " closing AS (UPDATE public.survey_wave w SET counted_at = now(), invited = (SELECT count(*) FROM person),"
    "    answered = CASE WHEN t.answered > 10 THEN t.answered END,"
    "    declined = CASE WHEN t.answered > 10 THEN t.declined END FROM those t"
    "   WHERE w.id = of_wave AND w.counted_at IS NULL AND w.closes_at <= now()"
    f"    AND EXISTS (SELECT FROM public.job j WHERE j.tenant_id = {TENANT} AND j.kind = 'survey_count'"
    "     AND j.subject_id = of_wave AND j.state = 'running')"
    "   RETURNING w.tenant_id, w.id, w.cohort_id, w.instrument_id, w.answered),"
    " counted AS (UPDATE public.survey_response r SET counted = true FROM closing c, person p"
    "   WHERE r.tenant_id = c.tenant_id AND r.wave_id = c.id AND r.membership_id = p.member AND NOT r.declined"
    "   AND c.answered > 10 RETURNING r.wave_id, r.membership_id, r.answers),"
    " before AS (SELECT r.wave_id, r.membership_id, r.answers FROM closing c"
    "   JOIN public.survey_wave e ON e.tenant_id = c.tenant_id AND e.cohort_id = c.cohort_id"
    "    AND e.instrument_id = c.instrument_id AND e.id <> c.id AND e.counted_at IS NOT NULL"
    "   JOIN public.survey_response r ON r.tenant_id = e.tenant_id AND r.wave_id = e.id AND r.counted"
    "   WHERE c.answered > 10)"
    " SELECT a.wave_id, p.number, g.number, a.answers FROM (SELECT * FROM counted UNION ALL SELECT * FROM before) a"
    " JOIN person p ON p.member = a.membership_id LEFT JOIN circle g ON g.circle = p.circle"
)
