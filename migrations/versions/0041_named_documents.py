"""Documents that name people, with their own consent; what is signed and answered once.

Revision ID: 0041
Revises: 0040
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import MEMBERSHIP, protect, reach

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

OF_PROGRAM = "program_id IN (SELECT g.id FROM program g)"
MOMENT = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())
PURPOSES = "'matching', 'contact', 'outcomes', 'demographics', 'named_documents', 'funder_sharing'"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_consent_entry_purpose"), "consent_entry")
    op.create_check_constraint(op.f("ck_consent_entry_purpose"), "consent_entry", f"purpose IN ({PURPOSES})")
    documents()
    files()
    people()
    once()


def table(
    name: str, *columns: sa.Column[Any], refers: dict[str, str], gone: tuple[str, ...] = (),
    more: tuple[Any, ...] = (), created: bool = True,
) -> None:  # fmt: skip
    """A table of a tenant. `refers`: to which table a column refers; `gone`: with which of them a row goes."""
    written = [sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False)]
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *columns,
        *(written if created else ()),
        *more,
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", column],
                [f"{target}.tenant_id", f"{target}.id"],
                name=op.f(f"fk_{name}_tenant_id_{column}"),
                ondelete="CASCADE" if column in gone else None,
            )
            for column, target in refers.items()
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )


def documents() -> None:
    name = "named_document"
    table(
        name,
        sa.Column("cohort_id", sa.Uuid(), nullable=True),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("formats", TEXTS, nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("named_ids", postgresql.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("built_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        refers={"cohort_id": "cohort", "program_id": "program", "job_id": "job"},
        more=(sa.CheckConstraint("kind IN ('table_8b', 'rppr')", name=op.f("ck_named_document_kind")),),
    )
    protect(name, grants="SELECT, INSERT, UPDATE (people, named_ids, built_at, expires_at)")
    reach(name, OF_PROGRAM)


def files() -> None:
    name = "named_document_file"
    table(
        name,
        sa.Column("named_document_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        refers={"named_document_id": "named_document", "file_id": "kept_file"},
        more=(
            sa.CheckConstraint(
                "format IN ('json', 'csv', 'pdf', 'html', 'xlsx')", name=op.f(f"ck_{name}_format")
            ),
            sa.UniqueConstraint(
                "tenant_id", "named_document_id", "format",
                name=op.f(f"uq_{name}_tenant_id_named_document_id_format"),
            ),
        ),
    )  # fmt: skip
    op.create_index(f"ix_{name}_file", name, ["tenant_id", "file_id"], unique=True)
    protect(name, grants="SELECT, INSERT, DELETE")
    reach(name, "named_document_id IN (SELECT above.id FROM named_document above)")


def people() -> None:
    """As those of reports (`counted_person`): each reads her own row alone, and it is never changed."""
    name = "named_person"
    table(
        name,
        sa.Column("named_document_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        refers={"named_document_id": "named_document", "membership_id": "membership"},
        gone=("membership_id",),
        created=False,
    )
    op.create_index("ix_named_person_membership", name, ["tenant_id", "membership_id", "id"])
    op.create_index("ix_named_person_document", name, ["tenant_id", "named_document_id"])
    protect(name, grants="SELECT, INSERT")
    op.execute(
        f"CREATE POLICY own_reads ON {name} AS RESTRICTIVE FOR SELECT TO peerloom_app"
        f" USING (membership_id = {MEMBERSHIP})"
    )


def once() -> None:
    """Each side signs, declines and ends once; a release is answered once."""
    op.create_unique_constraint(
        op.f("uq_sharing_signature_decision"),
        "sharing_signature",
        ["tenant_id", "source_tenant_id", "agreement_id", "decision"],
    )
    op.create_unique_constraint(
        op.f("uq_release_answer_release"), "release_answer", ["tenant_id", "source_tenant_id", "release_id"]
    )
