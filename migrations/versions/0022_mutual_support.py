"""How members of a group help one another; the board of opportunities; what groups let one another read.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import protect, protect_private, reach

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BY_WHOM = "tenant_id, id, group_id, author_id"


def upgrade() -> None:
    asks_and_acts()
    tips()
    others()
    walls()


def asks_and_acts() -> None:
    op.create_table(
        "ask",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("encrypted_title", sa.LargeBinary(), nullable=False),
        sa.Column("encrypted_text", sa.LargeBinary(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('ask', 'offer')", name=op.f("ck_ask_kind")),
        sa.CheckConstraint("state IN ('open', 'answered', 'closed')", name=op.f("ck_ask_state")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_ask_tenant_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_ask_tenant_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_ask")),
    )
    op.create_index("ix_ask_group", "ask", ["tenant_id", "group_id", "id"], unique=False)
    op.create_index("ix_ask_author", "ask", ["tenant_id", "author_id"], unique=False)
    op.create_table(
        "act",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("giver_id", sa.Uuid(), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("encrypted_note", sa.LargeBinary(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('review', 'advice', 'resource', 'introduction', 'nomination')", name=op.f("ck_act_kind")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_act_tenant_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_act_tenant_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "giver_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_act_tenant_id_giver_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "receiver_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_act_tenant_id_receiver_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_act")),
    )
    op.create_index("ix_act_group", "act", ["tenant_id", "group_id", "id"], unique=False)
    op.create_index("ix_act_giver", "act", ["tenant_id", "giver_id"], unique=False)
    op.create_index("ix_act_receiver", "act", ["tenant_id", "receiver_id"], unique=False)


def tips() -> None:
    op.create_table(
        "tip",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_as_of", sa.Date(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("encrypted_title", sa.LargeBinary(), nullable=False),
        sa.Column("encrypted_text", sa.LargeBinary(), nullable=True),
        sa.Column("encrypted_source", sa.LargeBinary(), nullable=True),
        sa.Column("encrypted_mentor", sa.LargeBinary(), nullable=True),
        sa.Column("encrypted_institute", sa.LargeBinary(), nullable=True),
        sa.Column("shared_id", sa.Uuid(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('own', 'second_hand')", name=op.f("ck_tip_kind")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_tip_tenant_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_tip_tenant_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tip")),
    )
    op.create_index("ix_tip_group", "tip", ["tenant_id", "group_id", "id"], unique=False)
    op.create_index("ix_tip_author", "tip", ["tenant_id", "author_id"], unique=False)
    op.create_table(
        "tip_flag",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("tip_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_tip_flag_tenant_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_tip_flag_tenant_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "tip_id"],
            ["tip.tenant_id", "tip.id"],
            name=op.f("fk_tip_flag_tenant_id_tip_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tip_flag")),
        sa.UniqueConstraint(
            "tenant_id", "tip_id", "author_id", name=op.f("uq_tip_flag_tenant_id_tip_id_author_id")
        ),
    )
    op.create_index("ix_tip_flag_author", "tip_flag", ["tenant_id", "author_id"], unique=False)


def others() -> None:
    op.create_table(
        "checklist",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("encrypted_title", sa.LargeBinary(), nullable=False),
        sa.Column("encrypted_items", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("template IN ('program_officer', 'mentor')", name=op.f("ck_checklist_template")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "author_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_checklist_tenant_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["peer_group.tenant_id", "peer_group.id"],
            name=op.f("fk_checklist_tenant_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_checklist")),
    )
    op.create_index("ix_checklist_group", "checklist", ["tenant_id", "group_id", "id"], unique=False)
    op.create_index("ix_checklist_author", "checklist", ["tenant_id", "author_id"], unique=False)
    op.create_table(
        "opportunity",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('supplement', 'call', 'award', 'other')", name=op.f("ck_opportunity_kind")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f("fk_opportunity_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_opportunity")),
    )
    op.create_index("ix_opportunity_program", "opportunity", ["tenant_id", "program_id"], unique=False)
    op.create_table(
        "digest_item",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("institute", sa.Text(), nullable=True),
        sa.Column("valid_as_of", sa.Date(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("shared_on", sa.Date(), server_default=sa.text("CURRENT_DATE"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"],
            ["cohort.tenant_id", "cohort.id"],
            name=op.f("fk_digest_item_tenant_id_cohort_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_digest_item")),
    )
    op.create_index("ix_digest_item_cohort", "digest_item", ["tenant_id", "cohort_id", "id"], unique=False)


def walls() -> None:
    said = "encrypted_title, encrypted_text"
    more = "encrypted_source, encrypted_mentor, encrypted_institute"
    tip = f"kind, valid_as_of, review_on, {said}, {more}, shared_id, version"
    items = "encrypted_title, encrypted_items, version"
    written = {
        "ask": (f"kind, state, {said}, version", f"kind, state, {said}, version"),
        "act": ("kind, giver_id, receiver_id, happened_on, encrypted_note", ""),
        "tip": (tip, f"{tip}, changed_at"),
        "tip_flag": ("tip_id", ""),
        "checklist": (f"template, {items}", items),
    }
    for table, (made, changed) in written.items():
        update = f", UPDATE ({changed})" if changed else ""
        protect_private(table, grants=f"SELECT, INSERT ({BY_WHOM}, {made}){update}, DELETE")
    op.execute(
        "CREATE POLICY one_of_the_two ON act AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (giver_id <> receiver_id AND author_id IN (giver_id, receiver_id))"
    )
    protect("opportunity")
    own = "program_id IN (SELECT g.id FROM program g)"
    reach("opportunity", f"(program_id IS NULL OR {own})", written=own)
    shared = "tenant_id, id, cohort_id, institute, valid_as_of, title, text, source"
    protect("digest_item", grants=f"SELECT, INSERT ({shared}), DELETE")
    reach("digest_item", "cohort_id IN (SELECT c.id FROM cohort c)")
