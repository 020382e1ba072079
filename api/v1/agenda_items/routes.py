"""/v1/groups/{group_id}/agenda-items, …/anonymous-questions, and agenda and notes of its meetings"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch, traceless
from api.v1.agenda_items.schemas import (
    Agenda,
    AgendaItem,
    AgendaItemCreate,
    AgendaItemPatch,
    AgendaItemQuery,
    AgendaPut,
    Notes,
    NotesPut,
    QuestionCreate,
    TalkShare,
)
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.meetings import agenda, agenda_items, notes, questions
from tenants.outcomes.links import refuse_others_product

blp = Blueprint("Agenda", description="What a group talks about.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
GROUP = "/groups/<uuid:group_id>"
ITEMS = f"{GROUP}/agenda-items"
ITEM = f"{ITEMS}/<uuid:agenda_item_id>"
AGENDA = f"{GROUP}/meetings/<uuid:meeting_id>/agenda"
NOTES = f"{GROUP}/meetings/<uuid:meeting_id>/notes"


@blp.list(ITEMS, READ, query=AgendaItemQuery, returns=AgendaItem)
def list_agenda_items(
    session: Session, group_id: UUID, meeting_id: UUID | None, kind: str | None, state: str | None
) -> Select[Any]:
    """What was proposed."""
    refuse_strangers(session, group_id)
    rows = agenda_items.items(session, group_id=group_id)
    return only(rows, meeting_id=meeting_id, kind=kind, state=state)


@blp.post(
    ITEMS,
    WRITE,
    body=AgendaItemCreate,
    returns=AgendaItem,
    status=201,
    location="/v1/groups/{group_id}/agenda-items/{id}",
    etag=True,
)
def propose_agenda_item(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Propose something to talk about. After the agenda was frozen it comes late."""
    refuse_others_product(session, product_id=body.get("product_id"))
    return agenda_items.propose_item(session, group_id=group_id, **body)


@blp.get(ITEM, READ, returns=AgendaItem, etag=True)
def get_agenda_item(session: Session, group_id: UUID, agenda_item_id: UUID) -> Any:
    """One of them."""
    return agenda_items.item_of(session, group_id=group_id, agenda_item_id=agenda_item_id)


@blp.patch(ITEM, WRITE, body=AgendaItemPatch, returns=AgendaItem, etag=True, errors=(403,))
def edit_agenda_item(
    session: Session, body: dict[str, Any], group_id: UUID, agenda_item_id: UUID, if_match: IfMatch
) -> Any:
    """Move it, or say what became of it; words are their author's alone to change."""
    refuse_others_product(session, product_id=body.get("product_id"))
    return agenda_items.edit_item(
        session, group_id=group_id, agenda_item_id=agenda_item_id, changes=body, if_match=if_match
    )


@blp.delete(ITEM, WRITE, status=204, etag=True, errors=(403,))
def remove_agenda_item(session: Session, group_id: UUID, agenda_item_id: UUID, if_match: IfMatch) -> None:
    """Take it back."""
    agenda_items.remove_item(session, group_id=group_id, agenda_item_id=agenda_item_id, if_match=if_match)


@blp.put(f"{ITEM}/vote", WRITE, status=204, errors=(409,))
def vote_for_agenda_item(session: Session, group_id: UUID, agenda_item_id: UUID) -> None:
    """Say that one would like to talk about it. The group is told how many do, and nobody who."""
    agenda_items.vote(session, group_id=group_id, agenda_item_id=agenda_item_id)


@blp.delete(f"{ITEM}/vote", WRITE, status=204)
def take_vote_back(session: Session, group_id: UUID, agenda_item_id: UUID) -> None:
    """Say so no longer."""
    agenda_items.take_vote_back(session, group_id=group_id, agenda_item_id=agenda_item_id)


@blp.post(f"{GROUP}/anonymous-questions", WRITE, body=QuestionCreate, status=204, errors=(409,))
@traceless
def ask_anonymously(session: Session, body: dict[str, Any], group_id: UUID) -> None:
    """Ask without a name. The question comes on the agenda at the next full hour, and nothing that is kept says who
    asked or when. In a small group style can give one away; with fewer than three members nobody can ask.
    """
    questions.ask_anonymously(session, group_id=group_id, **body)


@blp.get(AGENDA, READ, returns=Agenda)
def get_agenda(session: Session, group_id: UUID, meeting_id: UUID) -> agenda.Agenda:
    """What a meeting is about; what was not reached before is on it, until it is done or dropped."""
    return agenda.agenda_of(session, group_id=group_id, meeting_id=meeting_id)


@blp.put(AGENDA, WRITE, body=AgendaPut, returns=Agenda, errors=(409,))
def put_agenda(session: Session, body: dict[str, Any], group_id: UUID, meeting_id: UUID) -> agenda.Agenda:
    """Make the order together, from a day before the meeting to its end, and freeze it."""
    return agenda.put_agenda(session, group_id=group_id, meeting_id=meeting_id, **body)


@blp.get(NOTES, READ, returns=Notes)
def get_notes(session: Session, group_id: UUID, meeting_id: UUID) -> Any:
    """What the group noted, if it takes notes."""
    return notes.notes_of(session, group_id=group_id, meeting_id=meeting_id)


@blp.put(NOTES, WRITE, body=NotesPut, returns=Notes, errors=(409,))
def put_notes(session: Session, body: dict[str, Any], group_id: UUID, meeting_id: UUID) -> Any:
    """Note something of a meeting, where the group has switched notes on."""
    return notes.write_notes(session, group_id=group_id, meeting_id=meeting_id, **body)


@blp.get(f"{GROUP}/talk-share", READ, returns=TalkShare)
def get_talk_share(session: Session, group_id: UUID) -> agenda.TalkShare:
    """How evenly what is talked about is the members', without names."""
    return agenda.talk_share(session, group_id=group_id)
