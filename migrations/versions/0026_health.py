"""How a group fares, concerns that name their readers, facilitators, and what is around a group.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import (
    MEMBERSHIP,
    TENANT,
    herself,
    members_see,
    members_write,
    named_readers,
    protect,
    reach,
)

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
OF_GROUP = "group_id IN (SELECT above.id FROM peer_group above)"
AT_WORK = (
    "EXISTS (SELECT FROM job j WHERE j.kind = 'group_health' AND j.state = 'running'"
    ' AND j.subject_id = "{}".group_id)'
)
OF_COHORT = "cohort_id IN (SELECT above.id FROM cohort above)"


def upgrade() -> None:
    ids = postgresql.ARRAY(sa.Uuid())
    op.add_column("program", sa.Column("concern_readers", ids, server_default="{}", nullable=False))
    signs_of_life()
    wishes(AT_WORK.format("repair_wish"))
    concerns()
    facilitators()
    mentors()
    commitments()
    pooled()
    announcements()
    pooling()


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


def _text(column: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(column, sa.Text(), nullable=nullable)


def _moment(column: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(column, MOMENT, server_default=None if nullable else NOW, nullable=nullable)


def _check(name: str, what: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{name}_{what}"))


def _edited() -> tuple[sa.Column, ...]:
    return (
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )


def signs_of_life() -> None:
    name = "group_pulse"
    day = sa.Column("last_on", sa.Date(), nullable=False)
    _table(
        name,
        _id("group_id"),
        day,
        _moment("begun_at"),
        _key(name, "group_id", "peer_group"),
        _one(name, "group_id"),
    )
    protect(name, grants="SELECT, INSERT (tenant_id, id, group_id, last_on), UPDATE (last_on)")
    name = "nudge"
    _table(
        name,
        _id("group_id"),
        _text("reason"),
        _moment("nudged_at"),
        _moment("answered_at", nullable=True),
        _key(name, "group_id", "peer_group"),
        _check(name, "reason", "reason IN ('nothing_for_long', 'meetings_missed')"),
    )
    op.create_index(
        "ix_nudge_unanswered",
        name,
        ["tenant_id", "group_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("ix_nudge_group", name, ["tenant_id", "group_id", "id"])
    protect(name, grants="SELECT, INSERT (tenant_id, id, group_id, reason), UPDATE (answered_at)")
    for table, later in (("group_pulse", ""), ("nudge", " OR nudged_at <= now() - interval '14 days'")):
        at_work = AT_WORK.format(table)
        members_write(table, also=at_work)
        # The tenant hears of a nudge once the group has had it for a while.
        members_see(table, also=f"{at_work}{later}")
        reach(table, OF_GROUP)


def wishes(at_work: str) -> None:
    """That somebody in a group would have it mended: not told when, nor by whom, and to nobody but the job."""
    name = "repair_wish"
    day = sa.Column("noted_on", sa.Date(), server_default=sa.text("CURRENT_DATE"), nullable=False)
    _table(name, _id("group_id"), day, _key(name, "group_id", "peer_group"))
    op.create_index("ix_repair_wish_group", name, ["tenant_id", "group_id"])
    protect(name, grants="SELECT, INSERT (tenant_id, id, group_id), DELETE")
    members_write(name, also=at_work)
    reach(name, OF_GROUP)
    for command in ("SELECT", "DELETE"):
        op.execute(
            f"CREATE POLICY at_work_{command.lower()} ON repair_wish AS RESTRICTIVE FOR {command}"
            f" TO peerloom_app USING ({at_work})"
        )


def concerns() -> None:
    name = "concern"
    _table(
        name,
        _id("group_id"),
        _id("author_id"),
        _text("kind"),
        _text("wants"),
        sa.Column("encrypted_text", sa.LargeBinary(), nullable=True),
        _text("state"),
        _moment("sent_at"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _check(name, "kind", "kind IN ('not_working', 'conduct')"),
        _check(name, "wants", "wants IN ('repair', 'move', 'talk', 'nothing')"),
        _check(name, "state", "state IN ('sent', 'received', 'handled')"),
        _key(name, "group_id", "peer_group"),
        _key(name, "author_id", "membership"),
    )
    op.create_index("ix_concern_author", name, ["tenant_id", "author_id", "id"])
    name = "concern_reader"
    _table(
        name,
        _id("concern_id"),
        _id("author_id"),
        _id("reader_id"),
        _moment("sent_at"),
        _key(name, "concern_id", "concern"),
        _key(name, "reader_id", "membership"),
        _one(name, "concern_id", "reader_id"),
    )
    op.create_index("ix_concern_reader_reader", name, ["tenant_id", "reader_id", "concern_id"])
    said = "tenant_id, id, group_id, author_id, kind, wants, encrypted_text, state, version"
    protect("concern", grants=f"SELECT, INSERT ({said}), UPDATE (state, version)")
    to_her = f"id IN (SELECT r.concern_id FROM concern_reader r WHERE r.reader_id = {MEMBERSHIP})"
    named_readers("concern", to_her)
    # Only whom it was sent to says what became of it.
    op.execute(
        f"CREATE POLICY readers_update ON concern AS RESTRICTIVE FOR UPDATE TO peerloom_app USING ({to_her})"
    )
    protect("concern_reader", grants="SELECT, INSERT (tenant_id, id, concern_id, author_id, reader_id)")
    op.execute(
        "CREATE POLICY between_them ON concern_reader AS RESTRICTIVE TO peerloom_app"
        f" USING (reader_id = {MEMBERSHIP} OR author_id = {MEMBERSHIP}) WITH CHECK (author_id = {MEMBERSHIP})"
    )


def facilitators() -> None:
    name = "facilitation"
    _table(
        name,
        _id("group_id"),
        _id("membership_id"),
        _text("duties", nullable=True),
        _moment("asked_at"),
        _moment("accepted_at", nullable=True),
        _moment("ended_at", nullable=True),
        _key(name, "group_id", "peer_group"),
        _key(name, "membership_id", "membership"),
    )
    op.create_index(
        "ix_facilitation_current",
        name,
        ["tenant_id", "group_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_facilitation_group", name, ["tenant_id", "group_id", "id"])
    op.create_index("ix_facilitation_membership", name, ["tenant_id", "membership_id", "id"])
    made = "tenant_id, id, group_id, membership_id"
    protect(name, grants=f"SELECT, INSERT ({made}), UPDATE (duties, accepted_at, ended_at)")
    reach(name, OF_GROUP)


def mentors() -> None:
    name = "own_mentors"
    _table(
        name,
        _id("membership_id"),
        sa.Column("has_any", sa.Boolean(), nullable=False),
        sa.Column("encrypted_mentors", sa.LargeBinary(), nullable=False),
        _moment("said_at"),
        _key(name, "membership_id", "membership"),
        _one(name, "membership_id"),
    )
    protect(
        name,
        grants="SELECT, INSERT (tenant_id, id, membership_id, has_any, encrypted_mentors),"
        " UPDATE (has_any, encrypted_mentors)",
    )


def commitments() -> None:
    name = "sponsor_commitment"
    _table(
        name,
        _id("participant_id"),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("in_writing", sa.Boolean(), nullable=False),
        _text("promised_by"),
        *_edited(),
        _check(name, "percent", "percent BETWEEN 0 AND 100"),
        _check(name, "days", "to_on >= from_on"),
        _key(name, "participant_id", "participant", "CASCADE"),
        _one(name, "participant_id"),
    )
    protect(name)
    reach(name, "participant_id IN (SELECT above.id FROM participant above)")
    name = "commitment_answer"
    _table(
        name,
        _id("membership_id"),
        _id("commitment_id"),
        _text("kept"),
        _moment("said_at"),
        _check(name, "kept", "kept IN ('yes', 'partly', 'no')"),
        _key(name, "membership_id", "membership"),
        _key(name, "commitment_id", "sponsor_commitment", "CASCADE"),
        _one(name, "commitment_id", "membership_id"),
    )
    op.create_index("ix_commitment_answer_membership", name, ["tenant_id", "membership_id"])
    protect(
        name,
        grants="SELECT, INSERT (tenant_id, id, membership_id, commitment_id, kept), UPDATE (kept), DELETE",
    )
    for table in ("own_mentors", "commitment_answer"):
        herself(table)


def pooled() -> None:
    name = "pooled_answer"
    _table(
        name,
        _id("cohort_id"),
        _text("question"),
        sa.Column("quarter", sa.Date(), nullable=False),
        _text("band", nullable=True),
        sa.Column("answered", postgresql.ARRAY(sa.Uuid()), nullable=False),
        _check(name, "question", "question IN ('no_mentors', 'promise_not_kept')"),
        _check(name, "band", "band IN ('under_a_quarter', 'quarter_to_half', 'more')"),
        _key(name, "cohort_id", "cohort"),
        _one(name, "cohort_id", "question", "quarter"),
    )
    # Who answered is the door's to know.
    protect(name, grants="SELECT (tenant_id, id, cohort_id, question, quarter, band)")


def announcements() -> None:
    name = "announcement"
    _table(
        name,
        _id("cohort_id"),
        _text("title"),
        _text("text"),
        sa.Column("publish_at", MOMENT, nullable=False),
        _moment("created_at"),
        _key(name, "cohort_id", "cohort"),
    )
    op.create_index("ix_announcement_cohort", name, ["tenant_id", "cohort_id", "id"])
    protect(name, grants="SELECT, INSERT, DELETE")
    for table in ("pooled_answer", "announcement"):
        reach(table, OF_COHORT)


def pooling() -> None:
    tables = {
        "own_mentors": "tenant_id, membership_id, has_any",
        "sponsor_commitment": "tenant_id, id, participant_id",
        "commitment_answer": "tenant_id, membership_id, commitment_id, kept",
        "pooled_answer": "tenant_id, cohort_id, question, quarter, band, answered",
    }
    reads = tuple(
        f"GRANT SELECT ({columns}) ON {table} TO peerloom_door" for table, columns in tables.items()
    )
    seen = tuple(
        f"CREATE POLICY door ON {table} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})"
        for table in tables
    )
    door(
        "pool_answers(of_cohort uuid) RETURNS bigint LANGUAGE sql VOLATILE",
        grants=(
            *reads,
            f"GRANT INSERT ({MADE}) ON pooled_answer TO peerloom_door",
        ),
        policies=(
            *seen,
            f"CREATE POLICY door_writes ON pooled_answer FOR INSERT TO peerloom_door WITH CHECK (tenant_id = {TENANT})",
        ),
        body=POOL,
    )


MADE = "tenant_id, id, cohort_id, question, quarter, band, answered"
ONLY = "(SELECT count(*) FROM (SELECT unnest({0}) EXCEPT SELECT unnest({1})) a) BETWEEN 1 AND 2"
FEW = f"({ONLY.format('t.answered', 'r.answered')} OR {ONLY.format('r.answered', 't.answered')})"
POOL = (
    "WITH said AS (SELECT p.tenant_id, 'no_mentors' AS question, p.membership_id, NOT o.has_any AS is_so"
    "   FROM public.participant p JOIN public.own_mentors o"
    "     ON o.tenant_id = p.tenant_id AND o.membership_id = p.membership_id WHERE p.cohort_id = of_cohort"
    "  UNION ALL SELECT p.tenant_id, 'promise_not_kept', p.membership_id, a.kept = 'no'"
    "   FROM public.participant p"
    "   JOIN public.sponsor_commitment c ON c.tenant_id = p.tenant_id AND c.participant_id = p.id"
    "   JOIN public.commitment_answer a ON a.tenant_id = c.tenant_id AND a.commitment_id = c.id"
    "    AND a.membership_id = p.membership_id WHERE p.cohort_id = of_cohort),"
    " t AS (SELECT s.tenant_id, s.question, array_agg(s.membership_id) AS answered, avg(s.is_so::int) AS share"
    "   FROM said s GROUP BY 1, 2 HAVING count(*) >= 11),"
    " told AS (SELECT t.*, CASE WHEN t.share < 0.25 THEN 'under_a_quarter' WHEN t.share <= 0.5"
    "    THEN 'quarter_to_half' ELSE 'more' END AS band FROM t WHERE NOT EXISTS (SELECT FROM public.pooled_answer r"
    f"   WHERE r.tenant_id = t.tenant_id AND r.cohort_id = of_cohort AND r.question = t.question"
    f"   AND r.band IS NOT NULL AND {FEW})),"
    f" made AS (INSERT INTO public.pooled_answer ({MADE})"
    "   SELECT c.tenant_id, gen_random_uuid(), c.id, q.question, date_trunc('quarter', now() AT TIME ZONE 'UTC')::date,"
    "    told.band, coalesce(told.answered, '{}')"
    "   FROM public.cohort c CROSS JOIN (VALUES ('no_mentors'), ('promise_not_kept')) AS q(question)"
    "   LEFT JOIN told ON told.question = q.question WHERE c.id = of_cohort"
    "   ON CONFLICT DO NOTHING RETURNING 1)"
    " SELECT count(*) FROM made"
)
