"""Events of her career that a member records herself, as she records products: hers alone until she says otherwise.

Nothing says why somebody was away or left: there is no field for it.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, literal, select

from tenants.kernel import events
from tenants.kernel.errors import Forbidden
from tenants.kernel.rows import Version, edited, one, only
from tenants.kernel.session import Session
from tenants.outcomes.actions import CAREER_EVENT_FIELDS, career_event_facts, new, public
from tenants.outcomes.models import CAREER_EVENT_KINDS, KEPT, CareerEvent
from tenants.outcomes.own_products import kept_key
from tenants.support.mentors import refuse_unless_herself

OWN_KINDS = tuple(kind for kind in CAREER_EVENT_KINDS if kind != "observation")
"""From when to when somebody was followed is the tenant's to say."""


def own_career_events(membership_id: UUID, kind: str | None = None) -> Select[Any]:
    """The events of somebody's career; `own` are those that she recorded herself."""
    hers = func.coalesce(CareerEvent.author_id == literal(membership_id), False).label("own")
    rows: Select[Any] = select(*CareerEvent.__table__.columns, hers).where(
        CareerEvent.membership_id == membership_id
    )
    return only(rows, kind=kind)


def own_career_event(session: Session, *, career_event_id: UUID) -> Any:
    """One of the session's member. Raises NotFound."""
    rows = own_career_events(session.info["membership_id"]).where(CareerEvent.id == career_event_id)
    return one(session, rows, "career event")


def record_career_event(session: Session, **told: Any) -> CareerEvent:
    """Record an event of one's own career. Raises Invalid, Conflict "exists", and Forbidden "not_personal" where it is
    to be hers alone and she did not sign in as herself.
    """
    me = session.info["membership_id"]
    defaults = {**dict.fromkeys(CAREER_EVENT_FIELDS), "visibility": "me", "before_first_k": False}
    event = CareerEvent(membership_id=me, author_id=me, **_facts(session, {**defaults, **told}))
    with new("career event"):
        session.add(event)
        session.flush()
    if event.visibility not in KEPT:
        events.record(session, "career_event.created", subject=event)
    return event


def edit_own_career_event(
    session: Session, *, career_event_id: UUID, changes: dict[str, Any], if_match: Version
) -> None:
    """Change what one recorded oneself, or say who may know. Raises as `record_career_event`, and NotFound, Forbidden
    "not_yours" and StaleVersion.
    """
    event = _to_change(session, career_event_id)
    if_match.check(event.version)
    was = event.visibility in KEPT
    told = {field: changes.get(field, getattr(event, field)) for field in CAREER_EVENT_FIELDS}
    changed = edited(event, _facts(session, told), if_match=if_match)
    if not changed:
        return
    with new("career event"):
        session.flush()
    kept = event.visibility in KEPT
    if not was and not kept:
        events.record(session, "career_event.updated", subject=event, changed=public(changed))
    elif was != kept:
        events.record(session, f"career_event.{'created' if was else 'deleted'}", subject=event)


def remove_own_career_event(session: Session, *, career_event_id: UUID, if_match: Version) -> None:
    """Remove what one recorded oneself. Raises as `edit_own_career_event`."""
    event = _to_change(session, career_event_id)
    if_match.check(event.version)
    session.delete(event)
    if event.visibility not in KEPT:
        events.record(session, "career_event.deleted", subject=event)


def _facts(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    facts = career_event_facts(told)
    if facts["visibility"] not in KEPT:
        return facts
    refuse_unless_herself(session)
    return {**facts, "natural_key": kept_key(session, facts["natural_key"])}


def _to_change(session: Session, career_event_id: UUID) -> CareerEvent:
    own_career_event(session, career_event_id=career_event_id)
    event = session.get_one(CareerEvent, (session.tenant_id, career_event_id))
    if event.author_id != session.membership_id:
        raise Forbidden("Only who recorded this changes it; ask your organisers.", code="not_yours")
    return event
