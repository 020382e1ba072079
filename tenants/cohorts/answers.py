"""What people answer themselves. It outranks what a roster or an organiser says of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.cohorts.intake import days_of
from tenants.cohorts.models import Attribute, Cohort, Participant
from tenants.cohorts.notices import tell
from tenants.cohorts.participants import CLEARED, append_change, read_values, set_values
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.rows import Version, row_of
from tenants.kernel.session import Session

APPLIES = ("eligible", "invited")
"""Whoever is in one of these has applied once nothing that is required of her is missing."""


def answers(session: Session, *, membership_id: UUID, participant_id: UUID) -> dict[str, Any]:
    """What is known of somebody's participation as far as she may answer it: attributes, declined, version; the
    `questions`, the keys of those `missing` that are required, whether they are `open`, and until when (`answer_by`).

    Raises NotFound for anybody else's.
    """
    participant = own_participation(session, membership_id, participant_id)
    asked = _questions(session, participant)
    told = {
        each.key: participant.attributes[each.key] for each in asked if each.key in participant.attributes
    }
    intake = days_of(session, participant.cohort_id)
    return {
        "attributes": {key: value for key, value in told.items() if value is not None},
        "declined": sorted(key for key, value in told.items() if value is None),
        "questions": [_shown(each) for each in asked],
        "missing": _missing(asked, participant),
        "open": intake.open,
        "answer_by": intake.closes_at,
        "version": participant.version,
    }


def answer(
    session: Session,
    *,
    membership_id: UUID,
    participant_id: UUID,
    changes: dict[str, Any],
    if_match: Version,
) -> None:
    """Take somebody's own answers, as `read_values` does; null takes one back, and the roster's counts again.

    Whoever was eligible or invited has applied once nothing that is required is missing. Raises NotFound,
    StaleVersion, Conflict "intake_closed", and Invalid also at what the roster alone answers.
    """
    participant = own_participation(session, membership_id, participant_id)
    if_match.check(participant.version)
    _refuse_closed(session, participant.cohort_id)
    asked = _questions(session, participant)
    values = read_values(session, _program(session, participant), changes, speaker="person")
    kept = {*participant.own_answers, *values} - {key for key, value in values.items() if value is CLEARED}
    changed = set_values(participant, values)
    applies = participant.state in APPLIES and not _missing(asked, participant)
    if kept == set(participant.own_answers) and not changed and not applies:
        return
    participant.own_answers = sorted(kept)
    participant.updated_at = now()
    if applies:
        participant.state, participant.state_since, participant.state_reason = "applied", now(), None
    if changed or applies:
        append_change(session, participant, changed, state="applied" if applies else None, source="person")
    told = [*changed, *(["state"] if applies else [])]
    events.record(session, "participant.updated", subject=participant, changed=told)
    session.flush()
    if applies:
        tell(session, participant_ids=[participant.id])


def own_participation(session: Session, membership_id: UUID, participant_id: UUID) -> Participant:
    """Somebody's own participation. Raises NotFound for anybody else's."""
    participant = row_of(session, Participant, participant_id, "application")
    if participant.membership_id != membership_id:
        raise NotFound("application")
    return participant


def _refuse_closed(session: Session, cohort_id: UUID) -> None:
    intake = days_of(session, cohort_id)
    if not intake.open:
        days = f"from {intake.opens_on or 'the start'} to {intake.closes_on or 'the end'}"
        said = f"Answers are taken {days}, as it is in {intake.time_zone}."
        raise Conflict(said, code="intake_closed")


def _program(session: Session, participant: Participant) -> UUID:
    return session.get_one(Cohort, (session.tenant_id, participant.cohort_id)).program_id


def _questions(session: Session, participant: Participant) -> Sequence[Attribute]:
    hers = select(Attribute).where(
        Attribute.program_id == _program(session, participant), Attribute.answered_by != "roster"
    )
    return session.scalars(hers.order_by(Attribute.id)).all()


def _missing(asked: Sequence[Attribute], participant: Participant) -> list[str]:
    return [each.key for each in asked if each.required and each.key not in participant.attributes]


def _shown(attribute: Attribute) -> dict[str, Any]:
    """A question as she is asked. What others have added to an open one by their answers is not told to her."""
    levels = [
        level
        for level in attribute.levels
        if not attribute.open or level["label"] != level["key"] or level["aliases"] or level["parent"]
    ]
    named = ("key", "label", "kind", "open", "required", "answered_by", "parent")
    return {
        **{name: getattr(attribute, name) for name in named},
        "declinable": attribute.for_demographics,
        "levels": levels,
    }
