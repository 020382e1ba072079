"""A roster: its rows parsed by the program's attributes, and applied to a cohort set by set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from tenants.cohorts.imports.roster_sql import (
    APPEND_CHANGES,
    BUMP_ELSEWHERE,
    CLASSIFY,
    CREATE_MEMBERSHIPS,
    CREATE_PARTICIPANTS,
    FAIL_OUT_OF_REACH,
    FAIL_REPEATED,
    FAIL_WITHOUT_REQUIRED,
    FORGET_FRESH,
    HOLD_MEMBERSHIPS,
    HOLD_PARTICIPANTS,
    NAMES_NOBODY,
    NOBODY_IS_FRESH,
    NOTE_OUTCOMES,
    NOTE_WITHDRAWALS,
    UPDATE_MEMBERSHIPS,
    UPDATE_PARTICIPANTS,
    USED_LEVELS,
    WITHDRAW,
    WITHDRAWN,
)
from tenants.cohorts.imports.staging import Fault, Moved, Plan, Staged, reach_of, run
from tenants.cohorts.models import Attribute, Cohort, Import
from tenants.cohorts.notices import tell
from tenants.cohorts.participants import add_levels, reader_of, refuse_speaker
from tenants.cohorts.values import InvalidValue, ValueReader, email_address, short_text
from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.session import Session

COLUMNS = {"name": "text", "email": "text", "identifiers": "jsonb", "attributes": "jsonb"}


def apply(claim: Claim) -> None:
    """The job of a roster's import."""
    run(claim, roster_plan)


def roster_plan(session: Session, found: Import) -> Plan:
    """How this roster is read. Raises JobFailed if an attribute that it maps is no more."""
    mapping = found.mapping
    mapped = mapping.get("attributes", {})
    cohort = session.get_one(Cohort, (found.tenant_id, found.cohort_id))
    known = select(Attribute).where(Attribute.program_id == cohort.program_id, Attribute.key.in_(mapped))
    attributes = {attribute.key: attribute for attribute in session.scalars(known.order_by(Attribute.id))}
    for key in mapped:
        if key not in attributes:
            raise JobFailed("unknown_attribute", f"The program has no attribute {key} any more.")
    readers = {key: reader_of(attribute) for key, attribute in attributes.items()}
    fields = [
        _Field(mapping["external_id"], "external_id", None, short_text),
        *_single(mapping, "name", lambda cell: short_text(cell, most=500)),
        *_single(mapping, "email", email_address),
        *(_Field(column, "identifiers", key, _identifier) for key, column in _identifiers(mapping).items()),
        *(
            _Field(
                mapped[key], "attributes", key, _or_declined(reader, attributes[key], mapping.get("declined"))
            )
            for key, reader in readers.items()
        ),
    ]
    versions = {key: attribute.version for key, attribute in attributes.items()}
    return Plan(
        wanted=[field.column for field in fields],
        parse=_parser(fields),
        columns=COLUMNS,
        apply=lambda session, found: _apply(session, found, readers, versions),
    )


@dataclass(frozen=True, slots=True)
class _Field:
    column: str
    section: str
    key: str | None
    read: Callable[[str], Any]


def _single(mapping: dict[str, Any], section: str, read: Callable[[str], Any]) -> list[_Field]:
    return [_Field(mapping[section], section, None, read)] if section in mapping else []


def _or_declined(reader: ValueReader, attribute: Attribute, word: str | None) -> Callable[[str], Any]:
    """What reads cells; one that says the word of the mapping is None: that is declined."""
    if attribute.answered_by == "person":
        return lambda _: refuse_speaker(attribute, "roster")
    if word is None or not attribute.for_demographics:
        return reader.from_cell
    said = word.casefold()
    return lambda cell: None if cell.casefold() == said else reader.from_cell(cell)


def _identifiers(mapping: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = mapping.get("identifiers", {})
    return found


def _identifier(cell: str) -> str:
    return short_text(cell, most=100)


def _parser(fields: Sequence[_Field]) -> Callable[[Sequence[str]], Staged]:
    steps = [(field.column, field.section, field.key, field.read) for field in fields]

    def parse(cells: Sequence[str]) -> Staged:
        found: dict[str, Any] = {"identifiers": {}, "attributes": {}}
        faults: list[Fault] = []
        for (column, section, key, read), cell in zip(steps, cells, strict=True):
            if not cell:
                continue
            try:
                value = read(cell)
            except InvalidValue as refused:
                faults.append(Fault(column, refused.code, f"{column}: {refused}"))
                continue
            if key is None:
                found[section] = value
            else:
                found[section][key] = value
        if not cells[0]:
            faults.insert(0, Fault(steps[0][0], "required", f"{steps[0][0]}: this row names nobody."))
        values = (found.get("name"), found.get("email"), found["identifiers"], found["attributes"])
        return Staged(found.get("external_id"), values, faults)

    return parse


def _apply(
    session: Session, found: Import, readers: dict[str, ValueReader], versions: dict[str, int]
) -> bool:
    """Classify every row, and unless this is a dry run or somebody must confirm, change what differs."""
    attributes = _held_attributes(session, found, versions)
    known = _parameters(found)
    people = NOBODY_IS_FRESH if found.dry_run else CREATE_MEMBERSHIPS
    for statement in (
        FAIL_REPEATED,
        FAIL_OUT_OF_REACH,
        people,
        "ANALYZE fresh",
        HOLD_MEMBERSHIPS,
        HOLD_PARTICIPANTS,
        CLASSIFY,
    ):
        session.execute(text(statement), known)
    session.execute(text("ANALYZE roster"))
    mapped = found.mapping.get("attributes", {})
    required = sorted(
        key for key, each in attributes.items() if each.required and each.answered_by != "person"
    )
    for key in required:
        session.execute(text(FAIL_WITHOUT_REQUIRED), {**known, "key": key, "column": mapped[key]})
    withdrawn = 0
    if found.mode == "replace":
        withdrawn = session.execute(text(NOTE_WITHDRAWALS), known).scalar_one()
    # Whoever stands in a row that names nobody readable only seems to be absent: then any number is asked about.
    admitted = 0 if session.scalar(text(NAMES_NOBODY)) else found.max_withdrawals
    confirmed = withdrawn <= max(admitted, found.confirmed_withdrawals or 0)
    applies = confirmed and not found.dry_run
    session.execute(text(NOTE_OUTCOMES), {**known, "applies": applies})
    if not applies:
        session.execute(text(FORGET_FRESH), known)
        return found.dry_run
    for statement in (
        UPDATE_MEMBERSHIPS,
        BUMP_ELSEWHERE,
        CREATE_PARTICIPANTS,
        UPDATE_PARTICIPANTS,
        WITHDRAW,
        APPEND_CHANGES,
        *([FORGET_FRESH] if required else []),
    ):
        session.execute(text(statement), known)
    tell(session, participant_ids=session.scalars(text(WITHDRAWN)).all(), held_back=True)
    found.added_levels = _keep_levels(session, attributes, readers)
    return True


def _held_attributes(session: Session, found: Import, versions: dict[str, int]) -> dict[str, Attribute]:
    """The mapped attributes, held so that they stay as the rows were parsed. Raises Moved."""
    cohort = session.get_one(Cohort, (found.tenant_id, found.cohort_id))
    known = select(Attribute).where(Attribute.program_id == cohort.program_id, Attribute.key.in_(versions))
    locked = known.order_by(Attribute.id).with_for_update(key_share=True)
    held = {each.key: each for each in session.scalars(locked)}
    if {key: attribute.version for key, attribute in held.items()} != versions:
        raise Moved
    return held


def _parameters(found: Import) -> dict[str, Any]:
    mapping = found.mapping
    return {
        "tenant": found.tenant_id,
        "import": found.id,
        "cohort": found.cohort_id,
        "skip": found.mode == "skip",
        "replace": found.mode == "replace",
        "clears_name": found.mode == "replace" and "name" in mapping,
        "clears_email": found.mode == "replace" and "email" in mapping,
        "identifier_keys": list(_identifiers(mapping)),
        "attribute_keys": list(mapping.get("attributes", {})),
        "id_column": mapping["external_id"],
        **reach_of(found),
    }


def _keep_levels(
    session: Session, attributes: dict[str, Attribute], readers: dict[str, ValueReader]
) -> dict[str, list[str]]:
    """Add the new levels that applied rows really use, one UPDATE for each attribute; these levels by key."""
    added: dict[str, list[str]] = {}
    for key, attribute in attributes.items():
        met = readers[key].new_levels
        if met:
            used = set(session.scalars(text(USED_LEVELS), {"key": key}))
            added[key] = [level for level in met if level in used]
            add_levels(attribute, added[key])
    return added
