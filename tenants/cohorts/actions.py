"""Making and editing programs, their attributes and their cohorts."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tenants.cohorts.intake import check_intake, plan_reminders
from tenants.cohorts.models import BASES_AT_FIRST, REPAIR, Attribute, Cohort, Participant, Program
from tenants.cohorts.templates import UnknownTemplate, template
from tenants.kernel import events
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.rows import Version, edited, row_held, row_named, row_of
from tenants.kernel.session import Session
from tenants.people.consent import WORDINGS, Wording
from tenants.people.models import Membership

DEFAULT_LABELS = {"program": "program", "participant": "participant", "group": "group"}
HAS_LEVELS = ("categorical", "set", "ordinal")


def create_program(
    session: Session,
    *,
    name: str,
    labels: dict[str, str] | None = None,
    template_key: str | None = None,
    group_sign_in: str = "personal",
    notices: bool = True,
    repair: str = REPAIR[0],
    bases: dict[str, str] | None = None,
    funders: Sequence[str] = (),
) -> Program:
    """A program; from a template it comes with the template's attributes and words."""
    attributes: Sequence[dict[str, Any]] = ()
    words = dict(DEFAULT_LABELS)
    if template_key is not None:
        try:
            chosen = template(template_key)
        except UnknownTemplate as unknown:
            raise Invalid.field("/template", "unknown", str(unknown)) from unknown
        words |= dict(chosen.labels)
        attributes = [asdict(attribute) for attribute in chosen.attributes]
    program = Program(
        name=name,
        template=template_key,
        labels=words | (labels or {}),
        bases=BASES_AT_FIRST | (bases or {}),
        funders=list(funders),
        group_sign_in=group_sign_in,
        notices=notices,
        repair=repair,
    )
    session.add(program)
    session.flush()
    session.add_all(attribute_of(program.id, **each) for each in attributes)
    events.record(session, "program.created", subject=program, counts={"attributes": len(attributes)})
    return program


def edit_program(
    session: Session, *, program_id: UUID, changes: dict[str, Any], if_match: Version
) -> Program:
    """Change what is said of a program; by purpose the basis and the wording (None: ours again).

    A basis holds from now on, also for what was imported before. Raises NotFound, StaleVersion, and Invalid for
    another text under the version of the one before.
    """
    program = row_of(session, Program, program_id)
    for name in ("labels", "bases"):
        if name in changes:
            changes = {**changes, name: {**getattr(program, name), **changes[name]}}
    if "wordings" in changes:
        changes = {**changes, "wordings": _reworded(program, changes["wordings"])}
    _check_readers(session, changes.get("concern_readers", ()))
    changed = edited(program, changes, if_match=if_match)
    if changed:
        events.record(session, "program.updated", subject=program, changed=changed)
    return program


def _check_readers(session: Session, membership_ids: Sequence[UUID]) -> None:
    known = set(session.scalars(select(Membership.id).where(Membership.id.in_(membership_ids))))
    for number, membership_id in enumerate(membership_ids):
        if membership_id not in known:
            said = "There is no such membership."
            raise Invalid.field(f"/concern_readers/{number}", "unknown", said)


def _reworded(program: Program, wordings: dict[str, Any]) -> dict[str, Any]:
    for purpose, wording in wordings.items():
        shown = wording_of(program, purpose)
        if wording and wording["version"] == shown.version and wording["text"] != shown.text:
            raise Invalid.field(
                f"/wordings/{purpose}/version", "same_version", "Another text needs another version."
            )
    merged = {**program.wordings, **wordings}
    return {purpose: wording for purpose, wording in merged.items() if wording is not None}


def wording_of(program: Program, purpose: str) -> Wording:
    """What people are shown before they decide: the program's own text, or ours."""
    own = program.wordings.get(purpose)
    return Wording(**own) if own else WORDINGS[purpose]


def create_attribute(session: Session, *, program_id: UUID, key: str, kind: str, **told: Any) -> Attribute:
    """Define what is known of a participant.

    Raises NotFound, Invalid at /levels or /parent, and Conflict "key_taken" if the program has this key.
    """
    program = row_of(session, Program, program_id)
    attribute = attribute_of(program.id, key=key, kind=kind, **told)
    _check_levels(session, attribute)
    session.add(attribute)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"This program has an attribute {key} already.", code="key_taken") from error
    events.record(session, "attribute.created", subject=attribute, changed=(key,))
    return attribute


def edit_attribute(
    session: Session, *, attribute_id: UUID, changes: dict[str, Any], if_match: Version
) -> Attribute:
    """Change all but an attribute's key and kind, which values and recipes rely on.

    Raises NotFound, StaleVersion, and Invalid at /levels or /parent.
    """
    attribute = row_of(session, Attribute, attribute_id)
    if "levels" in changes:
        changes = {**changes, "levels": _ordered(changes["levels"])}
    changed = edited(attribute, changes, if_match=if_match)
    if {"levels", "open", "parent", "uses"} & set(changed):
        with session.no_autoflush:
            _check_levels(session, attribute)
    if changed:
        events.record(session, "attribute.updated", subject=attribute, changed=changed)
    return attribute


def delete_attribute(session: Session, *, attribute_id: UUID, if_match: Version) -> None:
    """Remove an attribute that nobody has a value of and none has for its parent. Else Conflict "in_use"."""
    attribute = row_held(session, Attribute, attribute_id)
    if_match.check(attribute.version)
    used = (
        select(Participant.id)
        .join(Cohort, (Cohort.tenant_id == Participant.tenant_id) & (Cohort.id == Participant.cohort_id))
        .where(Cohort.program_id == attribute.program_id, Participant.attributes.has_key(attribute.key))
        .limit(1)
    )
    if session.scalar(used):
        raise Conflict("Participants have answered this attribute.", code="in_use")
    below = select(Attribute.label).where(
        Attribute.program_id == attribute.program_id, Attribute.parent == attribute.key
    )
    child = session.scalar(below.limit(1))
    if child is not None:
        raise Conflict(f"{child} has this attribute for its parent.", code="in_use")
    session.delete(attribute)
    events.record(session, "attribute.deleted", subject=attribute, changed=(attribute.key,))


def create_cohort(session: Session, *, program_id: UUID, name: str, **dates: Any) -> Cohort:
    """One intake of a program. Raises Invalid at /program_id or at a date out of order."""
    row_named(session, Program, program_id, pointer="/program_id")
    cohort = Cohort(program_id=program_id, name=name, **dates)
    _check_dates(cohort)
    session.add(cohort)
    session.flush()
    events.record(session, "cohort.created", subject=cohort)
    return cohort


def edit_cohort(session: Session, *, cohort_id: UUID, changes: dict[str, Any], if_match: Version) -> Cohort:
    """Change a cohort's name, dates, time zone or reminders, which are planned anew.

    Raises NotFound, Invalid and StaleVersion.
    """
    cohort = row_of(session, Cohort, cohort_id)
    if "reminders" in changes:
        changes = {**changes, "reminders": sorted(set(changes["reminders"]), reverse=True)}
    changed = edited(cohort, changes, if_match=if_match)
    with session.no_autoflush:
        _check_dates(cohort)
        check_intake(session, cohort, changed)
    if changed:
        events.record(session, "cohort.updated", subject=cohort, changed=changed)
        session.flush()
        plan_reminders(session, cohort_id=cohort.id)
    return cohort


def attribute_of(program_id: UUID | None, *, key: str, label: str, kind: str, **told: Any) -> Attribute:
    """An attribute that is not kept yet, with defaults for all that is not told; of no program for None.

    It is open unless levels are told.
    """
    levels = _ordered(told.get("levels") or [])
    given = told.get("open")
    return Attribute(
        program_id=program_id,
        key=key,
        label=label,
        kind=kind,
        open=not levels if given is None else given,
        required=told.get("required", False),
        sensitive=told.get("sensitive", False),
        answered_by=told.get("answered_by", "either"),
        uses=list(told.get("uses", ("matching", "reporting"))),
        parent=told.get("parent"),
        levels=levels,
    )


def _ordered(levels: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Levels in their order, each complete."""
    complete = [
        {
            "key": level["key"],
            "label": level.get("label") or level["key"],
            "order": level["order"] if level.get("order") is not None else place,
            "parent": level.get("parent"),
            "aliases": list(level.get("aliases") or ()),
        }
        for place, level in enumerate(levels, start=1)
    ]
    return sorted(complete, key=lambda level: level["order"])


def check_names(attribute: Attribute) -> None:
    """Raises Invalid at /levels unless its kind may have them, or be without, and every name means one level."""
    kind, levels = attribute.kind, attribute.levels
    if levels and kind not in HAS_LEVELS:
        raise Invalid.field("/levels", "not_allowed", f"An attribute of kind {kind} has no levels.")
    if attribute.for_demographics and kind != "boolean" and (attribute.open or kind not in HAS_LEVELS):
        message = "What is for demographics is yes or no, or has levels and is not open to others."
        raise Invalid.field("/uses", "needs_levels", message)
    if kind in HAS_LEVELS and not levels and not attribute.open:
        raise Invalid.field("/levels", "required", f"A closed attribute of kind {kind} needs levels.")
    seen: set[str] = set()
    broken = []
    for place, level in enumerate(levels):
        names = {name.casefold() for name in (level["key"], level["label"], *level["aliases"])}
        if names & seen:
            broken.append(FieldError(f"/levels/{place}", "ambiguous", f"{level['key']} is named twice."))
        seen |= names
    if broken:
        raise Invalid(*broken)


def _check_levels(session: Session, attribute: Attribute) -> None:
    """Raises Invalid unless every name means one level and every parent exists."""
    check_names(attribute)
    parents = {level["key"] for level in _broader(session, attribute) if level["parent"] is None}
    broken = [
        FieldError(
            f"/levels/{place}/parent",
            "unknown",
            f"{level['key']} has no level of the parent attribute above it.",
        )
        for place, level in enumerate(attribute.levels)
        if level["parent"] is not None and level["parent"] not in parents
    ]
    if broken:
        raise Invalid(*broken)


def _broader(session: Session, attribute: Attribute) -> Sequence[dict[str, Any]]:
    """The levels that those of this attribute may have for parents: its parent attribute's, or its own."""
    if attribute.parent is None:
        return attribute.levels
    known = select(Attribute).where(
        Attribute.program_id == attribute.program_id, Attribute.key == attribute.parent
    )
    parent = session.scalar(known.with_for_update(read=True, key_share=True))  # so that it stays
    if parent is None or parent.key == attribute.key:
        raise Invalid.field("/parent", "unknown", "This program has no other attribute of this key.")
    return parent.levels


def _check_dates(cohort: Cohort) -> None:
    names = ("opens_on", "closes_on", "announced_on", "kick_off_on", "ends_on")
    said = {name: day for name in (*names, "confirm_by") if (day := getattr(cohort, name)) is not None}
    for name, day in said.items():
        if not 1900 <= day.year <= 2199:
            raise Invalid.field(f"/{name}", "out_of_range", "Name a day from the year 1900 to 2199.")
    for (earlier, first), (later, second) in pairwise((name, said[name]) for name in names if name in said):
        if second < first:
            raise Invalid.field(f"/{later}", "out_of_order", f"{later} is before {earlier}.")
