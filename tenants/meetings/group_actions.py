"""What members took on. It stays before the group until it is done or dropped; its words are their author's."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.dialects.postgresql import insert

from tenants.groups.models import GroupMember
from tenants.groups.presence import is_present
from tenants.groups.private import Words, edited_row_in, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel.clock import now
from tenants.kernel.errors import Forbidden, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited, one, only
from tenants.kernel.session import Session
from tenants.meetings.agenda_items import refuse_too_many_open
from tenants.meetings.agenda_models import AgendaItem, GroupAction, GroupActionWords

TABLE = GroupActionWords.__tablename__


def take_on(
    session: Session, *, group_id: UUID, text: str, owner_id: UUID | None = None, **stands: Any
) -> Any:
    """Note what a member takes on, oneself unless it says whom. No event tells of it.

    Raises NotFound to strangers, Invalid for an owner or an item that is not the group's, and Conflict "too_many_open".
    """
    refuse_strangers(session, group_id)
    refuse_too_many_open(session, GroupAction, group_id)
    stands["owner_id"] = owner_id or session.membership_id
    _check(session, group_id, stands)
    action_id = new_id()
    whose: dict[str, Any] = {"tenant_id": session.tenant_id, "id": action_id, "group_id": group_id}
    whose["author_id"] = session.membership_id
    closed = Words(session, TABLE).closed(group_id=group_id, row_id=action_id, text=text)
    session.execute(insert(GroupAction).values(**whose, **stands))
    session.execute(insert(GroupActionWords).values(**whose, **closed))
    return action_of(session, group_id=group_id, action_id=action_id)


def edit_action(
    session: Session, *, group_id: UUID, action_id: UUID, changes: dict[str, Any], if_match: Version
) -> Any:
    """Say what became of it, or by when and by whom it will be done; its author changes its words.

    Raises NotFound, also to strangers, Forbidden "not_the_author", StaleVersion and Invalid.
    """
    refuse_strangers(session, group_id)
    row = row_in(session, GroupAction, group_id=group_id, row_id=action_id)
    text = changes.pop("text", None)
    if text is not None and row.author_id != session.membership_id:
        raise Forbidden("Only who wrote this changes its words.", code="not_the_author")
    _check(session, group_id, changes)
    edited(row, changes | {"changed_at": now()}, if_match=if_match)
    if text is not None:
        words = row_in(session, GroupActionWords, group_id=group_id, row_id=action_id)
        closed = Words(session, TABLE).closed(group_id=group_id, row_id=action_id, text=text)
        words.encrypted_text = closed["encrypted_text"]
    session.flush()
    return action_of(session, group_id=group_id, action_id=action_id)


def remove_action(session: Session, *, group_id: UUID, action_id: UUID, if_match: Version) -> None:
    """Take it back. Raises NotFound, Forbidden "not_the_author" and StaleVersion."""
    row = edited_row_in(session, GroupAction, group_id=group_id, row_id=action_id)
    if_match.check(row.version)
    session.delete(row)


def actions(group_id: UUID | None = None, *, owner_id: UUID | None = None) -> Select[Any]:
    """What was taken on in a group, or by somebody in all groups that she is in."""
    rows = select(*GroupAction.__table__.columns, GroupActionWords.encrypted_text).join(
        GroupActionWords,
        (GroupActionWords.tenant_id == GroupAction.tenant_id) & (GroupActionWords.id == GroupAction.id),
    )
    if group_id is not None:
        return only(rows, group_id=group_id)
    # Whoever has left reads her own words, and no longer what the group makes of them.
    there = exists().where(_in_its_group(), GroupMember.membership_id == owner_id)
    return only(rows, owner_id=owner_id).where(there)


def action_of(session: Session, *, group_id: UUID, action_id: UUID) -> Any:
    """One of them. Raises NotFound, also to strangers."""
    refuse_strangers(session, group_id)
    return Words(session, TABLE).opened(
        one(session, actions(group_id).where(GroupAction.id == action_id), "action")
    )


def open_actions(session: Session, *, group_id: UUID) -> list[Any]:
    """What is still to be done, what is due first before the rest."""
    rows = only(actions(group_id), state="open").order_by(GroupAction.due_on.nulls_last(), GroupAction.id)
    words = Words(session, TABLE)
    return [words.opened(row) for row in session.execute(rows)]


def _in_its_group() -> ColumnElement[bool]:
    return and_(GroupMember.tenant_id == GroupAction.tenant_id, is_present(GroupAction.group_id))


def _check(session: Session, group_id: UUID, stands: dict[str, Any]) -> None:
    owner_id, item_id = stands.get("owner_id"), stands.get("agenda_item_id")
    place = exists().where(is_present(group_id), GroupMember.membership_id == owner_id)
    if owner_id is not None and not session.scalar(select(place)):
        raise Invalid.field("/owner_id", "not_a_member", "This is no member of the group.")
    item = exists().where(AgendaItem.group_id == group_id, AgendaItem.id == item_id)
    if item_id is not None and not session.scalar(select(item)):
        raise Invalid.field("/agenda_item_id", "unknown", "This is no item of the group.")
