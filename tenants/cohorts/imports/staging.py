"""What every kind of import shares: the rows of a file in a temporary table, their outcomes in `import_row`.

First, with no transaction open, the file is read into a spool by the kind's parser. Then one transaction
copies the spool into the temporary table `staged`, lets the kind apply it, and writes down what became of
each row. A kind of import is a `Plan`; `run` is the job.

`staged` has, besides the columns of the plan: line, external_id, "column", code, message (of a failed row),
outcome, subject_id, subject_version and before (as in `import_row`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text

from tenants.cohorts.models import ROW_OUTCOMES, Import
from tenants.cohorts.tabular import BadRow, UnreadableFile, open_table
from tenants.kernel import events
from tenants.kernel.claims import Cancelled, Claim, JobFailed
from tenants.kernel.clock import now
from tenants.kernel.files import FileStore
from tenants.kernel.session import Session, expect_many_rows
from tenants.kernel.streams import CHUNK

COHORT_IN_REACH = "(c.id = ANY (CAST(:cohorts AS uuid[])) OR c.program_id = ANY (CAST(:programs AS uuid[])))"
CHECKED = 0.5
"""The progress at which a file has been read and its application begins."""


class Moved(Exception):
    """What the rows were parsed against has changed since: parse them again."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be used: the faulty column (None: the whole row), a stable code and a sentence."""

    column: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A parsed row: whom it is about, a value for each column of the plan, and what is wrong with it.

    Values are str, int, bool, None, or dict and list, which become JSON. A row with faults is reported and
    left out; its values are not looked at.
    """

    external_id: str | None
    values: tuple[Any, ...] = ()
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How one kind of import reads its file and applies it."""

    wanted: Sequence[str]
    """The columns of the file; the parser gets their cells (stripped text) in this order."""
    parse: Callable[[Sequence[str]], Staged]
    columns: Mapping[str, str]
    """The plan's own columns of `staged` with their PostgreSQL types, in the order of `Staged.values`."""
    apply: Callable[[Session, Import], bool]
    """Sets the outcome of every row of `staged` that has none yet, with subject_id, subject_version and
    before where something changes, and makes the changes unless `dry_run`. Returns False where somebody must
    confirm first; then nothing may have been changed. May raise `Moved`.
    """


def run(claim: Claim, plan: Callable[[Session, Import], Plan]) -> None:
    """The job of an import: reads the file as `plan(session, import)` says, and applies it.

    Ends in state succeeded, needs_confirmation, or, for a file that cannot be read, failed with its error.
    """
    files = FileStore.of(claim.settings)
    while True:
        with claim.session() as session:
            found = session.get_one(Import, (claim.tenant_id, claim.subject_id))
            planned = plan(session, found)
        if found.file_id is None:
            raise JobFailed("file_missing", "This import has no file; make a new import.")
        try:
            with files.scratch() as folder:
                source, spool = folder / "source", folder / "spool"
                files.fetch(claim.tenant_id, found.file_id, source)
                _spool(claim, planned, source, spool, found.file_bytes)
                claim.progress(CHECKED)
                done = _effect(claim, planned, spool)
            break
        except Moved:
            continue
        except FileNotFoundError:
            raise JobFailed("file_missing", "The file of this import is gone; make a new import.") from None
        except UnreadableFile as refused:
            _refuse(claim, refused)
            done = True
            break
        except Cancelled:
            files.delete(claim.tenant_id, found.file_id)
            raise
    if done:
        files.delete(claim.tenant_id, found.file_id)


def reach_of(found: Import) -> dict[str, Any]:
    """The parameters of `in_reach`: whether an import is `limited`, and to which `programs` and `cohorts`."""
    return {"limited": found.reach is not None, **(found.reach or {"programs": "{}", "cohorts": "{}"})}


def in_reach(membership_id: str) -> str:
    """SQL: whether somebody takes part where a limited import reaches."""
    return f"""EXISTS (SELECT FROM participant q JOIN cohort c ON c.tenant_id = q.tenant_id AND c.id = q.cohort_id
                  WHERE q.tenant_id = :tenant AND q.membership_id = {membership_id} AND {COHORT_IN_REACH})"""


def wait_for_turn(session: Session) -> None:
    """Imports and reversals of one tenant write one after another, so that they cannot wait in a circle."""
    turn = text("SELECT pg_advisory_xact_lock(hashtextextended('import' || :tenant, 0))")
    session.execute(turn, {"tenant": str(session.tenant_id)})


def _spool(claim: Claim, plan: Plan, source: Path, spool: Path, size: int | None) -> None:
    """Parse every row of `source` into `spool`, in the text format of COPY."""
    width, read = len(plan.columns), 0
    with (
        open_table(source, wanted=plan.wanted) as table,
        spool.open("w", encoding="utf-8", newline="") as out,
    ):
        places = [table.columns[name] for name in plan.wanted]
        for number, row in enumerate(table):
            if isinstance(row, BadRow):
                staged = Staged(None, faults=(Fault(row.column, row.code, row.message),))
            else:
                staged = plan.parse([row.cells[place] for place in places])
                read += sum(map(len, row.cells)) + len(row.cells)
            out.write(_copy_line(row.line, staged, width))
            if number % 1000 == 0:
                claim.progress(CHECKED * min(1.0, read / (size or 1)))


def _copy_line(line: int, staged: Staged, width: int) -> str:
    fault: tuple[Any, ...] = (None, None, None)
    values = staged.values
    if staged.faults:
        first = staged.faults[0]
        fault = (first.column, first.code, " ".join(each.message for each in staged.faults))
        values = (None,) * width
    return "\t".join(map(_copy_value, (line, staged.external_id, *fault, *values))) + "\n"


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_value(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, dict | list):
        value = orjson.dumps(value).decode()
    return str(value).translate(_ESCAPES)


def _effect(claim: Claim, plan: Plan, spool: Path) -> bool:
    """Apply the spool in one transaction; whether the import has ended."""
    with claim.effect() as session:
        expect_many_rows(session)
        wait_for_turn(session)
        found = session.get_one(Import, (claim.tenant_id, claim.subject_id), with_for_update=True)
        _stage(session, plan.columns, spool)
        applied = plan.apply(session, found)
        found.counts = _record_rows(session, found)
        found.state = "succeeded" if applied else "needs_confirmation"
        if applied and not found.dry_run:
            found.applied_at = now()
        what = "needs_confirmation" if not applied else "checked" if found.dry_run else "applied"
        events.record(session, f"import.{what}", subject=found, counts=found.counts)
    return applied


def _refuse(claim: Claim, refused: UnreadableFile) -> None:
    with claim.effect(failure=JobFailed(refused.code, refused.message)) as session:
        found = session.get_one(Import, (claim.tenant_id, claim.subject_id), with_for_update=True)
        found.state = "failed"
        found.error = {"code": refused.code, "message": refused.message, "line": refused.line}
        events.record(session, "import.failed", subject=found)


_FORGET_ROWS = text("DELETE FROM import_row WHERE tenant_id = :tenant AND import_id = :import")
_RECORD_ROWS = text(
    'INSERT INTO import_row (tenant_id, id, import_id, line, outcome, "column", code, message, external_id,'
    "                        subject_id, subject_version, before)"
    ' SELECT :tenant, uuidv7(), :import, line, outcome, "column", code, message, external_id,'
    "        subject_id, subject_version, before"
    "   FROM staged ORDER BY line NULLS LAST, external_id"
)
_COUNTS = text("SELECT outcome, count(*) AS n FROM staged GROUP BY outcome")


def _stage(session: Session, columns: Mapping[str, str], spool: Path) -> None:
    own = "".join(f", {name} {kind}" for name, kind in columns.items())
    cursor = session.connection().connection.cursor()
    cursor.execute(
        f'CREATE TEMP TABLE staged (line integer, external_id text, "column" text, code text, message text{own},'
        " outcome text, subject_id uuid, subject_version integer, before jsonb) ON COMMIT DROP"
    )
    names = ", ".join(('line, external_id, "column", code, message', *columns))
    with cursor.copy(f"COPY staged ({names}) FROM STDIN") as copy, spool.open("rb") as lines:
        while chunk := lines.read(CHUNK):
            copy.write(chunk)
    cursor.execute("UPDATE staged SET outcome = 'failed' WHERE code IS NOT NULL")
    cursor.execute("ANALYZE staged")


def _record_rows(session: Session, found: Import) -> dict[str, int]:
    """Write the outcomes of this attempt, in the order of the file, in place of an earlier one's."""
    known = {"tenant": found.tenant_id, "import": found.id}
    session.execute(_FORGET_ROWS, known)
    session.execute(_RECORD_ROWS, known)
    return dict.fromkeys(ROW_OUTCOMES, 0) | {row.outcome: row.n for row in session.execute(_COUNTS)}
