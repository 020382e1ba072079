"""/v1/events"""

from typing import Any

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.events.schemas import Event, EventQuery
from tenants.kernel import events
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session

blp = Blueprint("Events", description="What happened, in order, missing nothing.")


@blp.list("/events", Permission.EVENTS_READ, query=EventQuery, returns=Event, pages="sequence")
def list_events(session: Session, after: int) -> Select[Any]:
    """The feed. Keep the last sequence you have seen and ask for what came after it."""
    return events.feed(after=after, audit=Permission.AUDIT_READ in g.caller.held)
