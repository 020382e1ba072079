"""What groups agree on: places confirmed, signatures, turns, renewals, looks back, curricula; and repair.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import (
    MEMBERSHIP,
    PROGRAMS,
    TENANT,
    protect,
    protect_acts,
    protect_private,
    protect_shared,
    reach,
)

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

FORMATS = "('dyad', 'small_group', 'facilitated', 'near_peer', 'community')"
FIDELITY = (
    "ARRAY['Meets about once a month', 'The agenda is made together', 'No member outranks another',"
    " 'Every member gets and gives help', 'The agreement is signed and looked at each year']"
)
OF_PROGRAM = "program_id IN (SELECT g.id FROM program g)"
OF_GROUP = "group_id IN (SELECT above.id FROM peer_group above)"


def upgrade() -> None:
    columns()
    answers()
    turns()
    retrospectives()
    curricula()
    fidelity()
    doors()


def key(table: str, *columns: sa.Column, rules: tuple[sa.Constraint, ...] = ()) -> None:
    """A table of the tenant's with these columns."""
    op.create_table(
        table,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *columns,
        *rules,
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    )


def refers(table: str, column: str, to: str, *, on_delete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
        ondelete=on_delete,
    )


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f(f"uq_{table}_tenant_id_{'_'.join(columns)}"))


def written(table: str, *columns: sa.Column, rules: tuple[sa.Constraint, ...] = ()) -> None:
    """A table of what members write."""
    key(
        table,
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        *columns,
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        rules=(refers(table, "group_id", "peer_group"), refers(table, "author_id", "membership"), *rules),
    )
    op.create_index(f"ix_{table}_author", table, ["tenant_id", "author_id"], unique=False)


def edited() -> tuple[sa.Column, ...]:
    moment = {"server_default": sa.text("now()"), "nullable": False}
    return (
        sa.Column("created_at", sa.DateTime(timezone=True), **moment),
        sa.Column("updated_at", sa.DateTime(timezone=True), **moment),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def columns() -> None:
    op.add_column("peer_group", sa.Column("format", sa.Text(), server_default="small_group", nullable=False))
    op.create_check_constraint(op.f("ck_peer_group_format"), "peer_group", f"format IN {FORMATS}")
    op.add_column("peer_group", sa.Column("active_on", sa.Date(), nullable=True))
    op.add_column("peer_group", sa.Column("repair_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "GRANT INSERT (format, active_on), UPDATE (format, active_on, repair_since) ON peer_group TO peerloom_app"
    )
    op.add_column("program", sa.Column("repair", sa.Text(), server_default="by_hand", nullable=False))
    op.create_check_constraint(op.f("ck_program_repair"), "program", "repair IN ('by_hand', 'automatic')")
    op.add_column("cohort", sa.Column("confirm_by", sa.Date(), nullable=True))
    op.add_column("matching_run", sa.Column("repair", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "ix_matching_run_repair",
        "matching_run",
        ["tenant_id", "cohort_id"],
        postgresql_where=sa.text("repair"),
    )
    op.add_column(
        "recipe",
        sa.Column("fidelity", postgresql.ARRAY(sa.Text()), server_default=sa.text(FIDELITY), nullable=False),
    )
    key(
        "program_document",
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        *edited(),
        rules=(
            refers("program_document", "program_id", "program"),
            unique("program_document", "program_id", "kind"),
            check("program_document", "kind", "kind IN ('charter_template', 'responsibilities', 'topics')"),
        ),
    )
    protect("program_document", grants="SELECT, INSERT, UPDATE (content, updated_at, version)")
    reach("program_document", OF_PROGRAM, written=f"program_id = ANY ({PROGRAMS})")


def answers() -> None:
    written(
        "member_answer",
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        rules=(
            unique("member_answer", "group_id", "author_id", "about", "number"),
            check(
                "member_answer",
                "about",
                "about IN ('confirmation', 'renewal', 'charter', 'responsibilities')",
            ),
            check(
                "member_answer",
                "answer",
                "answer IN ('confirmed', 'declined', 'go_on', 'stop', 'signed', 'accepted')",
            ),
        ),
    )
    protect_acts(
        "member_answer",
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, about, number, answer), UPDATE (answer, said_at)",
    )


def turns() -> None:
    written(
        "turn",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        rules=(
            refers("turn", "member_id", "group_member"),
            check("turn", "role", "role IN ('convener', 'note_taker')"),
        ),
    )
    op.create_index("ix_turn_group", "turn", ["tenant_id", "group_id", "role", "id"], unique=False)
    op.create_index("ix_turn_member", "turn", ["tenant_id", "member_id"], unique=False)
    protect_acts("turn", grants="SELECT, INSERT (tenant_id, id, group_id, author_id, role, member_id)")


def retrospectives() -> None:
    written(
        "retrospective",
        sa.Column("phase", sa.Text(), server_default="proposing", nullable=False),
        sa.Column("phase_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        rules=(check("retrospective", "phase", "phase IN ('proposing', 'rating', 'agreeing', 'agreed')"),),
    )
    op.create_index(
        "ix_retrospective_open",
        "retrospective",
        ["tenant_id", "group_id"],
        unique=True,
        postgresql_where=sa.text("phase <> 'agreed'"),
    )
    op.create_index("ix_retrospective_group", "retrospective", ["tenant_id", "group_id", "id"], unique=False)
    protect_acts(
        "retrospective",
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id), UPDATE (phase, phase_since)",
        shared=True,
        lasting=True,
    )
    written(
        "retrospective_entry",
        sa.Column("retrospective_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("encrypted_text", sa.LargeBinary(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        rules=(
            refers("retrospective_entry", "retrospective_id", "retrospective"),
            check("retrospective_entry", "kind", "kind IN ('keep', 'change', 'stop')"),
        ),
    )
    op.create_index(
        "ix_retrospective_entry_retrospective",
        "retrospective_entry",
        ["tenant_id", "retrospective_id", "id"],
        unique=False,
    )
    # Whoever changes an entry can say that it is agreed, and not what another wrote.
    protect_shared(
        "retrospective_entry",
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, retrospective_id, kind, encrypted_text),"
        " UPDATE (agreed_at), DELETE",
    )
    written(
        "retrospective_rating",
        sa.Column("retrospective_entry_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        rules=(
            refers("retrospective_rating", "retrospective_entry_id", "retrospective_entry"),
            unique("retrospective_rating", "retrospective_entry_id", "author_id"),
            check("retrospective_rating", "rating", "rating BETWEEN 1 AND 5"),
        ),
    )
    protect_acts(
        "retrospective_rating",
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, retrospective_entry_id, rating), UPDATE (rating)",
        secret=True,
    )


def curricula() -> None:
    key(
        "curriculum",
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), nullable=False),
        *edited(),
        rules=(refers("curriculum", "program_id", "program"),),
    )
    op.create_index("ix_curriculum_program", "curriculum", ["tenant_id", "program_id", "id"], unique=False)
    protect("curriculum")
    reach("curriculum", OF_PROGRAM, written=f"program_id = ANY ({PROGRAMS})")
    written(
        "curriculum_version",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("encrypted_topics", sa.LargeBinary(), nullable=False),
        rules=(unique("curriculum_version", "group_id", "number"),),
    )
    door(
        "curriculum_in_force(of_group uuid) RETURNS integer LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, group_id, number) ON curriculum_version TO peerloom_door",),
        policies=(sees("curriculum_version"),),
        body="SELECT coalesce(max(c.number), 0) FROM public.curriculum_version c WHERE c.group_id = of_group",
    )
    protect_private(
        "curriculum_version",
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, number, encrypted_topics)",
        in_force="door.curriculum_in_force",
    )
    op.execute(
        "CREATE POLICY versions_follow ON curriculum_version AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (number = door.curriculum_in_force(group_id) + 1)"
    )


def fidelity() -> None:
    key(
        "fidelity_check",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        rules=(
            refers("fidelity_check", "group_id", "peer_group"),
            unique("fidelity_check", "group_id", "item"),
            check("fidelity_check", "said_by", "said_by IN ('organiser', 'group')"),
        ),
    )
    protect("fidelity_check", grants="SELECT, INSERT, UPDATE (kept, said_by, said_at)")
    reach("fidelity_check", OF_GROUP)


def sees(table: str) -> str:
    return f"CREATE POLICY door ON {table} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})"


def doors() -> None:
    # Counts, for whoever runs the cohort; who said what stays in the group.
    here = "EXISTS (SELECT FROM present p WHERE p.membership_id = a.author_id)"

    def number(name: str, about: str, answer: str, of: str, who: str = here) -> str:
        said = f"a.about = '{about}' AND a.answer = '{answer}' AND a.number = {of} AND {who}"
        return (
            f"'{name}', (SELECT count(*) FROM public.member_answer a WHERE a.group_id = of_group AND {said})"
        )

    confirmed = number("confirmed", "confirmation", "confirmed", "0")
    said = "a.group_id = of_group AND a.about = 'confirmation' AND a.answer = 'confirmed'"
    silent = (
        "(SELECT count(*) FROM present p WHERE NOT p.away AND NOT EXISTS (SELECT FROM public.member_answer a"
        f" WHERE a.author_id = p.membership_id AND {said}))"
    )
    parts = (
        "'members', (SELECT count(*) FROM present)",
        confirmed,
        number("declined", "confirmation", "declined", "0", f"NOT {here}"),
        f"'silent', CASE WHEN overdue THEN {silent} END",
        number("signed", "charter", "signed", "charter"),
        number("accepted", "responsibilities", "accepted", "list"),
    )
    door(
        "agreement_counts(of_group uuid, charter integer, list integer, overdue boolean)"
        " RETURNS jsonb LANGUAGE sql STABLE",
        grants=(
            "GRANT SELECT (tenant_id, group_id, author_id, about, number, answer) ON member_answer TO peerloom_door",
        ),
        policies=(sees("member_answer"),),
        body="WITH present AS (SELECT m.membership_id, m.paused_at IS NOT NULL AND (m.paused_until IS NULL"
        "   OR m.paused_until > (now() AT TIME ZONE 'UTC')::date) AS away"
        " FROM public.group_member m WHERE m.group_id = of_group"
        " AND m.admitted_at IS NOT NULL AND m.left_at IS NULL)"
        f" SELECT jsonb_build_object({', '.join(parts)})",
    )
    # Counts of those who are present would tell by somebody's leaving what she had said. So it is a word, of five or more,
    # about those who were there when the round ended, and stays what it was then.
    door(
        "last_renewal(of_group uuid, round integer, ended date) RETURNS text LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body="WITH members AS (SELECT DISTINCT m.membership_id FROM public.group_member m WHERE m.group_id = of_group"
        "   AND m.admitted_at < ended AND (m.left_at IS NULL OR m.left_at >= ended)),"
        " going_on AS (SELECT FROM members m JOIN public.member_answer a ON a.author_id = m.membership_id"
        "   WHERE a.group_id = of_group AND a.about = 'renewal' AND a.number = round AND a.answer = 'go_on')"
        " SELECT CASE WHEN n.of_all < 5 OR ended > current_date THEN NULL WHEN 2 * n.go_on > n.of_all THEN 'most_go_on'"
        "   ELSE 'not_most' END FROM (SELECT (SELECT count(*) FROM members) AS of_all,"
        "   (SELECT count(*) FROM going_on) AS go_on) n",
    )
    # Ratings are each member's own; the group is told a band, once nobody rates any more and three have. Where
    # all say 1, or 5, it would tell what each said.
    tables = ("retrospective", "retrospective_entry", "retrospective_rating")
    seen = ("tenant_id, id, group_id, phase", "tenant_id, id, retrospective_id",
            "tenant_id, retrospective_entry_id, rating")  # fmt: skip
    door(
        "ratings(of_retrospective uuid) RETURNS TABLE (entry_id uuid, raters bigint, band text)"
        " LANGUAGE sql STABLE",
        grants=tuple(
            f"GRANT SELECT ({names}) ON {table} TO peerloom_door"
            for table, names in zip(tables, seen, strict=True)
        ),
        policies=tuple(map(sees, tables)),
        body="SELECT r.retrospective_entry_id, count(*), CASE WHEN avg(r.rating) < 2.5 THEN 'low' WHEN avg(r.rating) > 3.5 THEN 'high' ELSE 'middle' END"
        " FROM public.retrospective o"
        " JOIN public.retrospective_entry e ON e.tenant_id = o.tenant_id AND e.retrospective_id = o.id"
        " JOIN public.retrospective_rating r ON r.tenant_id = e.tenant_id AND r.retrospective_entry_id = e.id"
        " WHERE o.id = of_retrospective AND o.phase IN ('agreeing', 'agreed')"
        " AND EXISTS (SELECT FROM public.group_member m WHERE m.tenant_id = o.tenant_id AND m.group_id = o.group_id"
        f"  AND m.membership_id = {MEMBERSHIP} AND m.admitted_at IS NOT NULL AND m.left_at IS NULL)"
        " GROUP BY r.retrospective_entry_id HAVING count(*) >= 3 AND min(r.rating) < 5 AND max(r.rating) > 1",
    )
