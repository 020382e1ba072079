"""What people are written to about what goes on in their groups.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import MEMBERSHIP, protect

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    preferences()
    planned()
    unsubscribing()
    rounds()


def _table(name: str, *columns: sa.Column | sa.Constraint) -> None:
    """Its columns, with what every table of this migration begins with."""
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        *columns,
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f(f"fk_{name}_tenant_id_membership_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )


def _unique(name: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(
        "tenant_id", *columns, name=op.f("_".join(("uq", name, "tenant_id", *columns)))
    )


def preferences() -> None:
    name = "notice_preference"
    _table(
        name,
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("digest_hour", sa.Integer(), nullable=False),
        sa.Column("meeting_reminders", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("action_reminders", sa.Boolean(), nullable=False),
        sa.Column("announcements", sa.Boolean(), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("digest IN ('daily', 'weekly', 'off')", name=op.f("ck_notice_preference_digest")),
        sa.CheckConstraint("digest_hour BETWEEN 0 AND 23", name=op.f("ck_notice_preference_digest_hour")),
        _unique(name, "membership_id"),
    )
    said = "time_zone, digest, digest_hour, meeting_reminders, action_reminders, announcements, updated_at, version"
    protect(
        name,
        grants=f"SELECT, INSERT (tenant_id, id, membership_id, {said}, created_at), UPDATE ({said})",
    )
    # The job that plans reads them; how somebody is written to she alone says.
    op.execute(
        f"CREATE POLICY own_preferences_insert ON {name} AS RESTRICTIVE FOR INSERT TO peerloom_app"
        f" WITH CHECK (membership_id = {MEMBERSHIP})"
    )
    op.execute(
        f"CREATE POLICY own_preferences_update ON {name} AS RESTRICTIVE FOR UPDATE TO peerloom_app"
        f" USING (membership_id = {MEMBERSHIP})"
    )


def planned() -> None:
    name = "notice_day"
    _table(
        name,
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("told_until", MOMENT, nullable=True),
        _unique(name, "membership_id", "local_date"),
    )
    op.create_index("ix_notice_day_due", name, ["tenant_id", "due_at"])
    protect(name, grants="SELECT, INSERT, UPDATE (told_until), DELETE")

    name = "meeting_reminder"
    _table(
        name,
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "meeting_id"],
            ["meeting.tenant_id", "meeting.id"],
            name=op.f(f"fk_{name}_tenant_id_meeting_id"),
        ),
        _unique(name, "membership_id", "meeting_id", "hours", "starts_at"),
    )
    op.create_index("ix_meeting_reminder_meeting", name, ["tenant_id", "meeting_id"])
    op.create_index("ix_meeting_reminder_starts", name, ["tenant_id", "starts_at"])
    protect(name, grants="SELECT, INSERT, DELETE")
    op.create_index("ix_meeting_starts", "meeting", ["tenant_id", "starts_at"])


def unsubscribing() -> None:
    name = "unsubscribe_link"
    _table(
        name,
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('digest', 'meeting_reminders', 'action_reminders')",
            name=op.f("ck_unsubscribe_link_kind"),
        ),
        _unique(name, "hash"),
    )
    op.create_index("ix_unsubscribe_link_membership", name, ["tenant_id", "membership_id"])
    protect(name, grants="SELECT, INSERT")


def rounds() -> None:
    door(
        "tenants_without_notices(most integer) RETURNS TABLE (tenant_id uuid) LANGUAGE sql STABLE",
        grants=("GRANT SELECT (kind) ON job TO peerloom_door",),
        policies=(),
        body="SELECT t.id FROM public.tenant t WHERE t.state = 'open' AND NOT EXISTS"
        " (SELECT FROM public.job j WHERE j.tenant_id = t.id AND j.kind = 'notices'"
        " AND j.state IN ('queued', 'running')) LIMIT most",
    )
