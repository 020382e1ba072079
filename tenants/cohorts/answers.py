"""What people answer themselves. It outranks what a roster or an organiser says of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.cohorts.models import Attribute, Cohort, Participant
from tenants.cohorts.participants import CLEARED, append_change, read_values, set_values
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import FieldError, Invalid, NotFound
from tenants.kernel.rows import Version, row_of
from tenants.kernel.session import Session


def answers(session: Session, *, membership_id: UUID, participant_id: UUID) -> dict[str, Any]:
    """What is known of somebody's participation as far as she may answer it: attributes, declined, version.

    Raises NotFound for anybody else's.
    """
    participant = _own(session, membership_id, participant_id)
    hers = select(Attribute.key).where(
        Attribute.program_id == _program(session, participant), Attribute.answered_by != "roster"
    )
    told = {
        key: participant.attributes[key] for key in session.scalars(hers) if key in participant.attributes
    }
    return {
        "attributes": {key: value for key, value in told.items() if value is not None},
        "declined": sorted(key for key, value in told.items() if value is None),
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

    Raises NotFound, StaleVersion, and Invalid also at what the roster alone answers.
    """
    participant = _own(session, membership_id, participant_id)
    if_match.check(participant.version)
    program_id = _program(session, participant)
    values = read_values(session, program_id, changes)
    _check_hers(session, program_id, changes)
    kept = {*participant.own_answers, *values} - {key for key, value in values.items() if value is CLEARED}
    changed = set_values(participant, values)
    if kept == set(participant.own_answers) and not changed:
        return
    participant.own_answers = sorted(kept)
    participant.updated_at = now()
    if changed:
        append_change(session, participant, changed, source="person")
    events.record(session, "participant.updated", subject=participant, changed=[*changed])
    session.flush()


def _own(session: Session, membership_id: UUID, participant_id: UUID) -> Participant:
    participant = row_of(session, Participant, participant_id, "application")
    if participant.membership_id != membership_id:
        raise NotFound("application")
    return participant


def _program(session: Session, participant: Participant) -> UUID:
    return session.get_one(Cohort, (session.tenant_id, participant.cohort_id)).program_id


def _check_hers(session: Session, program_id: UUID, changes: dict[str, Any]) -> None:
    rows = select(Attribute.key).where(Attribute.program_id == program_id, Attribute.answered_by == "roster")
    closed = set(session.scalars(rows))
    pointers = {f"/attributes/{key}": key for key in changes.get("attributes") or {}}
    pointers |= {f"/declined/{place}": key for place, key in enumerate(changes.get("declined") or ())}
    broken = [
        FieldError(pointer, "answered_by_roster", "This is the roster's to say.")
        for pointer, key in pointers.items()
        if key in closed
    ]
    if broken:
        raise Invalid(*broken)
