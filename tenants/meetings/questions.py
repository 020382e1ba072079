"""Asking without a name inside the group. Nothing that is kept leads to who asked.

A question has a random id, no author, and for a time the hour in which it was asked. It is shown once that is over:
those of an hour come together, and whoever was let in during it is shown none of them. Where fewer than three members
are present the others would know, and nobody asks.
"""

from datetime import UTC
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from tenants.groups.places import group_of_member, members_present
from tenants.groups.private import Words
from tenants.kernel.errors import Conflict
from tenants.kernel.ids import random_id
from tenants.kernel.session import Session
from tenants.meetings.agenda_items import TABLE, late_for, refuse_too_many_open
from tenants.meetings.agenda_models import AgendaItem, AgendaItemWords

LEAST_MEMBERS = 3


def ask_anonymously(session: Session, *, group_id: UUID, title: str, text: str | None = None) -> None:
    """Put a question on the agenda of the next meeting. It returns nothing, and no event tells of it.

    Raises NotFound to strangers, and Conflict "too_few_to_be_anonymous" or "too_many_open".
    """
    group_of_member(session, group_id, shared=True)
    refuse_too_many_open(session, AgendaItem, group_id)
    if members_present(session, group_id) < LEAST_MEMBERS:
        raise Conflict("In a group of two the other would know who asked.", code="too_few_to_be_anonymous")
    item_id = random_id()
    # The database says when its transaction began, and holds the row to it.
    began = session.scalars(select(func.now())).one().astimezone(UTC)
    hour = began.replace(minute=0, second=0, microsecond=0)
    row: dict[str, Any] = {"tenant_id": session.tenant_id, "id": item_id, "group_id": group_id}
    row |= {"author_id": None, "written_at": hour}
    closed = Words(session, TABLE).closed(group_id=group_id, row_id=item_id, title=title, text=text)
    item = {"kind": "question", "state": "open", "late_meeting_id": late_for(session, group_id, None)}
    session.execute(insert(AgendaItem).values(**row, **item))
    session.execute(insert(AgendaItemWords).values(**row, **closed))
