"""Products and career events of a cohort's participants, from files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tenants.cohorts.imports.reversal import undoing
from tenants.cohorts.imports.staging import Fault, Plan, Staged, reach_of, run
from tenants.cohorts.models import Import
from tenants.cohorts.values import InvalidValue, ValueReader, short_text
from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.session import Session
from tenants.outcomes import import_sql, reversal_sql
from tenants.outcomes.identity import title_key
from tenants.outcomes.models import CAREER_EVENT_KINDS, PRODUCT_KINDS, ROLES, SAMPLES, VISIBILITIES
from tenants.outcomes.rules import (
    MAX_DOI,
    MAX_NAME,
    MAX_TITLE,
    BrokenRule,
    broken_rules_of_career_event,
    broken_rules_of_product,
    canonical_career_event,
    canonical_product,
    career_event_key,
    product_key,
    project_key,
)

# `staged` has a code of its own: that of a failed row.
_STAGED = {"code": "event_code"}
Read = Callable[[str], Any]
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What imports of one kind read, by which rules, and how they are applied and undone."""

    columns: Mapping[str, tuple[str, Read]]
    """Each field with its PostgreSQL type and the reader of its cells."""
    canonical: Callable[[Facts], dict[str, Any]]
    broken_rules: Callable[[Facts], Iterable[BrokenRule]]
    key: Callable[[Facts], str]
    also: Mapping[str, Callable[[Facts], str | None]]
    """What else tells which of them are one."""
    prepare: Sequence[str]
    write: Sequence[str]
    changed: str
    """Counts what an import to be undone touched that has been changed since."""
    undo: Sequence[str]


def apply(claim: Claim) -> None:
    """The job of an import of products or career events."""
    run(claim, _plan)


def reverse(claim: Claim) -> None:
    """The job that undoes such an import: restores what it updated, deletes what it created.

    Raises JobFailed, and undoes nothing, where any of it has been changed since.
    """
    with undoing(claim) as (session, found):
        outcome = OUTCOMES[found.kind]
        known = {"tenant": found.tenant_id, "import": found.id, **reach_of(found)}
        session.execute(text(reversal_sql.UNDONE), known)
        changed = session.execute(text(outcome.changed), known).scalar_one()
        if changed:
            raise JobFailed("changed_since", f"{changed:,} of its rows have been changed since.")
        for statement in outcome.undo:
            session.execute(text(statement), known)


def _plan(_: Session, found: Import) -> Plan:
    """How this file is read."""
    outcome = OUTCOMES[found.kind]
    mapped = {field: found.mapping[field] for field in outcome.columns if field in found.mapping}
    return Plan(
        wanted=[found.mapping["external_id"], *mapped.values()],
        parse=_parser(outcome, found.mapping["external_id"], mapped),
        columns=dict.fromkeys(("natural_key", *outcome.also), "text")
        | {_STAGED.get(field, field): kind for field, (kind, _) in outcome.columns.items()},
        apply=lambda session, found: _apply(session, found, outcome),
    )


def _parser(outcome: Outcome, id_column: str, mapped: Mapping[str, str]) -> Callable[[Sequence[str]], Staged]:
    steps = [(field, column, outcome.columns[field][1]) for field, column in mapped.items()]
    nothing = dict.fromkeys(outcome.columns)

    def parse(cells: Sequence[str]) -> Staged:
        external_id, faults = None, []
        told: dict[str, Any] = dict(nothing)
        for (field, column, read), cell in zip((("", id_column, short_text), *steps), cells, strict=True):
            try:
                value = read(cell) if cell else None
            except InvalidValue as refused:
                faults.append(Fault(column, refused.code, f"{column}: {refused}"))
                continue
            if field:
                told[field] = value
            else:
                external_id = value
            if value is None and field in ("", "kind"):
                faults.append(Fault(column, "required", f"{column}: a value is needed here."))
        if faults:
            return Staged(external_id, faults=faults)
        facts = outcome.canonical(told)
        broken = [
            Fault(mapped.get(rule.field), rule.code, rule.message) for rule in outcome.broken_rules(facts)
        ]
        if broken:
            return Staged(external_id, faults=broken)
        also = (tell(facts) for tell in outcome.also.values())
        return Staged(external_id, (outcome.key(facts), *also, *(facts[field] for field in outcome.columns)))

    return parse


def _apply(session: Session, found: Import, outcome: Outcome) -> bool:
    known = {
        "tenant": found.tenant_id,
        "cohort": found.cohort_id,
        "skip": found.mode == "skip",
        "dry_run": found.dry_run,
        "id_column": found.mapping["external_id"],
        **reach_of(found),
    }
    for statement in (*outcome.prepare, *(() if found.dry_run else outcome.write)):
        session.execute(text(statement), known)
    return True


def _one_of(choices: Sequence[str]) -> Read:
    def read(cell: str) -> str:
        if cell.casefold() not in choices:
            raise InvalidValue("unknown_value", f"Use one of: {', '.join(choices)}.")
        return cell.casefold()

    return read


def _text(most: int) -> Read:
    return lambda cell: short_text(cell, most=most)


_DAY: Read = ValueReader(key="", kind="date", levels=(), is_open=False).from_cell
_YES_OR_NO: Read = ValueReader(key="", kind="boolean", levels=(), is_open=False).from_cell

OUTCOMES = {
    "products": Outcome(
        columns={
            "kind": ("text", _one_of(PRODUCT_KINDS)),
            "title": ("text", _text(MAX_TITLE)),
            "date": ("date", _DAY),
            "doi": ("text", _text(MAX_DOI + 30)),
            "pmid": ("text", _text(MAX_NAME)),
            "project_number": ("text", _text(MAX_NAME)),
            "visibility": ("text", _one_of(VISIBILITIES)),
            "role": ("text", _one_of(ROLES)),
        },
        canonical=canonical_product,
        broken_rules=broken_rules_of_product,
        key=product_key,
        also={"title_key": title_key, "project_key": project_key},
        prepare=import_sql.PREPARE_PRODUCTS,
        write=import_sql.WRITE_PRODUCTS,
        changed=reversal_sql.CHANGED_PRODUCTS,
        undo=reversal_sql.REVERSE_PRODUCTS,
    ),
    "career_events": Outcome(
        columns={
            "kind": ("text", _one_of(CAREER_EVENT_KINDS)),
            "code": ("text", _text(MAX_NAME)),
            "date": ("date", _DAY),
            "until": ("date", _DAY),
            "sample": ("text", _one_of(SAMPLES)),
            "before_first_k": ("boolean", _YES_OR_NO),
            "project_number": ("text", _text(MAX_NAME)),
            "visibility": ("text", _one_of(VISIBILITIES)),
        },
        canonical=canonical_career_event,
        broken_rules=broken_rules_of_career_event,
        key=career_event_key,
        also={},
        prepare=import_sql.PREPARE_CAREER_EVENTS,
        write=import_sql.WRITE_CAREER_EVENTS,
        changed=reversal_sql.CHANGED_CAREER_EVENTS,
        undo=reversal_sql.REVERSE_CAREER_EVENTS,
    ),
}
"""By the import's kind."""
