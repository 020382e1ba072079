"""Meetings of groups: the tenant sees dates and counts, only members write.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import members_write, protect, protect_acts, protect_private, reach

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

GROUP_SEEN = "group_id IN (SELECT above.id FROM peer_group above)"
LOCAL = sa.DateTime(timezone=False)
MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    series()
    meeting()
    behind_the_group_wall()
    feeds()
    invitations()


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


def _edited() -> tuple[sa.Column, ...]:
    return (
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )


def _written(name: str) -> tuple[sa.Column | sa.Constraint, ...]:
    return (
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", MOMENT, server_default=NOW, nullable=False),
        _key(name, "group_id", "peer_group"),
        _key(name, "author_id", "membership"),
    )


def _upkept(table: str) -> None:
    """Members write it, and so does the job that looks after their group's meetings, while it runs."""
    members_write(
        table,
        also="EXISTS (SELECT FROM job j WHERE j.kind = 'meetings' AND j.state = 'running'"
        f' AND j.subject_id = "{table}".group_id)',
    )
    reach(table, GROUP_SEEN)


def series() -> None:
    name = "meeting_series"
    _table(
        name,
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rrule", sa.Text(), nullable=True),
        sa.Column("starts_at_local", LOCAL, nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("in_person", sa.Boolean(), nullable=False),
        sa.Column("expanded_until", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        *_edited(),
        _key(name, "group_id", "peer_group"),
        sa.CheckConstraint("kind IN ('regular', 'kick_off')", name=op.f("ck_meeting_series_kind")),
    )
    op.create_index("ix_meeting_series_group", name, ["tenant_id", "group_id", "id"])
    changed = (
        "rrule, starts_at_local, time_zone, minutes, in_person, expanded_until, ended_at, updated_at, version"
    )
    protect(name, grants=f"SELECT, INSERT, UPDATE ({changed})")
    _upkept(name)


def meeting() -> None:
    name = "meeting"
    _table(
        name,
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("meeting_series_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("starts_at_local", LOCAL, nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("in_person", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_before_pause", sa.Text(), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attended_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("guest_count", sa.Integer(), server_default="0", nullable=False),
        *_edited(),
        _key(name, "group_id", "peer_group"),
        _key(name, "meeting_series_id", "meeting_series"),
        sa.CheckConstraint(
            "state IN ('planned', 'moved', 'skipped', 'cancelled')", name=op.f("ck_meeting_state")
        ),
    )
    op.create_index("ix_meeting_group", name, ["tenant_id", "group_id", "starts_at"])
    op.create_index("ix_meeting_series", name, ["tenant_id", "meeting_series_id", "starts_at"])
    changed = (
        "due_at, starts_at, starts_at_local, time_zone, minutes, in_person, state, state_before_pause,"
        " sequence, attended_count, guest_count, updated_at, version"
    )
    protect(name, grants=f"SELECT, INSERT, UPDATE ({changed})")
    _upkept(name)


def behind_the_group_wall() -> None:
    name = "meeting_link"
    _table(
        name,
        *_written(name),
        sa.Column("meeting_series_id", sa.Uuid(), nullable=True),
        sa.Column("meeting_id", sa.Uuid(), nullable=True),
        sa.Column("encrypted_join_link", sa.LargeBinary(), nullable=True),
        sa.Column("encrypted_place", sa.LargeBinary(), nullable=True),
        _key(name, "meeting_series_id", "meeting_series"),
        _key(name, "meeting_id", "meeting"),
        sa.CheckConstraint(
            "meeting_series_id IS NULL OR meeting_id IS NULL", name=op.f("ck_meeting_link_of_one")
        ),
    )
    for index, column in (("group", "group_id"), ("series", "meeting_series_id"), ("meeting", "meeting_id")):
        op.create_index(f"ix_meeting_link_{index}", name, ["tenant_id", column, "id"])
    op.create_index("ix_meeting_link_author", name, ["tenant_id", "author_id"])
    kept = "tenant_id, id, group_id, author_id, meeting_series_id, meeting_id, encrypted_join_link, encrypted_place"
    # No words: whoever comes into the group finds the way, too.
    protect_acts(
        name,
        grants=f"SELECT, INSERT ({kept}), UPDATE (encrypted_join_link, encrypted_place), DELETE",
        shared=True,
    )

    name = "meeting_attendance"
    _table(
        name,
        *_written(name),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("attended", sa.Boolean(), nullable=False),
        _key(name, "meeting_id", "meeting"),
        sa.UniqueConstraint(
            "tenant_id",
            "meeting_id",
            "author_id",
            name=op.f("uq_meeting_attendance_tenant_id_meeting_id_author_id"),
        ),
    )
    op.create_index("ix_meeting_attendance_group", name, ["tenant_id", "group_id", "id"])
    op.create_index("ix_meeting_attendance_author", name, ["tenant_id", "author_id"])
    kept = "tenant_id, id, group_id, author_id, meeting_id, attended"
    protect_private(name, grants=f"SELECT, INSERT ({kept}), UPDATE (attended), DELETE")


def feeds() -> None:
    name = "calendar_feed"
    _table(
        name,
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("rotated_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        _key(name, "group_id", "peer_group"),
        _key(name, "membership_id", "membership"),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_calendar_feed_tenant_id_hash")),
    )
    op.create_index("ix_calendar_feed_membership", name, ["tenant_id", "membership_id", "id"])
    # Whose it is, and whether it opens what is open to herself, is said once.
    protect(name, grants="SELECT, INSERT, UPDATE (hash, rotated_at), DELETE")


def invitations() -> None:
    name = "meeting_invitee"
    _table(
        name,
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        _key(name, "group_id", "peer_group"),
        _key(name, "membership_id", "membership"),
        sa.UniqueConstraint(
            "tenant_id",
            "group_id",
            "membership_id",
            name=op.f("uq_meeting_invitee_tenant_id_group_id_membership_id"),
        ),
    )
    op.create_index("ix_meeting_invitee_membership", name, ["tenant_id", "membership_id"])
    protect(name, grants="SELECT, INSERT, DELETE")
    members_write(name)
    reach(name, GROUP_SEEN)

    name = "meeting_invitation"
    _table(
        name,
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("meeting_invitee_id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("told_sequence", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        _key(name, "group_id", "peer_group"),
        _key(name, "meeting_invitee_id", "meeting_invitee", on_delete="CASCADE"),
        _key(name, "meeting_id", "meeting"),
        sa.UniqueConstraint(
            "tenant_id",
            "meeting_id",
            "meeting_invitee_id",
            name=op.f("uq_meeting_invitation_tenant_id_meeting_id_meeting_invitee_id"),
        ),
    )
    op.create_index("ix_meeting_invitation_group", name, ["tenant_id", "group_id", "id"])
    op.create_index("ix_meeting_invitation_invitee", name, ["tenant_id", "meeting_invitee_id"])
    protect(name, grants="SELECT, INSERT, UPDATE (told_sequence)")
    _upkept(name)
