"""What a group could talk about: proposed by a member, whose words it stays, and moved about by all of them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, cast, column, func, select
from sqlalchemy import delete as delete_rows
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import aliased
from sqlalchemy.types import BigInteger, Uuid

from tenants.groups.places import group_of_member
from tenants.groups.private import Words, edited_row_in, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited, one
from tenants.kernel.session import Session
from tenants.meetings.agenda_models import AgendaItem, AgendaItemWords, AgendaVote, GroupAction, MeetingAgenda
from tenants.meetings.models import Meeting
from tenants.meetings.queries import ENDS_AT, HELD, TAKES_PLACE

TABLE = AgendaItemWords.__tablename__
OF_A_PROBLEM = ("stated", "validated", "options")
WORDS = ("title", "text", "topic", *OF_A_PROBLEM)
HIDDEN_FOR = timedelta(hours=1)
"""From the beginning of the hour in which it was asked until a question without an author is shown."""
MOST_OPEN = 300
_NO_IDS = cast([], ARRAY(Uuid()))


def refuse_too_many_open(session: Session, model: type[AgendaItem | GroupAction], group_id: UUID) -> None:
    """Raise Conflict "too_many_open" where `MOST_OPEN` items, or actions, of a group are open: an agenda shows all."""
    held = select(func.count()).select_from(model).where(model.group_id == group_id, model.state == "open")
    if (session.scalar(held) or 0) >= MOST_OPEN:
        raise Conflict(
            f"{MOST_OPEN} of this group are open; say of some what became of them.", code="too_many_open"
        )


def propose_item(
    session: Session,
    *,
    group_id: UUID,
    kind: str,
    meeting_id: UUID | None = None,
    minutes_planned: int | None = None,
    product_id: UUID | None = None,
    **said: Any,
) -> Any:
    """Propose something for a meeting, or for the next. If its agenda is frozen it comes late. No event tells of it.

    Raises NotFound to strangers, Invalid, and Conflict "meeting_over" or "too_many_open".
    """
    group_of_member(session, group_id, shared=True)
    refuse_too_many_open(session, AgendaItem, group_id)
    _check_words(kind, said)
    _check_meeting(session, group_id, meeting_id)
    item_id = new_id()
    whose = {"id": item_id, "group_id": group_id, "author_id": session.membership_id}
    closed = Words(session, TABLE).closed(
        group_id=group_id, row_id=item_id, **{word: said.get(word) for word in WORDS}
    )
    item = {
        **whose,
        "tenant_id": session.tenant_id,
        "kind": kind,
        "state": "open",
        "meeting_id": meeting_id,
        "late_meeting_id": late_for(session, group_id, meeting_id),
        "minutes_planned": minutes_planned,
        "product_id": product_id,
    }
    session.execute(insert(AgendaItem).values(**item))
    session.execute(insert(AgendaItemWords).values(tenant_id=session.tenant_id, **whose, **closed))
    return item_of(session, group_id=group_id, agenda_item_id=item_id)


def edit_item(
    session: Session, *, group_id: UUID, agenda_item_id: UUID, changes: dict[str, Any], if_match: Version
) -> Any:
    """Move it, say what became of it, or change its words, which only its author does.

    Raises NotFound, also to strangers, Forbidden "not_the_author", StaleVersion, Invalid, and Conflict "meeting_over".
    """
    group_of_member(session, group_id, shared=True)
    row = row_in(session, AgendaItem, group_id=group_id, row_id=agenda_item_id)
    said = {word: changes.pop(word) for word in WORDS if word in changes}
    if said and row.author_id != session.membership_id:
        raise Forbidden("Only who wrote this changes its words.", code="not_the_author")
    _check_words(row.kind, said)
    if "meeting_id" in changes:
        _check_meeting(session, group_id, changes["meeting_id"])
        changes["late_meeting_id"] = late_for(session, group_id, changes["meeting_id"])
    edited(row, changes | {"changed_at": now()}, if_match=if_match)
    if said:
        closed = Words(session, TABLE).closed(group_id=group_id, row_id=agenda_item_id, **said)
        words = row_in(session, AgendaItemWords, group_id=group_id, row_id=agenda_item_id)
        for name, ciphertext in closed.items():
            setattr(words, name, ciphertext)
    session.flush()
    return item_of(session, group_id=group_id, agenda_item_id=agenda_item_id)


def remove_item(session: Session, *, group_id: UUID, agenda_item_id: UUID, if_match: Version) -> None:
    """Take it back, and with it where it stood. Raises NotFound, Forbidden "not_the_author" and StaleVersion."""
    row = edited_row_in(session, AgendaItem, group_id=group_id, row_id=agenda_item_id)
    if_match.check(row.version)
    session.delete(row)


def vote(session: Session, *, group_id: UUID, agenda_item_id: UUID) -> None:
    """Say that one would like to talk about it. Raises NotFound to strangers, and Conflict "not_open"."""
    refuse_strangers(session, group_id)
    if row_in(session, AgendaItem, group_id=group_id, row_id=agenda_item_id).state != "open":
        raise Conflict("This is no longer open.", code="not_open")
    row: dict[str, Any] = {"tenant_id": session.tenant_id, "id": new_id(), "group_id": group_id}
    row |= {"author_id": session.membership_id, "agenda_item_id": agenda_item_id}
    key = ["tenant_id", "agenda_item_id", "author_id"]
    session.execute(insert(AgendaVote).values(**row).on_conflict_do_nothing(index_elements=key))


def take_vote_back(session: Session, *, group_id: UUID, agenda_item_id: UUID) -> None:
    """Say so no longer. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    row_in(session, AgendaItem, group_id=group_id, row_id=agenda_item_id)
    mine = AgendaVote.agenda_item_id == agenda_item_id, AgendaVote.author_id == session.membership_id
    session.execute(delete_rows(AgendaVote).where(*mine))


def items(session: Session, *, group_id: UUID, before: Any = None) -> Select[Any]:
    """A group's items, as far as the session may read them: with their votes, one's own, the actions that came of each
    (`action_ids`), and how often each was carried over, to the meeting that begins at `before` or to the next.
    """
    told = func.door.agenda_votes(group_id).table_valued(
        column("agenda_item_id"), column("votes", BigInteger), name="told"
    )
    own = aliased(AgendaVote)
    meant = aliased(Meeting)
    tenant = AgendaItem.tenant_id
    actions = (
        select(func.coalesce(func.array_agg(GroupAction.id), _NO_IDS))
        .where(GroupAction.tenant_id == tenant, GroupAction.agenda_item_id == AgendaItem.id)
        .scalar_subquery()
    )
    hidden = AgendaItem.author_id.is_(None)
    shown: tuple[Any, ...] = (
        *[each for each in AgendaItem.__table__.columns if each.name not in ("written_at", "changed_at")],
        case((hidden, None), else_=AgendaItem.written_at).label("written_at"),
        *[each for each in AgendaItemWords.__table__.columns if each.name.startswith("encrypted_")],
        func.coalesce(told.c.votes, 0).label("votes"),
        own.id.is_not(None).label("voted"),
        actions.label("action_ids"),
        carried_over(meant, before).label("carried_over"),
    )
    return (
        select(*shown)
        .join(AgendaItemWords, (AgendaItemWords.tenant_id == tenant) & (AgendaItemWords.id == AgendaItem.id))
        .outerjoin(told, told.c.agenda_item_id == AgendaItem.id)
        .outerjoin(
            own,
            (own.tenant_id == tenant)
            & (own.agenda_item_id == AgendaItem.id)
            & (own.author_id == session.membership_id),
        )
        .outerjoin(meant, (meant.tenant_id == tenant) & (meant.id == AgendaItem.meeting_id))
        .where(AgendaItem.group_id == group_id)
    )


def carried_over(meant: Any, before: Any) -> ColumnElement[Any]:
    """SQL: how many meetings were held since an item was first on an agenda, before this moment if one is given."""
    asked = case(
        (AgendaItem.author_id.is_(None), AgendaItem.written_at + HIDDEN_FOR), else_=AgendaItem.written_at
    )
    since = func.coalesce(meant.starts_at, asked)
    past = (
        select(func.count())
        .select_from(Meeting)
        .where(
            Meeting.tenant_id == AgendaItem.tenant_id,
            Meeting.group_id == AgendaItem.group_id,
            HELD,
            since < ENDS_AT,
        )
    )
    if before is not None:
        past = past.where(Meeting.starts_at < before)
    return past.correlate(AgendaItem, meant).scalar_subquery()


def item_of(session: Session, *, group_id: UUID, agenda_item_id: UUID) -> Any:
    """One of them. Raises NotFound, also to strangers."""
    refuse_strangers(session, group_id)
    rows = items(session, group_id=group_id).where(AgendaItem.id == agenda_item_id)
    return Words(session, TABLE).opened(one(session, rows, "agenda item"))


def late_for(session: Session, group_id: UUID, meeting_id: UUID | None) -> UUID | None:
    """The meeting that something now comes late for: this, or the next, if its agenda is frozen and it is not over.

    Whoever freezes holds the group alone, and whoever calls this holds it shared.
    """
    if meeting_id is None:
        meeting_id = session.scalar(
            select(Meeting.id)
            .where(Meeting.group_id == group_id, TAKES_PLACE, func.now() < ENDS_AT)
            .order_by(Meeting.starts_at, Meeting.id)
            .limit(1)
        )
    return session.scalar(
        select(MeetingAgenda.meeting_id).where(
            MeetingAgenda.meeting_id == meeting_id, MeetingAgenda.frozen_at.is_not(None)
        )
    )


def _check_meeting(session: Session, group_id: UUID, meeting_id: UUID | None) -> None:
    if meeting_id is None:
        return
    known = select((func.now() >= ENDS_AT).label("over")).where(
        Meeting.id == meeting_id, Meeting.group_id == group_id
    )
    over = session.scalar(known)
    if over is None:
        raise Invalid.field("/meeting_id", "unknown", "This is no meeting of the group.")
    if over:
        raise Conflict("This meeting is over.", code="meeting_over")


def _check_words(kind: str, said: dict[str, Any]) -> None:
    if kind == "problem":
        return
    broken = [
        FieldError(f"/{word}", "not_a_problem", "Only a problem has this.")
        for word in OF_A_PROBLEM
        if said.get(word) is not None
    ]
    if broken:
        raise Invalid(*broken)
