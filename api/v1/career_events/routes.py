"""/v1/career-events, and /v1/me/career-events"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.career_events.schemas import (
    CareerEvent,
    CareerEventCreate,
    CareerEventPatch,
    CareerEventQuery,
    OwnCareerEvent,
    OwnCareerEventCreate,
    OwnCareerEventPatch,
    OwnCareerEventQuery,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.outcomes import actions, models, own_career_events, queries

blp = Blueprint("Career events", description="Awards, appointments, and how long somebody was followed.")
READ, WRITE = Permission.OUTCOMES_READ, Permission.OUTCOMES_WRITE
HERS, BY_HER = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
OWN = "/me/career-events"
ONE_OWN = f"{OWN}/<uuid:own_career_event_id>"


@blp.list("/career-events", READ, query=CareerEventQuery, returns=CareerEvent)
def list_career_events(session: Session, **filters: Any) -> Select[Any]:
    """The tenant's career events."""
    return queries.career_events(**filters)


@blp.post(
    "/career-events",
    WRITE,
    body=CareerEventCreate,
    returns=CareerEvent,
    status=201,
    location="/v1/career-events/{id}",
    etag=True,
)
def create_career_event(session: Session, body: dict[str, Any]) -> models.CareerEvent:
    """Record a career event; 409 if it is recorded already."""
    return actions.create_career_event(session, **body)


@blp.get("/career-events/<uuid:career_event_id>", READ, returns=CareerEvent, etag=True)
def get_career_event(session: Session, career_event_id: UUID) -> models.CareerEvent:
    """One career event."""
    return actions.tenants_career_event(session, career_event_id)


@blp.patch(
    "/career-events/<uuid:career_event_id>", WRITE, body=CareerEventPatch, returns=CareerEvent, etag=True
)
def edit_career_event(
    session: Session, body: dict[str, Any], career_event_id: UUID, if_match: IfMatch
) -> models.CareerEvent:
    """Change a career event."""
    return actions.edit_career_event(
        session, career_event_id=career_event_id, changes=body, if_match=if_match
    )


@blp.delete("/career-events/<uuid:career_event_id>", WRITE, status=204, etag=True)
def delete_career_event(session: Session, career_event_id: UUID, if_match: IfMatch) -> None:
    """Remove a career event."""
    actions.delete_career_event(session, career_event_id=career_event_id, if_match=if_match)


@blp.list(OWN, HERS, query=OwnCareerEventQuery, returns=OwnCareerEvent)
def list_my_career_events(session: Session, kind: str | None) -> Select[Any]:
    """The events of one's career: what one recorded oneself, and what the tenant did."""
    return own_career_events.own_career_events(g.caller.membership_id, kind)


@blp.post(
    OWN,
    BY_HER,
    body=OwnCareerEventCreate,
    returns=OwnCareerEvent,
    status=201,
    location="/v1/me/career-events/{id}",
    etag=True,
    errors=(403,),
)
def record_my_career_event(session: Session, body: dict[str, Any]) -> Any:
    """Record an event of one's career; for oneself alone unless one says otherwise."""
    event = own_career_events.record_career_event(session, **body)
    return own_career_events.own_career_event(session, career_event_id=event.id)


@blp.get(ONE_OWN, HERS, returns=OwnCareerEvent, etag=True)
def get_my_career_event(session: Session, own_career_event_id: UUID) -> Any:
    """One of them."""
    return own_career_events.own_career_event(session, career_event_id=own_career_event_id)


@blp.patch(ONE_OWN, BY_HER, body=OwnCareerEventPatch, returns=OwnCareerEvent, etag=True, errors=(403,))
def edit_my_career_event(
    session: Session, body: dict[str, Any], own_career_event_id: UUID, if_match: IfMatch
) -> Any:
    """Change what one recorded oneself, or who may know."""
    own_career_events.edit_own_career_event(
        session, career_event_id=own_career_event_id, changes=body, if_match=if_match
    )
    return own_career_events.own_career_event(session, career_event_id=own_career_event_id)


@blp.delete(ONE_OWN, BY_HER, status=204, etag=True, errors=(403,))
def remove_my_career_event(session: Session, own_career_event_id: UUID, if_match: IfMatch) -> None:
    """Remove what one recorded oneself."""
    own_career_events.remove_own_career_event(session, career_event_id=own_career_event_id, if_match=if_match)
