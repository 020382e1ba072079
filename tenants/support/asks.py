"""What members ask of their group and offer to it."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from tenants.groups.private import Words, edited_row_in, own_row_in, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited
from tenants.kernel.session import Session
from tenants.support.models import Ask

TABLE = Ask.__tablename__


def ask(session: Session, *, group_id: UUID, kind: str, title: str, text: str | None = None) -> Any:
    """Ask, or offer. No event tells of it. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    words, ask_id = Words(session, TABLE), new_id()
    row = Ask(
        id=ask_id,
        group_id=group_id,
        author_id=session.membership_id,
        kind=kind,
        **words.closed(group_id=group_id, row_id=ask_id, title=title, text=text),
    )
    session.add(row)
    session.flush()
    return words.opened(row)


def edit_ask(
    session: Session, *, group_id: UUID, ask_id: UUID, changes: dict[str, Any], if_match: Version
) -> Any:
    """Change what one asked, or say that it is answered. Raises NotFound, Forbidden and StaleVersion."""
    row, words = edited_row_in(session, Ask, group_id=group_id, row_id=ask_id), Words(session, TABLE)
    said = {name: changes.pop(name) for name in ("title", "text") if name in changes}
    edited(row, changes | words.closed(group_id=group_id, row_id=ask_id, **said), if_match=if_match)
    session.flush()
    return words.opened(row)


def remove_ask(session: Session, *, group_id: UUID, ask_id: UUID, if_match: Version) -> None:
    """Take one's words back. Raises NotFound, Forbidden and StaleVersion."""
    row = own_row_in(session, Ask, group_id=group_id, row_id=ask_id)
    if_match.check(row.version)
    session.delete(row)


def ask_of(session: Session, *, group_id: UUID, ask_id: UUID) -> Any:
    """One of them. Raises NotFound."""
    return Words(session, TABLE).opened(row_in(session, Ask, group_id=group_id, row_id=ask_id))


def asks(group_id: UUID, kind: str | None, state: str | None) -> Select[Any]:
    """What a group's members ask and offer, as far as the session may read it."""
    rows = select(*Ask.__table__.columns).where(Ask.group_id == group_id)
    if kind is not None:
        rows = rows.where(Ask.kind == kind)
    return rows if state is None else rows.where(Ask.state == state)
