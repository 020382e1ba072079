"""Separations from files: pairs by `apart_from`, lists by the name of the list.

A file adds what is not there yet. With mode `replace` it also removes what earlier files brought and it does not
name; what admins said stays.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text

from tenants.cohorts.imports.reversal import undoing
from tenants.cohorts.imports.staging import Fault, Plan, Staged, run
from tenants.cohorts.models import Import
from tenants.cohorts.values import InvalidValue, ValueReader, short_text
from tenants.kernel.claims import Claim
from tenants.kernel.session import Session
from tenants.matching.separation_import_sql import (
    ANY_FAILED,
    NOTE_REMOVALS,
    PREPARE,
    REVERSE,
    WRITE,
)
from tenants.matching.separations import MOST_IN_A_LIST

_READERS: dict[str, Callable[[str], Any]] = {
    "external_id": short_text,
    "apart_from": ValueReader(key="", kind="reference", levels=(), is_open=False).from_cell,
    "list": short_text,
}


def apply(claim: Claim) -> None:
    """The job of an import of separations."""
    run(claim, _plan)


def reverse(claim: Claim) -> None:
    """The job that undoes such an import: removes what it brought, restores what it removed.

    Raises JobFailed where a later import was applied.
    """
    with undoing(claim) as (session, found):
        known = {"tenant": found.tenant_id, "cohort": found.cohort_id, "import": found.id}
        for statement in REVERSE:
            session.execute(text(statement), known)


def _plan(_: Session, found: Import) -> Plan:
    """How this file is read."""
    mapped = {field: found.mapping[field] for field in _READERS if field in found.mapping}
    return Plan(
        wanted=list(mapped.values()),
        parse=_parser(mapped),
        columns={"apart_from": "jsonb", "list_name": "text"},
        apply=_apply,
    )


def _parser(mapped: dict[str, str]) -> Callable[[Sequence[str]], Staged]:
    steps = [(field, column, _READERS[field]) for field, column in mapped.items()]

    def parse(cells: Sequence[str]) -> Staged:
        told: dict[str, Any] = {}
        faults: list[Fault] = []
        for (field, column, read), cell in zip(steps, cells, strict=True):
            try:
                told[field] = read(cell) if cell else None
            except InvalidValue as refused:
                faults.append(Fault(column, refused.code, f"{column}: {refused}"))
        person, others, list_name = (told.get(field) for field in _READERS)
        if not faults:
            faults = _faults(mapped, person, others, list_name)
        return Staged(person, (others or [], list_name), faults)

    return parse


def _faults(
    mapped: dict[str, str], person: str | None, others: list[str] | None, list_name: str | None
) -> list[Fault]:
    """What is wrong with a row whose cells can be read."""
    if person is None:
        column = mapped["external_id"]
        return [Fault(column, "required", f"{column}: this row names nobody.")]
    if not others and list_name is None:
        columns = [column for field, column in mapped.items() if field != "external_id"]
        return [Fault(columns[0], "required", f"{' or '.join(columns)}: a value is needed here.")]
    if others and person in others:
        column = mapped["apart_from"]
        return [Fault(column, "oneself", f"{column}: nobody can be kept apart from themselves.")]
    return []


def _apply(session: Session, found: Import) -> bool:
    """Note what each row says that is new, and unless this is a dry run or somebody must confirm, write it."""
    known = {
        "tenant": found.tenant_id,
        "import": found.id,
        "cohort": found.cohort_id,
        "skip": found.mode == "skip",
        "dry_run": found.dry_run,
        "most": MOST_IN_A_LIST,
        "id_column": found.mapping["external_id"],
        "apart_column": found.mapping.get("apart_from"),
        "list_column": found.mapping.get("list"),
    }
    for statement in PREPARE:
        session.execute(text(statement), known)
    removed = session.execute(text(NOTE_REMOVALS), known).scalar_one() if found.mode == "replace" else 0
    # What a row that cannot be used would have named only seems to be absent: then any number is asked about.
    admitted = 0 if session.scalar(text(ANY_FAILED)) else found.max_withdrawals
    if found.dry_run or removed > max(admitted, found.confirmed_withdrawals or 0):
        return found.dry_run
    for statement in WRITE:
        session.execute(text(statement), known)
    return True
