"""Sharing agreements, releases, what arrives of them at the addressee, and whose data was in them.

Revision ID: 0039
Revises: 0038
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import MEMBERSHIP, TENANT, protect, protect_addressed, reach

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

OF_PROGRAM = "program_id IN (SELECT g.id FROM program g)"
MOMENT = sa.DateTime(timezone=True)
WORDS = postgresql.ARRAY(sa.Text())
JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    for column in (
        sa.Column("metrics", WORDS, nullable=True),
        sa.Column("frozen", sa.Text(), nullable=True),
        sa.Column("counted_at", MOMENT, nullable=True),
        sa.Column("disclosed_at", MOMENT, nullable=True),
    ):
        op.add_column("report", column)
    agreements()
    releases()
    received()
    counted()
    telling()


def table(
    name: str, *columns: sa.Column[Any], refers: dict[str, str] | None = None, gone: str | None = None,
    more: tuple[Any, ...] = (), created: bool = True,
) -> None:  # fmt: skip
    """A table of a tenant. `refers`: to which table a column refers."""
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
                ondelete=gone,
            )
            for column, target in (refers or {}).items()
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )


def ids(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Uuid(), nullable=nullable) for name in names]


def texts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def days(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=True) for name in names]


def agreements() -> None:
    table(
        "sharing_offer",
        *ids("source_tenant_id"),
        *texts("offered_by", "from_name", "to_name", "funder"),
        *(sa.Column(name, WORDS, nullable=False) for name in ("awards", "institutes")),
        *texts("program", nullable=True),
        sa.Column("metrics", WORDS, nullable=False),
        *texts("schedule"),
        *days("first_due_on", "ends_on"),
        *texts("message", nullable=True),
        more=(
            sa.CheckConstraint(
                "offered_by IN ('funder', 'institution')", name=op.f("ck_sharing_offer_offered_by")
            ),
            sa.CheckConstraint(
                "schedule IN ('none', 'quarterly', 'yearly')", name=op.f("ck_sharing_offer_schedule")
            ),
        ),
    )
    op.create_index("ix_sharing_offer_source", "sharing_offer", ["source_tenant_id", "id"])
    table(
        "sharing_signature",
        *ids("source_tenant_id", "agreement_id"),
        *texts("decision"),
        *texts("signed_by", nullable=True),
        *days("ends_on"),
        more=(
            sa.CheckConstraint(
                "decision IN ('signed', 'declined', 'ended')", name=op.f("ck_sharing_signature_decision")
            ),
        ),
    )
    op.create_index(
        "ix_sharing_signature_agreement", "sharing_signature", ["tenant_id", "agreement_id", "id"]
    )
    op.create_index(
        "ix_sharing_signature_source", "sharing_signature", ["source_tenant_id", "agreement_id", "id"]
    )
    table(
        "sharing_plan",
        *ids("program_id"),
        *ids("job_id", nullable=True),
        *days("due_on"),
        refers={"program_id": "program", "job_id": "job"},
    )
    for name in ("sharing_offer", "sharing_signature"):
        protect_addressed(name)
        reach(name, "false")
    protect("sharing_plan", grants="SELECT, INSERT, UPDATE (due_on)")
    reach("sharing_plan", OF_PROGRAM)


def releases() -> None:
    table(
        "release",
        *ids("agreement_id", nullable=True),
        *texts("addressee_name", nullable=True),
        *ids("program_id"),
        *ids("cohort_id", nullable=True),
        *ids("report_id"),
        *ids("supersedes_id", nullable=True),
        *texts("state"),
        *days("due_on"),
        sa.Column("nil", sa.Boolean(), nullable=True),
        *(sa.Column(name, JSON, nullable=True) for name in ("coverage", "corrections")),
        *texts("drafted_by", "reviewed_by", "approved_by", nullable=True),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("reviewed_at", "approved_at", "sent_at")),
        refers={
            "program_id": "program", "cohort_id": "cohort", "report_id": "report", "supersedes_id": "release",
        },
        more=(
            sa.CheckConstraint(
                "state IN ('drafted', 'reviewed', 'approved', 'sent', 'superseded')",
                name=op.f("ck_release_state"),
            ),
            sa.UniqueConstraint("tenant_id", "report_id", name=op.f("uq_release_tenant_id_report_id")),
        ),
    )  # fmt: skip
    op.create_index("ix_release_agreement", "release", ["tenant_id", "agreement_id", "due_on"])
    changed = (
        "report_id, state, nil, coverage, corrections, drafted_by, reviewed_by, approved_by, reviewed_at,"
        " approved_at, sent_at"
    )
    protect("release", grants=f"SELECT, INSERT, UPDATE ({changed})")
    reach("release", OF_PROGRAM)


def received() -> None:
    table(
        "received_report",
        *ids("source_tenant_id", "agreement_id"),
        *texts("from_name", "title"),
        sa.Column("as_of", sa.Date(), nullable=False),
        *days("due_on"),
        *ids("supersedes_id", nullable=True),
        *texts("approved_by", nullable=True),
        sa.Column("nil", sa.Boolean(), nullable=False),
        *(sa.Column(name, JSON, nullable=False) for name in ("coverage", "corrections")),
        sa.Column("formats", WORDS, nullable=False),
    )
    op.create_index("ix_received_report_source", "received_report", ["source_tenant_id", "id"])
    table(
        "received_file",
        *ids("source_tenant_id", "received_report_id"),
        *texts("format"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        *texts("sha256"),
        more=(
            sa.CheckConstraint(
                "format IN ('json', 'csv', 'pdf', 'html', 'xlsx')", name=op.f("ck_received_file_format")
            ),
        ),
    )
    op.create_index("ix_received_file_report", "received_file", ["tenant_id", "received_report_id", "format"])
    op.create_index("ix_received_file_source", "received_file", ["source_tenant_id", "received_report_id"])
    table(
        "release_answer",
        *ids("source_tenant_id", "release_id"),
        *texts("answer"),
        *texts("comment", nullable=True),
        more=(
            sa.CheckConstraint("answer IN ('accepted', 'returned')", name=op.f("ck_release_answer_answer")),
        ),
    )
    op.create_index("ix_release_answer_release", "release_answer", ["tenant_id", "release_id", "id"])
    op.create_index("ix_release_answer_source", "release_answer", ["source_tenant_id", "release_id"])
    for name in ("received_report", "received_file", "release_answer"):
        protect_addressed(name)
        reach(name, "false")


def counted() -> None:
    name = "counted_person"
    table(
        name,
        *ids("report_id", "membership_id"),
        sa.Column("with_outcomes", sa.Boolean(), nullable=False),
        refers={"report_id": "report", "membership_id": "membership"},
        gone="CASCADE",
        created=False,
    )
    op.create_index(f"ix_{name}_membership", name, ["tenant_id", "membership_id", "id"])
    op.create_index(f"ix_{name}_report", name, ["tenant_id", "report_id"])
    protect(name, grants="SELECT, INSERT, DELETE")
    op.execute(
        f"CREATE POLICY own_reads ON {name} AS RESTRICTIVE FOR SELECT TO peerloom_app"
        f" USING (membership_id = {MEMBERSHIP})"
    )
    # Who deletes all of them, which asks for no right to read any, deletes those of what has not left in time.
    op.execute(
        f"CREATE POLICY never_released ON {name} AS RESTRICTIVE FOR DELETE TO peerloom_app"
        f" USING (EXISTS (SELECT FROM report r WHERE r.tenant_id = {TENANT} AND r.id = report_id"
        " AND r.disclosed_at IS NULL AND r.created_at < now() - interval '90 days'))"
    )


SENT = f"x.source_tenant_id = {TENANT} AND x.id = sent"
ADDRESSED = {
    "sharing_offer": "tenant_id, id, source_tenant_id",
    "sharing_signature": "tenant_id, id, source_tenant_id, agreement_id, decision",
    "received_report": "tenant_id, id, source_tenant_id",
    "release_answer": "tenant_id, id, source_tenant_id, release_id, answer",
}
"""The tables of what passes between tenants, and what of them the door reads."""
TOLD = "tenant_id, id, type, audience, subject_type, subject_id, changed, counts"


def telling() -> None:
    """As the door `tell_addressee`, of what is shared."""
    door(
        "tell_of_sharing(sent uuid) RETURNS void LANGUAGE sql VOLATILE",
        grants=tuple(f"GRANT SELECT ({of}) ON {each} TO peerloom_door" for each, of in ADDRESSED.items()),
        policies=tuple(
            f"CREATE POLICY door_sees ON {each} FOR SELECT TO peerloom_door USING (source_tenant_id = {TENANT})"
            for each in ADDRESSED
        ),
        body=f"INSERT INTO public.event ({TOLD})"
        " SELECT s.tenant_id, sent, s.type, 'tenant', s.about, s.about_id, '{}', '{}' FROM ("
        " SELECT x.tenant_id, 'sharing_agreement.received' AS type, 'sharing_agreement' AS about, x.id AS about_id"
        f"  FROM public.sharing_offer x WHERE {SENT}"
        " UNION ALL SELECT x.tenant_id, 'sharing_agreement.' || x.decision, 'sharing_agreement', x.agreement_id"
        f"  FROM public.sharing_signature x WHERE {SENT}"
        " UNION ALL SELECT x.tenant_id, 'received_report.received', 'received_report', x.id"
        f"  FROM public.received_report x WHERE {SENT}"
        " UNION ALL SELECT x.tenant_id, 'release.' || x.answer, 'release', x.release_id"
        f"  FROM public.release_answer x WHERE {SENT}) s"
        " ON CONFLICT DO NOTHING",
    )
