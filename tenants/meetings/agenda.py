"""The agenda of a meeting: made together in its first minutes, or the day before, and frozen by the group.

What was not reached goes on to the next one. That is computed when an agenda is read, until it is done or dropped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from tenants.groups.evenness import gini
from tenants.groups.models import GroupMember
from tenants.groups.places import group_of_member
from tenants.groups.presence import is_present
from tenants.groups.private import Words, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.meetings import agenda_items, group_actions
from tenants.meetings.agenda_models import AgendaItem, MeetingAgenda
from tenants.meetings.models import Meeting

AHEAD = timedelta(hours=24)
"""From so long before a meeting to its end its agenda is made."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a meeting is about. `number` is that of the order, 0 while there is none.

    `items` are in the order that was made; `late` came after it was frozen; `proposals` are what else is open, first
    what was carried over most often, then what most would like. Minutes are planned for `items` and `late`.
    """

    meeting_id: UUID
    number: int
    frozen_at: datetime | None
    minutes: int
    minutes_planned: int
    actions: list[Any]
    items: list[Any]
    late: list[Any]
    proposals: list[Any]


@dataclass(frozen=True, slots=True)
class TalkShare:
    """How evenly what a group talks about is its members'. `inequality` is the Gini coefficient of how many items each
    present member brought, 0 (all the same) to 1; None without any. Of questions nobody knows whose they are.
    """

    items: int
    members: int
    inequality: float | None


def agenda_of(session: Session, *, group_id: UUID, meeting_id: UUID) -> Agenda:
    """What a meeting is about, and first what is still to be done. Raises NotFound, also to strangers."""
    refuse_strangers(session, group_id)
    meeting = row_in(session, Meeting, group_id=group_id, row_id=meeting_id)
    order = session.scalar(
        select(MeetingAgenda)
        .where(MeetingAgenda.meeting_id == meeting_id)
        .execution_options(populate_existing=True)
    )
    ids = list(order.item_ids) if order else []
    found = _on_it(session, meeting, ids)
    ordered = [found[item_id] for item_id in ids if item_id in found]
    rest = [item for item_id, item in found.items() if item_id not in set(ids)]
    late = [item for item in rest if item.late_meeting_id == meeting_id]
    proposals = [item for item in rest if item.late_meeting_id != meeting_id]
    proposals.sort(key=lambda item: (-item.carried_over, -item.votes, item.id))
    return Agenda(
        meeting_id=meeting_id,
        number=order.number if order else 0,
        frozen_at=order.frozen_at if order else None,
        minutes=meeting.minutes,
        minutes_planned=sum(item.minutes_planned or 0 for item in (*ordered, *late)),
        actions=group_actions.open_actions(session, group_id=group_id),
        items=ordered,
        late=late,
        proposals=proposals,
    )


def put_agenda(
    session: Session, *, group_id: UUID, meeting_id: UUID, items: list[UUID], frozen: bool, builds_on: int
) -> Agenda:
    """Put what is to be talked about in order, and freeze it or not yet. `builds_on` is the number that one has read.

    The event tells the tenant that an agenda was frozen. Raises NotFound to strangers, Invalid for what is not open in
    the group, and Conflict "agenda_frozen", "agenda_has_changed", "agenda_not_open" or "meeting_not_held".
    """
    group_of_member(session, group_id)
    meeting = row_in(session, Meeting, group_id=group_id, row_id=meeting_id)
    _check_time(meeting)
    order = session.scalar(select(MeetingAgenda).where(MeetingAgenda.meeting_id == meeting_id))
    if order is not None and order.frozen_at is not None:
        raise Conflict("This agenda is frozen.", code="agenda_frozen")
    if (order.number if order else 0) != builds_on:
        raise Conflict("The agenda has changed since you read it; read it again.", code="agenda_has_changed")
    _check_items(session, group_id, items)
    said = {"item_ids": items, "number": builds_on + 1, "frozen_at": now() if frozen else None}
    if order is None:
        row = {"tenant_id": session.tenant_id, "id": new_id(), "group_id": group_id, "meeting_id": meeting_id}
        session.execute(insert(MeetingAgenda).values(**row, author_id=session.membership_id, **said))
    else:
        for name, value in said.items():
            setattr(order, name, value)
        session.flush()
    if frozen:
        events.record(
            session,
            "meeting.agenda_frozen",
            subject_type="peer_group",
            subject_id=group_id,
            counts={"items": len(items)},
            names_actor=False,
        )
    return agenda_of(session, group_id=group_id, meeting_id=meeting_id)


def talk_share(session: Session, *, group_id: UUID) -> TalkShare:
    """How evenly members bring what is talked about, of what the session may read. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    brought = (
        select(AgendaItem.author_id, func.count().label("items"))
        .where(
            AgendaItem.group_id == group_id, AgendaItem.author_id.is_not(None), AgendaItem.state != "dropped"
        )
        .group_by(AgendaItem.author_id)
    )
    counts = {row.author_id: row.items for row in session.execute(brought)}
    present = session.scalars(select(GroupMember.membership_id).where(is_present(group_id))).all()
    of_members = [counts.get(who, 0) for who in present]
    return TalkShare(sum(of_members), len(present), gini(of_members))


def _on_it(session: Session, meeting: Meeting, ids: list[UUID]) -> dict[UUID, Any]:
    """By id, what is in the order, came late for it, or is open and not meant for a later meeting."""
    meant_before = select(Meeting.id).where(
        Meeting.group_id == meeting.group_id, Meeting.starts_at <= meeting.starts_at
    )
    due = or_(AgendaItem.meeting_id.is_(None), AgendaItem.meeting_id.in_(meant_before))
    ends_at = meeting.starts_at + timedelta(minutes=meeting.minutes)
    rows = agenda_items.items(session, group_id=meeting.group_id, before=meeting.starts_at).where(
        or_(
            AgendaItem.id.in_(ids),
            AgendaItem.late_meeting_id == meeting.id,
            (AgendaItem.state == "open") & due & (AgendaItem.written_at < ends_at),
        )
    )
    words = Words(session, agenda_items.TABLE)
    return {row.id: words.opened(row) for row in session.execute(rows.order_by(AgendaItem.id))}


def _check_time(meeting: Meeting) -> None:
    if meeting.state not in ("planned", "moved"):
        raise Conflict(f"This meeting is {meeting.state}.", code="meeting_not_held")
    ends_at = meeting.starts_at + timedelta(minutes=meeting.minutes)
    if not meeting.starts_at - AHEAD <= now() < ends_at:
        raise Conflict("An agenda is made from a day before the meeting to its end.", code="agenda_not_open")


def _check_items(session: Session, group_id: UUID, items: list[UUID]) -> None:
    known = select(AgendaItem.id).where(
        AgendaItem.group_id == group_id, AgendaItem.state == "open", AgendaItem.id.in_(items)
    )
    open_ones, broken = set(session.scalars(known)), []
    for place, item_id in enumerate(items):
        if item_id not in open_ones:
            broken.append(
                FieldError(f"/items/{place}", "unknown", "Nothing of this id is open in the group.")
            )
        elif item_id in items[:place]:
            broken.append(FieldError(f"/items/{place}", "repeated", "Name each once."))
    if broken:
        raise Invalid(*broken)
