"""Products that a member records herself; a shorter period for words holds later; wins, setbacks and company; what a
checklist came of; and who takes something off the tenant's shelf.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import MEMBERSHIP, PERSON, TENANT, WHOLE

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

HERSELF = (
    f"(SELECT m.id FROM membership m WHERE m.tenant_id = {TENANT} AND m.id = {MEMBERSHIP}"
    f" AND m.person_id = {PERSON})"
)
SHORTEST = "interval '30 days'"
STAMP = "coalesce({0}changed_at, {0}written_at)"
WRITTEN = "{0}written_at"
EXPIRING = {
    "agenda_item": (STAMP, "true"),
    "meeting_agenda": (WRITTEN, "true"),
    "meeting_note": (WRITTEN, "true"),
    "group_action": (STAMP, "{0}state <> 'open'"),
    "ask": (WRITTEN, "{0}state <> 'open'"),
}
KINDS = {
    "agenda_item": ("kind", "question", "item", "problem", "win", "setback"),
    "act": ("kind", "review", "advice", "resource", "introduction", "nomination", "company"),
    "checklist": ("template", "program_officer", "mentor", "trainees"),
}


def upgrade() -> None:
    own_products()
    shorter_periods()
    for table, (column, *values) in KINDS.items():
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} IN ({', '.join(map(repr, values))})")
    checklists()
    shelf()


def own_products() -> None:
    """What she records and keeps for herself is hers alone, signed in as herself; so is that she is behind it."""
    op.add_column("product", sa.Column("author_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_product_tenant_id_author_id"),
        "product",
        "membership",
        ["tenant_id", "author_id"],
        ["tenant_id", "id"],
    )
    op.create_index("ix_product_author", "product", ["tenant_id", "author_id"])
    op.add_column(
        "product_contributor",
        sa.Column("private", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    for table, hers in (
        ("product", f"author_id IS NULL OR visibility <> 'me' OR author_id = {HERSELF}"),
        ("product_contributor", f"NOT private OR membership_id = {HERSELF}"),
    ):
        op.execute(
            f"CREATE POLICY own_products ON {table} AS RESTRICTIVE TO peerloom_app"
            f" USING ({hers}) WITH CHECK ({hers})"
        )


def shorter_periods() -> None:
    """A group keeps its words as long as before until the day from which less is kept."""
    table = "content_settings"
    op.add_column(table, sa.Column("keep_days_before", sa.Integer(), nullable=True))
    op.add_column(table, sa.Column("keep_days_from", sa.DateTime(timezone=True), nullable=True))
    added = "keep_days_before, keep_days_from"
    op.execute(f"GRANT INSERT ({added}), UPDATE ({added}) ON {table} TO peerloom_app")
    op.execute("DROP FUNCTION door.expire_words(integer)")
    door(
        "expire_words(most integer) RETURNS void LANGUAGE sql VOLATILE",
        grants=(f"GRANT SELECT ({added}) ON {table} TO peerloom_door",),
        policies=(),
        body="; ".join(_expire(name, stamp, over) for name, (stamp, over) in EXPIRING.items()),
    )


def _expire(table: str, stamp: str, over: str) -> str:
    """SQL. What was changed a moment ago is looked at again before it goes."""
    keep = "CASE WHEN s.keep_days_from > now() THEN s.keep_days_before ELSE s.keep_days END"
    ended = (
        "EXISTS (SELECT FROM public.peer_group g WHERE g.tenant_id = w.tenant_id AND g.id = w.group_id"
        " AND g.state = 'ended' AND g.updated_at < now() - interval '1 year')"
    )
    long_ago = f"{stamp.format('w.')} < now() - make_interval(days => coalesce({keep}, 365))"
    least = f"{stamp} < now() - {SHORTEST} AND {over}"
    return (
        f"DELETE FROM public.{table} d WHERE {least.format('d.')}"
        f" AND (d.tenant_id, d.id) IN (SELECT w.tenant_id, w.id FROM public.{table} w"
        " LEFT JOIN public.content_settings s ON s.tenant_id = w.tenant_id AND s.group_id = w.group_id"
        f" WHERE {least.format('w.')}"
        f" AND CASE WHEN s.group_id IS NOT NULL AND {keep} IS NULL THEN {ended} ELSE {long_ago} END"
        f" ORDER BY {stamp.format('w.')} LIMIT most)"
    )


def checklists() -> None:
    op.add_column("checklist", sa.Column("agenda_item_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_checklist_tenant_id_agenda_item_id"),
        "checklist",
        "agenda_item",
        ["tenant_id", "agenda_item_id"],
        ["tenant_id", "id"],
        ondelete="SET NULL (agenda_item_id)",
    )
    op.create_index("ix_checklist_item", "checklist", ["tenant_id", "agenda_item_id"])
    op.execute("GRANT INSERT (agenda_item_id) ON checklist TO peerloom_app")


def shelf() -> None:
    """Beside its author, whoever runs the tenant takes a copy off the tenant's shelf."""
    hers = f"resource_id IN (SELECT r.id FROM resource r WHERE r.author_id = {MEMBERSHIP})"
    runs = (
        f"EXISTS (SELECT FROM role_grant g WHERE g.membership_id = {MEMBERSHIP}"
        " AND g.role IN ('owner', 'admin', 'program_manager') AND g.program_id IS NULL AND g.cohort_id IS NULL"
        " AND (g.expires_at IS NULL OR g.expires_at > now()))"
    )
    op.execute("DROP POLICY own_share_delete ON shared_resource")
    op.execute(
        "CREATE POLICY own_share_delete ON shared_resource AS RESTRICTIVE FOR DELETE TO peerloom_app"
        f" USING ({hers} OR {WHOLE} AND ({MEMBERSHIP} IS NULL OR {runs}))"
    )
