"""Imports and their rows, as lists show them. What a job decides is read from the job."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from psycopg import Cursor, sql
from sqlalchemy import Select, case, func, literal, not_, select
from sqlalchemy.dialects.postgresql import JSONB

from tenants.cohorts.imports.staging import CHECKED
from tenants.cohorts.models import Import, ImportRow
from tenants.kernel.jobs import Job
from tenants.kernel.session import Session

_AT_WORK = Import.state.in_(("checking", "running"))
_BEING_REVERSED = (Import.state == "succeeded") & Job.state.in_(("queued", "running"))
_BEING_APPLIED = (
    (Import.state == "checking") & not_(Import.dry_run) & (Job.state == "running") & (Job.progress >= CHECKED)
)
STATE = case(
    (_AT_WORK & Job.state.in_(("failed", "cancelled")), Job.state),
    (_BEING_REVERSED | _BEING_APPLIED, "running"),
    else_=Import.state,
)


def imports(cohort_id: UUID | None = None) -> Select[Any]:
    """Imports, or those of one cohort, each with its state, progress and error."""
    own = [
        column
        for column in Import.__table__.columns
        if column.name not in ("state", "error", "tenant_id", "updated_at", "version", "added_levels")
    ]
    of_job = (Job.tenant_id == Import.tenant_id) & (Job.id == Import.job_id)
    job_error = Job.error.op("||", return_type=JSONB())(literal({"line": None}, JSONB()))
    rows = select(
        *own,
        STATE.label("state"),
        func.coalesce(Job.progress, 0.0).label("progress"),
        func.coalesce(Import.error, job_error).label("error"),
    ).join_from(Import, Job, of_job, isouter=True)
    return rows if cohort_id is None else rows.where(Import.cohort_id == cohort_id)


def rows_of_import(import_id: UUID, outcome: str | None = None) -> Select[Any]:
    """What became of each row, in the order of the file; withdrawn participants come last."""
    rows = select(*(column for column in ImportRow.__table__.columns if column.name != "before")).where(
        ImportRow.import_id == import_id
    )
    return rows if outcome is None else rows.where(ImportRow.outcome == outcome)


_CSV_COLUMNS = ("external_id", "column", "code", "message")


def rows_as_csv(session: Session, *, import_id: UUID, outcome: str | None) -> Iterator[bytes]:
    """The same rows as CSV. A cell that a spreadsheet would compute is put behind an apostrophe."""
    shown = sql.SQL("CASE WHEN {0} ~ {1} THEN {2} || {0} ELSE {0} END AS {0}")
    harmless = sql.SQL(", ").join(
        shown.format(sql.Identifier(name), sql.Literal(r"^[=+@＝＋－＠\t\r\n-]"), sql.Literal("'"))
        for name in _CSV_COLUMNS
    )
    wanted = sql.SQL("import_id = {}").format(sql.Literal(import_id))
    if outcome is not None:
        wanted += sql.SQL(" AND outcome = {}").format(sql.Literal(outcome))
    statement = sql.SQL(
        "COPY (SELECT line, outcome, {} FROM import_row WHERE {} ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"
    )
    cursor: Cursor[Any] = session.connection().connection.cursor()  # type: ignore[assignment]
    with cursor.copy(statement.format(harmless, wanted)) as copy:
        yield from map(bytes, copy)
