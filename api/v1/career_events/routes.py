"""/v1/career-events"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.career_events.schemas import CareerEvent, CareerEventCreate, CareerEventPatch, CareerEventQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.outcomes import actions, models, queries

blp = Blueprint("Career events", description="Awards, appointments, and how long somebody was followed.")
READ, WRITE = Permission.OUTCOMES_READ, Permission.OUTCOMES_WRITE


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
    return row_of(session, models.CareerEvent, career_event_id)


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
