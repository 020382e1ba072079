"""What public sources say of people, which organization a printed name means, and peers to invite.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.reference import protect_reference
from migrations.rls import MEMBERSHIP, PROGRAMS, protect, reach

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
OF_COHORT = "cohort_id IN (SELECT c.id FROM cohort c)"
PROGRAM_ITSELF = f"program_id = ANY ({PROGRAMS})"
OF_PARTICIPANT = "membership_id IN (SELECT p.membership_id FROM participant p)"
AT_WORK = (
    "EXISTS (SELECT FROM job j WHERE j.state = 'running'"
    " AND (j.id = candidate_search.job_id OR j.kind = 'public_data_expiry'))"
)


def upgrade() -> None:
    verifications()
    findings()
    pages()
    candidates()
    organizations()


def verifications() -> None:
    name = "verification"
    _table(
        name,
        _id("program_id"),
        _id("cohort_id", nullable=True),
        _id("membership_id", nullable=True),
        _id("job_id"),
        _texts("sources"),
        _numbers("fiscal_years"),
        _text("institution_attribute"),
        _id("after_id", nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=True),
        sa.Column("found", sa.Integer(), nullable=False),
        _texts("unavailable", server_default="{}"),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        *(_key(name, f"{each}_id", each) for each in ("cohort", "program", "membership", "job")),
    )
    op.create_index("ix_verification_membership", name, ["tenant_id", "membership_id"])
    protect(name, grants="SELECT, INSERT, UPDATE (after_id, asked, skipped, found, unavailable)")
    reach(name, f"({OF_COHORT} OR cohort_id IS NULL AND {PROGRAM_ITSELF})")


def findings() -> None:
    name = "finding"
    _table(
        name,
        _id("membership_id"),
        _text("natural_key"),
        _text("kind"),
        _text("product_kind"),
        _text("title", nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        *(_text(each, nullable=True) for each in ("doi", "pmid", "project_number", "code")),
        *(_text(each, nullable=True) for each in ("institution", "organization_id")),
        _texts("sources"),
        _text("matched_by"),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        _text("decided_by", nullable=True),
        _id("product_id", nullable=True),
        _id("career_event_id", nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        _key(name, "membership_id", "membership"),
        _key(name, "product_id", "product", "SET NULL (product_id)"),
        _key(name, "career_event_id", "career_event", "SET NULL (career_event_id)"),
        _one(name, "membership_id", "natural_key"),
        _check(name, "kind", "kind IN ('product', 'award')"),
        _check(
            name,
            "matched_by",
            "matched_by IN ('orcid', 'name_and_institution', 'initial_and_institution', 'name')",
        ),
        _check(name, "state", "state IN ('open', 'confirmed', 'rejected')"),
        _check(name, "decided_by", "decided_by IN ('person', 'institution')"),
        _check(name, "decided", "(state = 'open') = (decided_at IS NULL)"),
    )
    op.create_index("ix_finding_product", name, ["tenant_id", "product_id"])
    op.create_index("ix_finding_career_event", name, ["tenant_id", "career_event_id"])
    protect(name)
    reach(name, OF_PARTICIPANT)


def pages() -> None:
    name = "source_page"
    _table(
        name,
        _text("source"),
        _text("request_hash"),
        sa.Column("fetched_at", MOMENT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _one(name, "source", "request_hash"),
    )
    op.create_index("ix_source_page_fetched", name, ["tenant_id", "fetched_at"])
    protect(name, grants="SELECT, INSERT, UPDATE (fetched_at, body), DELETE")


def candidates() -> None:
    """What a member looks for is hers to see; the job sees it while it looks, and what has expired goes."""
    name = "candidate_search"
    _table(
        name,
        _id("author_id", nullable=True),
        _id("job_id"),
        _text("text"),
        _texts("activity_codes"),
        _texts("institutes"),
        _numbers("fiscal_years"),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("compared", sa.Integer(), nullable=True),
        sa.Column("candidates", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        _key(name, "author_id", "membership"),
        _key(name, "job_id", "job"),
    )
    op.create_index("ix_candidate_search_author", name, ["tenant_id", "author_id"])
    op.create_index("ix_candidate_search_expires", name, ["tenant_id", "expires_at"])
    protect(name, grants="SELECT, INSERT, UPDATE (compared, candidates), DELETE")
    hers = f"author_id IS NULL OR author_id = {MEMBERSHIP}"
    op.execute(
        f"CREATE POLICY own_searches ON {name} AS RESTRICTIVE TO peerloom_app"
        f" USING ({hers} OR {AT_WORK}) WITH CHECK ({hers} OR {AT_WORK})"
    )
    reach(name, f"author_id = {MEMBERSHIP}")


def organizations() -> None:
    name = "registered_organization"
    op.create_table(
        name,
        sa.Column("id", sa.Text(), nullable=False),
        _text("name"),
        *(_text(each, nullable=True) for each in ("city", "region", "country_code")),
        _texts("keys"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index("ix_registered_organization_keys", name, ["keys"], postgresql_using="gin")
    protect_reference(name)


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        _id("tenant_id"),
        _id("id"),
        *columns,
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _texts(name: str, server_default: str | None = None) -> sa.Column[object]:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), server_default=server_default, nullable=False)


def _numbers(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.ARRAY(sa.Integer()), nullable=False)


def _key(table: str, column: str, parent: str, on_delete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{parent}.tenant_id", f"{parent}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
        ondelete=on_delete,
    )


def _one(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f(f"uq_{table}_tenant_id_{'_'.join(columns)}"))


def _check(table: str, name: str, said: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(said, name=op.f(f"ck_{table}_{name}"))
