"""Participants one at a time: adding or finding them by external id, editing them, their dated history."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from tenants.cohorts.models import Attribute, Cohort, Participant, ParticipantChange
from tenants.cohorts.notices import tell
from tenants.cohorts.values import MAX_LEVELS, InvalidValue, ValueReader
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import FieldError, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, row_of
from tenants.kernel.session import Session
from tenants.people.models import Membership, RoleGrant
from tenants.people.names import keep_names

CLEARED: Any = object()
"""In place of a value: there is no answer any more. None is one: it is declined."""
OUT_OF_REACH = ("out_of_reach", "Somebody whom your roles do not reach has this external id; ask an admin.")
_UNKNOWN = ("unknown_attribute", "The program has no attribute of this key.")


def upsert_participant(
    session: Session, *, cohort_id: UUID, external_id: str, **given: Any
) -> tuple[Participant, bool]:
    """The participant with this external id and the given fields, and whether it is new in the cohort.

    `given` as in `edit_participant`. Raises NotFound for the cohort, and Invalid, also where a limited session does
    not reach whose external id that is.
    """
    _refuse_lone_reason(given)
    values = read_values(session, row_of(session, Cohort, cohort_id).program_id, given)
    membership_id = _membership(session, external_id)
    known = select(Participant).where(
        Participant.cohort_id == cohort_id, Participant.membership_id == membership_id
    )
    participant = session.scalar(known.with_for_update(key_share=True))
    key = (session.tenant_id, membership_id)
    if participant is not None:
        _change(session, session.get_one(Membership, key), participant, given, values)
        return participant, False
    participant = Participant(id=new_id(), cohort_id=cohort_id, membership_id=membership_id)
    changes = {"state": "eligible", **given}
    participant.attributes = {key: value for key, value in values.items() if value is not CLEARED}
    participant.state, participant.state_reason = changes["state"], changes.get("reason")
    session.add(participant)
    session.flush()
    append_change(session, participant, participant.attributes, state=participant.state)
    if _change_membership(session.get_one(Membership, key), changes):
        _touch_elsewhere(session, participant)
    events.record(session, "participant.created", subject=participant)
    tell(session, participant_ids=[participant.id])
    return participant, True


def edit_participant(
    session: Session, *, participant_id: UUID, changes: dict[str, Any], if_match: Version
) -> Participant:
    """Change name, email, identifiers, attributes (merged by key, None clears; `declined` are keys that somebody
    does not want to answer), or state with its reason. What the person answered herself stays as it is.

    Raises NotFound, StaleVersion, and Invalid with a pointer to each value that its attribute does not admit.
    """
    _refuse_lone_reason(changes)
    participant = row_of(session, Participant, participant_id)
    if_match.check(participant.version)
    cohort = session.get_one(Cohort, (session.tenant_id, participant.cohort_id))
    # Attributes, then the membership, then the participant: in the order and with the locks of imports, so
    # that two writers never wait for each other.
    values = read_values(session, cohort.program_id, changes)
    key = (session.tenant_id, participant.membership_id)
    membership = session.get_one(Membership, key, with_for_update={"key_share": True})
    _change(session, membership, participant, changes, values)
    return participant


def _refuse_lone_reason(changes: dict[str, Any]) -> None:
    if changes.get("reason") is not None and "state" not in changes:
        raise Invalid.field("/reason", "needs_state", "A reason is given together with a state.")


def _membership(session: Session, external_id: str) -> UUID:
    """The tenant's record of somebody, made if need be and held until the transaction ends."""
    membership_id = new_id()
    made = insert(Membership).values(
        tenant_id=session.tenant_id, id=membership_id, external_id=external_id, identifiers={}
    )
    # What is new no limited session sees before it is in a cohort, so that nothing is asked back here.
    made = made.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    if session.connection().execute(made).rowcount:
        return membership_id
    known = select(Membership.id).where(
        Membership.tenant_id == session.tenant_id, Membership.external_id == external_id
    )
    found = session.scalar(known.with_for_update(key_share=True))
    if found is None:
        raise Invalid.field("/external_id", *OUT_OF_REACH)
    return found


def _change(
    session: Session,
    membership: Membership,
    participant: Participant,
    changes: dict[str, Any],
    values: dict[str, Any],
) -> None:
    values = {key: value for key, value in values.items() if key not in participant.own_answers}
    values = set_values(participant, values)
    _refuse_address(session, membership, changes)
    changed = _change_membership(membership, changes)
    before = participant.state
    moved = _change_state(participant, changes)
    if changed or moved or values:
        participant.updated_at = now()
        events.record(
            session,
            "participant.updated",
            subject=participant,
            changed=[*changed, *(["state"] if moved else []), *values],
        )
    if moved or values:
        append_change(session, participant, values, state=participant.state if moved else None)
    if changed:
        _touch_elsewhere(session, participant)
    if participant.state != before:
        tell(session, participant_ids=[participant.id])


def _refuse_address(session: Session, membership: Membership, changes: dict[str, Any]) -> None:
    """Raise Invalid for a new address of somebody who holds a role and has not joined: letters make her who joins."""
    if changes.get("email", membership.email) == membership.email or membership.person_id is not None:
        return
    held = select(RoleGrant.id).where(RoleGrant.membership_id == membership.id).limit(1)
    if session.scalar(held) is not None:
        raise Invalid.field("/email", "holds_role", "She holds a role: change her address under /v1/people.")


def _change_membership(membership: Membership, changes: dict[str, Any]) -> list[str]:
    new: dict[str, Any] = {name: changes[name] for name in ("name", "email") if name in changes}
    if "identifiers" in changes:
        merged = {**membership.identifiers, **changes["identifiers"]}
        new["identifiers"] = {key: value for key, value in merged.items() if value is not None}
    keep_names(membership, new)
    changed = [name for name, value in new.items() if getattr(membership, name) != value]
    for name in changed:
        setattr(membership, name, new[name])
    return changed


def _change_state(participant: Participant, changes: dict[str, Any]) -> bool:
    if "state" not in changes:
        return False
    state, reason = changes["state"], changes.get("reason")
    if state == participant.state and reason in (None, participant.state_reason):
        return False
    if state != participant.state:
        participant.state, participant.state_since = state, now()
    participant.state_reason = reason
    return True


def set_values(participant: Participant, values: dict[str, Any]) -> dict[str, Any]:
    """Give a participant values as `read_values` reads them; those that changed something."""
    known = participant.attributes
    new = {key: value for key, value in values.items() if known.get(key, CLEARED) != value}
    if new:
        merged = {**known, **new}
        participant.attributes = {key: value for key, value in merged.items() if value is not CLEARED}
    return new


def append_change(
    session: Session,
    participant: Participant,
    values: dict[str, Any],
    *,
    state: str | None = None,
    source: str = "api",
) -> None:
    """Note in the history what became known, and the state where it is new."""
    session.add(
        ParticipantChange(
            participant_id=participant.id,
            source=source,
            state=state,
            reason=participant.state_reason if state else None,
            attributes={k: None if v is CLEARED else v for k, v in values.items() if v is not None},
            declined=sorted(key for key, value in values.items() if value is None),
        )
    )


def _touch_elsewhere(session: Session, participant: Participant) -> None:
    """Name and e-mail show in this person's other cohorts too, so their versions move."""
    others = update(Participant).where(
        Participant.tenant_id == session.tenant_id,
        Participant.membership_id == participant.membership_id,
        Participant.id != participant.id,
    )
    session.execute(
        others.values(version=Participant.version + 1, updated_at=now()),
        execution_options={"synchronize_session": False},
    )


def read_values(
    session: Session, program_id: UUID, said: dict[str, Any], *, speaker: str = "roster"
) -> dict[str, Any]:
    """What is said in `attributes` and `declined`, by key: values in canonical form, None where somebody declines
    to answer, CLEARED where a value is taken back.

    Raises Invalid with a pointer to each key that the program does not have, whose attribute does not admit it, or
    that is not the speaker's (`person` or `roster`, as organisers are) to answer.
    """
    given, declined = said.get("attributes") or {}, said.get("declined") or []
    if not given and not declined:
        return {}
    keys = {*given, *declined}
    known = select(Attribute).where(Attribute.program_id == program_id, Attribute.key.in_(keys))
    # Held as a foreign key would hold them: none is deleted before its value is there.
    held = known.order_by(Attribute.id).with_for_update(read=True, key_share=True)
    attributes = {attribute.key: attribute for attribute in session.scalars(held)}
    values: dict[str, Any] = {}
    broken = []
    for key in sorted(given):
        try:
            if given[key] is not None or speaker == "person":
                refuse_speaker(attributes.get(key), speaker)
            values[key] = _value(session, attributes.get(key), given[key])
        except InvalidValue as refused:
            broken.append(FieldError(f"/attributes/{key}", refused.code, str(refused)))
    for place, key in enumerate(declined):
        try:
            _check_declined(attributes.get(key), given)
            refuse_speaker(attributes.get(key), speaker)
            values[key] = None
        except InvalidValue as refused:
            broken.append(FieldError(f"/declined/{place}", refused.code, str(refused)))
    if broken:
        raise Invalid(*broken)
    return values


def refuse_speaker(attribute: Attribute | None, speaker: str) -> None:
    """Raise InvalidValue where this attribute is for the other one to answer: the roster's, or the person's own."""
    if attribute is not None and attribute.answered_by not in ("either", speaker):
        whose = attribute.answered_by
        message = (
            "This is the roster's to say." if whose == "roster" else "Only the person herself answers this."
        )
        raise InvalidValue(f"answered_by_{whose}", message)


def _check_declined(attribute: Attribute | None, given: dict[str, Any]) -> None:
    if attribute is None:
        raise InvalidValue(*_UNKNOWN)
    if attribute.key in given:
        raise InvalidValue("answered", "This is answered and declined at once.")
    if not attribute.for_demographics:
        raise InvalidValue("not_demographic", "Only what is for demographics can be declined.")


def _value(session: Session, attribute: Attribute | None, raw: Any) -> Any:
    if attribute is None:
        raise InvalidValue(*_UNKNOWN)
    if raw is None:
        return CLEARED
    reader = reader_of(attribute)
    value = reader.from_json(raw)
    if reader.new_levels:
        session.refresh(attribute, with_for_update={"key_share": True})
        reader = reader_of(attribute)
        value = reader.from_json(raw)
        add_levels(attribute, reader.new_levels)
    return value


def reader_of(attribute: Attribute) -> ValueReader:
    """What reads this attribute's values."""
    return ValueReader(
        key=attribute.key, kind=attribute.kind, levels=attribute.levels, is_open=attribute.open
    )


def add_levels(attribute: Attribute, names: list[str]) -> None:
    """Append levels to an open attribute whose row is held. At most MAX_LEVELS fit; the rest is refused."""
    if len(attribute.levels) + len(names) > MAX_LEVELS:
        raise InvalidValue("too_many_levels", f"{attribute.key} takes no more than {MAX_LEVELS:,} levels.")
    last = max((level["order"] for level in attribute.levels), default=0)
    added: list[Any] = [
        {"key": name, "label": name, "order": order, "parent": None, "aliases": []}
        for order, name in enumerate(names, start=last + 1)
    ]
    if added:
        attribute.levels = [*attribute.levels, *added]
