"""What a group talks about and what comes of it: agenda, actions, notes; and when its words expire.

Who wrote something and what it says are its author's; where it stands is the group's. So each is a row of its own.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import MEMBERSHIP, TENANT, protect_acts, protect_shared

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOBODY = "nullif(current_setting('app.tenant_id', true), '') IS NULL"
SHORTEST = "interval '30 days'"
STAMP = "coalesce({0}changed_at, {0}written_at)"
WRITTEN = "{0}written_at"
EXPIRING = {
    "agenda_item": (STAMP, "true", "tenant_id, id, group_id, written_at, changed_at"),
    "meeting_agenda": (WRITTEN, "true", "tenant_id, id, group_id, written_at"),
    "meeting_note": (WRITTEN, "true", "tenant_id, id, group_id, written_at"),
    "group_action": (STAMP, "{0}state <> 'open'", "tenant_id, id, group_id, state, written_at, changed_at"),
    "ask": (WRITTEN, "{0}state <> 'open'", "tenant_id, id, group_id, state, written_at"),
}


def upgrade() -> None:
    content_settings()
    agenda()
    notes()
    actions()
    what_hangs_on_words()
    votes_door()
    expiry_door()


def _key(name: str, column: str, target: str, on_delete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=op.f(f"fk_{name}_tenant_id_{column}"),
        ondelete=on_delete,
    )


def _table(name: str, *columns: sa.Column | sa.Constraint, anonymous: bool = False) -> None:
    """Its columns, with what every row that a member wrote begins with."""
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=anonymous),
        *columns,
        sa.Column("written_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        _key(name, "group_id", "peer_group"),
        _key(name, "author_id", "membership"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )
    op.create_index(f"ix_{name}_author", name, ["tenant_id", "author_id"])


def _standing(*more: sa.Column) -> tuple[sa.Column, ...]:
    """What the group says of a row: where it stands."""
    return (
        *more,
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )


def _words(*columns: str) -> tuple[sa.Column, ...]:
    return tuple(sa.Column(f"encrypted_{column}", sa.LargeBinary(), nullable=True) for column in columns)


def _only_its_author(table: str) -> None:
    """Words are for whoever wrote them to change."""
    op.execute(
        f'CREATE POLICY own_words_update ON "{table}" AS RESTRICTIVE FOR UPDATE'
        f" TO peerloom_app USING (author_id = {MEMBERSHIP})"
    )


def content_settings() -> None:
    name = "content_settings"
    _table(
        name,
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("notes", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("keep_days BETWEEN 30 AND 3650", name=op.f("ck_content_settings_keep_days")),
        sa.UniqueConstraint("tenant_id", "group_id", name=op.f("uq_content_settings_tenant_id_group_id")),
    )
    said = "keep_days, notes, version"
    protect_acts(
        name,
        grants=f"SELECT, INSERT (tenant_id, id, group_id, author_id, {said}), UPDATE ({said})",
        shared=True,
        lasting=True,
    )


def agenda() -> None:
    name = "agenda_item"
    _table(
        name,
        sa.Column("kind", sa.Text(), nullable=False),
        *_standing(
            sa.Column("meeting_id", sa.Uuid(), nullable=True),
            sa.Column("late_meeting_id", sa.Uuid(), nullable=True),
            sa.Column("minutes_planned", sa.Integer(), nullable=True),
            sa.Column("minutes_used", sa.Integer(), nullable=True),
        ),
        _key(name, "meeting_id", "meeting"),
        _key(name, "late_meeting_id", "meeting"),
        _key(name, "product_id", "product", "SET NULL (product_id)"),
        sa.CheckConstraint("kind IN ('question', 'item', 'problem')", name=op.f("ck_agenda_item_kind")),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_agenda_item_state")),
        sa.CheckConstraint(
            "(author_id IS NULL) = (kind = 'question')", name=op.f("ck_agenda_item_anonymous")
        ),
        anonymous=True,
    )
    for column in ("meeting_id", "late_meeting_id", "product_id"):
        op.create_index(f"ix_agenda_item_{column.removesuffix('_id')}", name, ["tenant_id", column])
    op.create_index("ix_agenda_item_group", name, ["tenant_id", "group_id", "id"])
    stands = "state, meeting_id, late_meeting_id, minutes_planned, minutes_used, product_id, version"
    # No product yet: to say at once what came of it would be to say it of what nobody has read.
    protect_shared(
        name,
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, kind, written_at, "
        f"{stands}), UPDATE ({stands}, changed_at), DELETE",
    )
    name = "agenda_item_words"
    _table(
        name,
        *_words("title", "text", "topic", "stated", "validated", "options"),
        _key(name, "id", "agenda_item", "CASCADE"),
        anonymous=True,
    )
    op.create_index("ix_agenda_item_words_group", name, ["tenant_id", "group_id", "id"])
    said = ", ".join(
        f"encrypted_{word}" for word in ("title", "text", "topic", "stated", "validated", "options")
    )
    protect_shared(
        name,
        grants=f"SELECT, INSERT (tenant_id, id, group_id, author_id, written_at, {said}), UPDATE ({said}), DELETE",
    )
    _only_its_author(name)
    for table in ("agenda_item", "agenda_item_words"):
        _written_now_or_without_a_time(table)
    name = "agenda_vote"
    _table(
        name,
        sa.Column("agenda_item_id", sa.Uuid(), nullable=False),
        _key(name, "agenda_item_id", "agenda_item", "CASCADE"),
        sa.UniqueConstraint(
            "tenant_id",
            "agenda_item_id",
            "author_id",
            name=op.f("uq_agenda_vote_tenant_id_agenda_item_id_author_id"),
        ),
    )
    protect_acts(
        name,
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, agenda_item_id), DELETE",
        secret=True,
    )
    name = "meeting_agenda"
    _table(
        name,
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("item_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("frozen_at", MOMENT, nullable=True),
        _key(name, "meeting_id", "meeting"),
        sa.UniqueConstraint("tenant_id", "meeting_id", name=op.f("uq_meeting_agenda_tenant_id_meeting_id")),
    )
    op.create_index("ix_meeting_agenda_group", name, ["tenant_id", "group_id", "id"])
    said = "item_ids, number, frozen_at"
    protect_acts(
        name,
        grants=f"SELECT, INSERT (tenant_id, id, group_id, author_id, meeting_id, {said}), UPDATE ({said})",
        shared=True,
        lasting=True,
    )
    op.execute(
        "CREATE POLICY frozen_is_final ON meeting_agenda AS RESTRICTIVE FOR UPDATE TO peerloom_app"
        " USING (frozen_at IS NULL) WITH CHECK (true)"
    )


def _written_now_or_without_a_time(table: str) -> None:
    """A row without an author counts as written at the next full hour, and is shown from then on: all of an hour come
    together, and none says when it was asked.
    """
    op.execute(
        f"CREATE POLICY written_now ON {table} AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (written_at = CASE WHEN author_id IS NULL"
        " THEN date_trunc('hour', now(), 'UTC') + interval '1 hour' ELSE now() END)"
    )
    op.execute(
        f"CREATE POLICY shown_from_then ON {table} AS RESTRICTIVE FOR SELECT TO peerloom_app"
        " USING (author_id IS NOT NULL OR written_at <= now())"
    )


def notes() -> None:
    name = "meeting_note"
    _table(
        name,
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("encrypted_text", sa.LargeBinary(), nullable=False),
        _key(name, "meeting_id", "meeting"),
        sa.UniqueConstraint(
            "tenant_id", "meeting_id", "number", name=op.f("uq_meeting_note_tenant_id_meeting_id_number")
        ),
    )
    op.create_index("ix_meeting_note_group", name, ["tenant_id", "group_id", "id"])
    protect_shared(
        name,
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, meeting_id, number, encrypted_text), DELETE",
    )
    op.execute(
        "CREATE POLICY notes_are_on ON meeting_note AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (author_id IS NOT NULL AND group_id IN"
        " (SELECT s.group_id FROM content_settings s WHERE s.notes))"
    )


def actions() -> None:
    name = "group_action"
    _table(
        name,
        *_standing(
            sa.Column("owner_id", sa.Uuid(), nullable=False),
            sa.Column("due_on", sa.Date(), nullable=True),
            sa.Column("agenda_item_id", sa.Uuid(), nullable=True),
        ),
        _key(name, "owner_id", "membership"),
        _key(name, "agenda_item_id", "agenda_item", "SET NULL (agenda_item_id)"),
        _key(name, "product_id", "product", "SET NULL (product_id)"),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_group_action_state")),
    )
    op.create_index("ix_group_action_group", name, ["tenant_id", "group_id", "id"])
    op.create_index("ix_group_action_owner", name, ["tenant_id", "owner_id", "id"])
    op.create_index("ix_group_action_item", name, ["tenant_id", "agenda_item_id"])
    op.create_index("ix_group_action_product", name, ["tenant_id", "product_id"])
    stands = "owner_id, due_on, agenda_item_id, state, product_id, version"
    protect_shared(
        name,
        grants=f"SELECT, INSERT (tenant_id, id, group_id, author_id, {stands}),"
        f" UPDATE ({stands}, changed_at), DELETE",
    )
    name = "group_action_words"
    _table(name, *_words("text"), _key(name, "id", "group_action", "CASCADE"))
    op.create_index("ix_group_action_words_group", name, ["tenant_id", "group_id", "id"])
    protect_shared(
        name,
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, encrypted_text), UPDATE (encrypted_text), DELETE",
    )
    _only_its_author(name)


def what_hangs_on_words() -> None:
    """Whoever takes her words away can take what others have rated, or an invitation that somebody accepted."""
    for table, column, target, then in (
        ("retrospective_rating", "retrospective_entry_id", "retrospective_entry", "CASCADE"),
        ("admission", "invitation_id", "group_invitation", "SET NULL (invitation_id)"),
    ):
        key = op.f(f"fk_{table}_tenant_id_{column}")
        op.drop_constraint(key, table, type_="foreignkey")
        op.create_foreign_key(key, table, target, ["tenant_id", column], ["tenant_id", "id"], ondelete=then)


def votes_door() -> None:
    door(
        "agenda_votes(of_group uuid) RETURNS TABLE (agenda_item_id uuid, votes bigint) LANGUAGE sql STABLE",
        grants=("GRANT SELECT (tenant_id, group_id, agenda_item_id) ON agenda_vote TO peerloom_door",),
        policies=(
            f"CREATE POLICY door ON agenda_vote FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})",
        ),
        body="SELECT v.agenda_item_id, count(*) FROM public.agenda_vote v"
        f" WHERE v.tenant_id = {TENANT} AND v.group_id = of_group"
        " AND EXISTS (SELECT FROM public.group_member m WHERE m.tenant_id = v.tenant_id AND m.group_id = v.group_id"
        f"  AND m.membership_id = {MEMBERSHIP} AND m.admitted_at IS NOT NULL AND m.left_at IS NULL)"
        " GROUP BY v.agenda_item_id",
    )


def expiry_door() -> None:
    """Only nobody's session deletes, and nothing sooner than a group can ask for."""
    grants = [
        f"GRANT SELECT ({columns}), DELETE ON {table} TO peerloom_door"
        for table, (*_, columns) in EXPIRING.items()
    ]
    grants.append("GRANT SELECT (tenant_id, group_id, keep_days) ON content_settings TO peerloom_door")
    policies = [
        f"CREATE POLICY door_expiry ON {table} TO peerloom_door"
        f" USING ({NOBODY} AND {stamp.format('')} < now() - {SHORTEST} AND {over.format('')})"
        for table, (stamp, over, _) in EXPIRING.items()
    ]
    policies += [
        f"CREATE POLICY door ON content_settings FOR SELECT TO peerloom_door USING ({NOBODY})",
        f"CREATE POLICY door_expiry ON peer_group FOR SELECT TO peerloom_door USING ({NOBODY} AND state = 'ended')",
    ]
    door(
        "expire_words(most integer) RETURNS void LANGUAGE sql VOLATILE",
        grants=tuple(grants),
        policies=tuple(policies),
        body="; ".join(_expire(table, stamp, over) for table, (stamp, over, _) in EXPIRING.items()),
    )


def _expire(table: str, stamp: str, over: str) -> str:
    """SQL. What was changed a moment ago is looked at again before it goes."""
    ended = (
        "EXISTS (SELECT FROM public.peer_group g WHERE g.tenant_id = w.tenant_id AND g.id = w.group_id"
        " AND g.state = 'ended' AND g.updated_at < now() - interval '1 year')"
    )
    long_ago = f"{stamp.format('w.')} < now() - make_interval(days => coalesce(s.keep_days, 365))"
    least = f"{stamp} < now() - {SHORTEST} AND {over}"
    return (
        f"DELETE FROM public.{table} d WHERE {least.format('d.')}"
        f" AND (d.tenant_id, d.id) IN (SELECT w.tenant_id, w.id FROM public.{table} w"
        " LEFT JOIN public.content_settings s ON s.tenant_id = w.tenant_id AND s.group_id = w.group_id"
        f" WHERE {least.format('w.')}"
        f" AND CASE WHEN s.group_id IS NOT NULL AND s.keep_days IS NULL THEN {ended} ELSE {long_ago} END"
        f" ORDER BY {stamp.format('w.')} LIMIT most)"
    )
