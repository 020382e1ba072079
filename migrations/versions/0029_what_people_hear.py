"""That a meeting is off, a fourth kind of letter to turn off, what the other side of a partnership is told, and guests of
one meeting.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import TENANT, members_write, protect, reach

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    reminded()
    unsubscribing()
    addressees()
    guests()


def reminded() -> None:
    for column in ("reminded_at", "called_off_at"):
        op.add_column("meeting_reminder", sa.Column(column, MOMENT, nullable=True))
    op.execute("GRANT UPDATE (reminded_at, called_off_at) ON meeting_reminder TO peerloom_app")


def unsubscribing() -> None:
    name = "ck_unsubscribe_link_kind"
    op.drop_constraint(op.f(name), "unsubscribe_link", type_="check")
    op.create_check_constraint(
        op.f(name),
        "unsubscribe_link",
        "kind IN ('digest', 'meeting_reminders', 'action_reminders', 'announcements')",
    )


SENT = f"x.source_tenant_id = {TENANT} AND x.id = sent"
ADDRESSED = {
    "partner_invitation": "tenant_id, id, source_tenant_id",
    "partner_answer": "tenant_id, id, source_tenant_id, partner_invitation_id, answer",
    "partner_notice": "tenant_id, id, source_tenant_id, partner_invitation_id, nomination_id, kind",
    "guest_offer": "tenant_id, id, source_tenant_id",
}
"""The tables of what passes between tenants, and what of them the door reads."""
MAKES = (
    "CREATE POLICY door_tells ON event FOR INSERT TO peerloom_door"
    " WITH CHECK (audience = 'tenant' AND actor IS NULL AND sequence IS NULL)"
)
TOLD = "tenant_id, id, type, audience, subject_type, subject_id, changed, counts"


def addressees() -> None:
    # One event for each row that was sent, which has the row's id: said again it is the same one. It holds ids only.
    door(
        "tell_addressee(sent uuid) RETURNS void LANGUAGE sql VOLATILE",
        grants=(
            *(
                f"GRANT SELECT ({columns}) ON {table} TO peerloom_door"
                for table, columns in ADDRESSED.items()
            ),
            f"GRANT INSERT ({TOLD}) ON event TO peerloom_door",
        ),
        policies=(
            *(
                f"CREATE POLICY door_sees ON {table} FOR SELECT TO peerloom_door"
                f" USING (source_tenant_id = {TENANT})"
                for table in ADDRESSED
            ),
            MAKES,
        ),
        body=f"INSERT INTO public.event ({TOLD})"
        " SELECT s.tenant_id, sent, s.type, 'tenant', s.about, s.about_id, s.changed, '{}' FROM ("
        " SELECT x.tenant_id, 'partner_invitation.received' AS type, 'partner_invitation' AS about, x.id AS about_id,"
        "        CAST('{}' AS text[]) AS changed"
        f"  FROM public.partner_invitation x WHERE {SENT}"
        " UNION ALL SELECT x.tenant_id, CASE x.answer WHEN 'ended' THEN 'partner_invitation.ended'"
        "        ELSE 'partner_invitation.answered' END, 'partner_invitation', x.partner_invitation_id, ARRAY[x.answer]"
        f"  FROM public.partner_answer x WHERE {SENT}"
        " UNION ALL SELECT x.tenant_id, CASE x.kind WHEN 'ended' THEN 'partner_invitation.ended'"
        "        ELSE 'nomination.takes_part' END,"
        "        CASE x.kind WHEN 'ended' THEN 'partner_invitation' ELSE 'nomination' END,"
        "        coalesce(x.nomination_id, x.partner_invitation_id), '{}'"
        f"  FROM public.partner_notice x WHERE {SENT}"
        " UNION ALL SELECT x.tenant_id, 'guest.offered', 'guest', x.id, '{}'"
        f"  FROM public.guest_offer x WHERE {SENT}) s"
        " ON CONFLICT DO NOTHING",
    )


def guests() -> None:
    name = "meeting_guest"
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("encrypted_email", sa.LargeBinary(), nullable=False),
        sa.Column("told_sequence", sa.Integer(), nullable=True),
        sa.Column("taken_off_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", column],
                [f"{target}.tenant_id", f"{target}.id"],
                name=op.f(f"fk_{name}_tenant_id_{column}"),
                ondelete=gone,
            )
            for column, target, gone in (
                ("group_id", "peer_group", None),
                ("meeting_id", "meeting", "CASCADE"),
            )
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )
    op.create_index("ix_meeting_guest_group", name, ["tenant_id", "group_id", "id"])
    op.create_index("ix_meeting_guest_meeting", name, ["tenant_id", "meeting_id", "id"])
    protect(name, grants="SELECT, INSERT, UPDATE (told_sequence, taken_off_at), DELETE")
    # As of meetings themselves: members, and the job that looks after their group's meetings, while it runs.
    members_write(
        name,
        also="EXISTS (SELECT FROM job j WHERE j.kind = 'meetings' AND j.state = 'running'"
        f" AND j.subject_id = {name}.group_id)",
    )
    reach(name, "group_id IN (SELECT above.id FROM peer_group above)")
