"""Products with states, roles and groups that are shown them; career events of one's own.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import MEMBERSHIP, PERSON, TENANT, protect, protect_acts, reach

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
HERSELF = (
    f"(SELECT m.id FROM membership m WHERE m.tenant_id = {TENANT} AND m.id = {MEMBERSHIP}"
    f" AND m.person_id = {PERSON})"
)
STATES = (
    "'in_preparation', 'submitted', 'in_revision', 'accepted', 'published', 'rejected', 'withdrawn', 'resubmitted',"
    " 'awarded', 'not_awarded'"
)
RELATIONS = "'lead', 'author', 'investigator', 'speaker', 'reviewer', 'adviser', 'nominator', 'nominee'"


def upgrade() -> None:
    states()
    contributors()
    groups()
    kept_products()
    career_events()


def _key(table: str, column: str, to: str, on_delete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_tenant_id_{column}")
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{to}.tenant_id", f"{to}.id"], name=name, ondelete=on_delete
    )


def states() -> None:
    op.add_column("product", sa.Column("state", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_product_state"), "product", f"state IN ({STATES})")
    for column in ("doi", "pmid"):
        op.create_index(f"ix_product_{column}", "product", ["tenant_id", column])
    name = "product_state"
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_product_state_state")),
        _key(name, "product_id", "product", "CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )
    op.create_index("ix_product_state_product", name, ["tenant_id", "product_id"])
    protect(name, grants="SELECT, INSERT")
    of_product = "product_id IN (SELECT p.id FROM product p)"
    reach(name, of_product)
    # As the product itself is kept, beyond any role's reach.
    op.execute(
        f"CREATE POLICY of_product ON {name} AS RESTRICTIVE TO peerloom_app"
        f" USING ({of_product}) WITH CHECK ({of_product})"
    )
    # A proposal is in the state that its kind says; under FORCE the owner, who migrates, would find none.
    for table in ("product", name):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE product SET state = substr(kind, 10) WHERE kind IN ('proposal_submitted', 'proposal_awarded')"
    )
    op.execute(
        "INSERT INTO product_state (tenant_id, id, product_id, state, date)"
        " SELECT tenant_id, uuidv7(), id, state, date FROM product WHERE state IS NOT NULL"
    )
    for table in ("product", name):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def contributors() -> None:
    name = "product_contributor"
    op.add_column(name, sa.Column("role", sa.Text(), server_default="formal", nullable=False))
    op.add_column(name, sa.Column("relation", sa.Text(), nullable=True))
    op.add_column(
        name, sa.Column("by_herself", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_check_constraint(op.f(f"ck_{name}_role"), name, "role IN ('formal', 'informal')")
    op.create_check_constraint(op.f(f"ck_{name}_relation"), name, f"relation IN ({RELATIONS})")


def groups() -> None:
    """Which groups a member shows what she is behind."""
    name = "group_product"
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        _key(name, "group_id", "peer_group"),
        _key(name, "author_id", "membership"),
        _key(name, "product_id", "product", "CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint(
            "tenant_id",
            "group_id",
            "product_id",
            "author_id",
            name=op.f(f"uq_{name}_tenant_id_group_id_product_id_author_id"),
        ),
    )
    op.create_index("ix_group_product_author", name, ["tenant_id", "author_id"])
    op.create_index("ix_group_product_product", name, ["tenant_id", "product_id"])
    protect_acts(name, grants="SELECT, INSERT (tenant_id, id, group_id, author_id, product_id), DELETE")


def kept_products() -> None:
    """What a member keeps is hers to write, signed in as herself; beside her those read it whom she shows it to."""
    kept = "author_id IS NULL OR visibility NOT IN ('me', 'group')"
    hers = f"{kept} OR author_id = {HERSELF}"
    shown = (
        "visibility = 'group' AND EXISTS (SELECT FROM group_product s"
        " JOIN group_member gm ON gm.tenant_id = s.tenant_id AND gm.group_id = s.group_id"
        " AND gm.membership_id = s.author_id AND gm.left_at IS NULL"
        " WHERE s.tenant_id = product.tenant_id AND s.product_id = product.id AND s.author_id = product.author_id)"
    )
    op.execute("DROP POLICY own_products ON product")
    for command, clauses in (
        ("SELECT", f"USING ({hers} OR {shown})"),
        ("INSERT", f"WITH CHECK ({hers})"),
        ("UPDATE", f"USING ({hers}) WITH CHECK ({hers})"),
        ("DELETE", f"USING ({hers})"),
    ):
        op.execute(
            f"CREATE POLICY own_products_{command.lower()} ON product AS RESTRICTIVE FOR {command}"
            f" TO peerloom_app {clauses}"
        )


def career_events() -> None:
    """What she records of her own career and keeps is hers alone, as a product is."""
    name = "career_event"
    op.add_column(name, sa.Column("author_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f(f"fk_{name}_tenant_id_author_id"),
        name,
        "membership",
        ["tenant_id", "author_id"],
        ["tenant_id", "id"],
    )
    op.create_index("ix_career_event_author", name, ["tenant_id", "author_id"])
    hers = f"author_id IS NULL OR visibility NOT IN ('me', 'group') OR author_id = {HERSELF}"
    op.execute(
        f"CREATE POLICY own_career_events ON {name} AS RESTRICTIVE TO peerloom_app"
        f" USING ({hers}) WITH CHECK ({hers})"
    )
