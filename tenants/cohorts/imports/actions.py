"""An import from its announcement to its end, as callers move it; the jobs are in their own modules."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from tenants.cohorts.imports.queries import imports
from tenants.cohorts.imports.reversal import check_reversible
from tenants.cohorts.imports.staging import COHORT_IN_REACH
from tenants.cohorts.models import ROW_OUTCOMES, Attribute, Cohort, Import
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.rows import one, row_held, row_of
from tenants.kernel.session import Session
from tenants.kernel.streams import Stored

MAPPED = {
    "roster": {"name", "email", "identifiers", "attributes", "declined"},
    "products": {"kind", "title", "date", "doi", "pmid", "project_number", "visibility", "role"},
    "career_events": {
        "kind",
        "code",
        "date",
        "until",
        "sample",
        "before_first_k",
        "project_number",
        "visibility",
    },
    "separations": {"apart_from", "list"},
}
"""What a file of each kind may say besides the external id."""
_SEEN_OF_REACH = text(
    f"SELECT CAST(ARRAY(SELECT c.id FROM cohort c WHERE {COHORT_IN_REACH}) AS text)"  # noqa: S608 - a constant is put in
)


def create_import(
    session: Session, *, cohort_id: UUID, kind: str, mapping: dict[str, Any], **how: Any
) -> Import:
    """Announce a file. Raises NotFound for the cohort, Invalid for a mapping that does not fit."""
    cohort = row_of(session, Cohort, cohort_id)
    broken = [
        FieldError(f"/mapping/{name}", "not_for_this_kind", f"An import of kind {kind} has no {name}.")
        for name in mapping
        if name not in MAPPED[kind] | {"external_id"}
    ]
    broken += _unknown_attributes(session, cohort, mapping.get("attributes", {}))
    broken += _wanting(kind, mapping, how.get("mode"))
    if broken:
        raise Invalid(*broken)
    made = Import(
        cohort_id=cohort_id,
        kind=kind,
        mapping=mapping,
        counts=dict.fromkeys(ROW_OUTCOMES, 0),
        reach=session.reach,
        **how,
    )
    session.add(made)
    session.flush()
    events.record(session, "import.created", subject=made)
    return made


def _wanting(kind: str, mapping: dict[str, Any], mode: str | None) -> list[FieldError]:
    """What a file of this kind needs, or cannot do, beyond the names in its mapping."""
    if kind == "roster":
        return []
    if kind == "separations":
        said = "Name the column apart_from, the column list, or both."
        return [] if MAPPED[kind] & mapping.keys() else [FieldError("/mapping/apart_from", "required", said)]
    broken = []
    if mode == "replace":
        broken.append(FieldError("/mode", "not_for_this_kind", "No file replaces outcomes: skip or update."))
    if "kind" not in mapping:
        broken.append(FieldError("/mapping/kind", "required", "Name the column that holds the kind."))
    return broken


def _unknown_attributes(session: Session, cohort: Cohort, mapped: dict[str, str]) -> list[FieldError]:
    known = set(session.scalars(select(Attribute.key).where(Attribute.program_id == cohort.program_id)))
    return [
        FieldError(
            f"/mapping/attributes/{key}", "unknown_attribute", "The program has no attribute of this key."
        )
        for key in mapped
        if key not in known
    ]


def expect_file(session: Session, *, import_id: UUID) -> Import:
    """An import that waits for its file. Raises NotFound, Conflict "not_awaiting_file"."""
    found = row_held(session, Import, import_id)
    if found.state != "awaiting_file":
        raise Conflict("This import has its file already; make a new import.", code="not_awaiting_file")
    return found


def receive_file(session: Session, *, import_id: UUID, file_id: UUID, stored: Stored) -> Import:
    """Hand over the file that has arrived, and enqueue its job."""
    found = expect_file(session, import_id=import_id)
    found.file_id, found.file_bytes, found.file_sha256 = file_id, stored.size, stored.sha256
    _narrow(session, found)
    events.record(session, "import.file_received", subject=found)
    return _work(session, found, state="checking")


def confirm_import(session: Session, *, import_id: UUID) -> Import:
    """Agree to as many withdrawals as the import shows, and apply it. Raises Conflict "nothing_to_confirm"."""
    found = row_held(session, Import, import_id)
    if found.state != "needs_confirmation":
        raise Conflict("This import does not wait for a confirmation.", code="nothing_to_confirm")
    found.confirmed_at, found.confirmed_withdrawals = now(), found.counts["withdrawn"]
    _narrow(session, found)
    events.record(session, "import.confirmed", subject=found, counts=found.counts)
    return _work(session, found, state="running")


def cancel_import(session: Session, *, import_id: UUID) -> Import:
    """Stop an import before it is applied. Raises Conflict "import_ended"."""
    found = row_held(session, Import, import_id)
    if found.state in ("awaiting_file", "needs_confirmation"):
        found.state = "cancelled"
        events.record(session, "import.cancelled", subject=found)
        return found
    shown = one(session, imports().where(Import.id == import_id), "import")
    if shown.state not in ("checking", "running"):
        raise Conflict(f"This import has already ended: it is {shown.state}.", code="import_ended")
    jobs.cancel(session, job_id=shown.job_id)
    return found


def reverse_import(session: Session, *, import_id: UUID) -> Import:
    """Enqueue undoing an import. Raises Conflict with the reason where it cannot be undone."""
    found = row_held(session, Import, import_id)
    if one(session, imports().where(Import.id == import_id), "import").state == "running":
        raise Conflict("This import is being reversed already.", code="in_progress")
    check_reversible(session, found)
    found.reach = session.reach
    events.record(session, "import.reversal_ordered", subject=found)
    return _work(session, found, job_kind="import_reversal", state=found.state)


def _narrow(session: Session, found: Import) -> None:
    """Let an import reach no further than any of those who announce it, send its file and confirm it."""
    if found.reach is None:
        found.reach = session.reach
    elif session.limited and found.reach != session.reach:
        # Of the cohorts that it reached, a limited session sees those that it reaches itself.
        found.reach = {"programs": "{}", "cohorts": session.scalar(_SEEN_OF_REACH, found.reach)}


def _work(session: Session, found: Import, *, state: str, job_kind: str = "import") -> Import:
    job = jobs.enqueue(session, job_kind, subject_id=found.id)
    session.flush()
    found.state, found.job_id = state, job.id
    return found
