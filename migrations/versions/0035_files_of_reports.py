"""Files of reports rest where all files do, in five formats.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration does not reach the file store. What was built before is ordered anew.
    op.execute("TRUNCATE report_file")
    op.drop_column("report_file", "content")
    op.add_column("report_file", sa.Column("file_id", sa.Uuid(), nullable=False))
    op.add_column("report_file", sa.Column("size", sa.BigInteger(), nullable=False))
    op.create_foreign_key(
        op.f("fk_report_file_tenant_id_file_id"),
        "report_file",
        "kept_file",
        ["tenant_id", "file_id"],
        ["tenant_id", "id"],
    )
    op.create_index("ix_report_file_file", "report_file", ["tenant_id", "file_id"], unique=True)
    op.drop_constraint(op.f("ck_report_file_format"), "report_file")
    op.create_check_constraint(
        op.f("ck_report_file_format"), "report_file", "format IN ('json', 'csv', 'pdf', 'html', 'xlsx')"
    )
