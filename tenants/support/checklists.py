"""Checklists for talks with program officers, mentors and trainees, which a member makes her own."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select

from tenants.groups.private import Words, edited_row_in, own_row_in, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel.errors import Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited
from tenants.kernel.session import Session
from tenants.meetings.agenda_models import AgendaItem
from tenants.support.models import Checklist

TABLE = Checklist.__tablename__
TEMPLATES: dict[str, tuple[str, ...]] = {
    "program_officer": (
        "What I want to know, in three questions",
        "My aims on one page, sent two days before",
        "Which announcement, institute and study section I have in mind, and why",
        "What the rules of my award say about it, as of today",
        "What they advise against, asked outright",
        "Who else to talk to",
        "Thanks, and what I understood, by mail on the same day",
    ),
    "mentor": (
        "What I want from this hour, in one sentence",
        "What has happened since we last met",
        "Where I am stuck, and what I have tried",
        "What I ask for: advice, a decision, an introduction or somebody who stands up for me",
        "What is easy to give and what is much to ask",
        "What each of us does next, and until when",
        "When we meet again",
    ),
    "trainees": (
        "Where they want to be in three years, in their words, and a development plan that we both keep",
        "What they are to learn this year, from whom, and how we shall both know",
        "Which project is theirs, how large it is, and what of it they can finish in time",
        "Who writes what and in which order names stand, said before the writing begins and again when it changes",
        "What it costs, what the award pays for, and what we leave out if it does not suffice",
        "Whom else they should know, and who could recommend them besides me",
        "Whether work, credit and a hearing are spread fairly in the team, and whom I ask less often",
        "What they would have me do differently",
    ),
}
"""What to have ready, in the order of the talk."""


def make_checklist(
    session: Session,
    *,
    group_id: UUID,
    title: str,
    template: str | None = None,
    items: Sequence[dict[str, Any]] | None = None,
    agenda_item_id: UUID | None = None,
) -> Any:
    """A checklist from a template, or with items of one's own, which an item of the agenda may have brought up.

    Its group reads it. Raises NotFound and Invalid.
    """
    refuse_strangers(session, group_id)
    if (template is None) == (items is None):
        raise Invalid.field("/items", "invalid", "Name a template, or give items of your own.")
    item = exists().where(AgendaItem.group_id == group_id, AgendaItem.id == agenda_item_id)
    if agenda_item_id is not None and not session.scalar(select(item)):
        raise Invalid.field("/agenda_item_id", "unknown", "This is no item of the group.")
    listed = items or [{"text": text, "done": False} for text in TEMPLATES[template or ""]]
    words, checklist_id = Words(session, TABLE), new_id()
    row = Checklist(
        id=checklist_id,
        group_id=group_id,
        author_id=session.membership_id,
        template=template,
        agenda_item_id=agenda_item_id,
        **words.closed(group_id=group_id, row_id=checklist_id, title=title, items=list(listed)),
    )
    session.add(row)
    session.flush()
    return words.opened(row)


def edit_checklist(
    session: Session, *, group_id: UUID, checklist_id: UUID, changes: dict[str, Any], if_match: Version
) -> Any:
    """Change one's checklist; items in place of those before. Raises NotFound, Forbidden and StaleVersion."""
    row = edited_row_in(session, Checklist, group_id=group_id, row_id=checklist_id)
    words = Words(session, TABLE)
    edited(row, words.closed(group_id=group_id, row_id=checklist_id, **changes), if_match=if_match)
    session.flush()
    return words.opened(row)


def remove_checklist(session: Session, *, group_id: UUID, checklist_id: UUID, if_match: Version) -> None:
    """Take it back. Raises NotFound, Forbidden and StaleVersion."""
    row = own_row_in(session, Checklist, group_id=group_id, row_id=checklist_id)
    if_match.check(row.version)
    session.delete(row)


def checklist_of(session: Session, *, group_id: UUID, checklist_id: UUID) -> Any:
    """One of them. Raises NotFound."""
    return Words(session, TABLE).opened(row_in(session, Checklist, group_id=group_id, row_id=checklist_id))


def checklists(group_id: UUID) -> Select[Any]:
    """Those of a group that the session may read."""
    return select(*Checklist.__table__.columns).where(Checklist.group_id == group_id)
