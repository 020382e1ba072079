"""What somebody wrote in a group: hers to take with her, and to have gone. And what has expired.

Which tables hold words follows from what they are made of, so that no new one is left out.
"""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Select,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)

from tenants.groups.models import Group, GroupMember
from tenants.groups.places import hold_group
from tenants.groups.private import ENCRYPTED
from tenants.kernel.base import Base
from tenants.kernel.errors import NotFound
from tenants.kernel.session import Database, Session
from tenants.support import resources
from tenants.support.tips import unshare_all

STANDING = {
    "charter_version": "what the group agreed on, which its versions tell",
    "curriculum_version": "what the group agreed to talk about",
}
"""Words that stay when their author takes hers away, and why."""
EXPIRING = {"agenda_item_words", "group_action_words", "meeting_note", "ask"}
KEPT = {
    **STANDING,
    "act": "what members did for one another counts as long as they do",
    "checklist": "made to be used again",
    "group_invitation": "expires in 30 days by itself, and its author takes it back",
    "meeting_link": "serves until it is changed",
    "resource": "put on a shelf to be found again, and dated",
    "retrospective_entry": "what a group looks back at, year by year",
    "tip": "dated, and looked at again by its author",
}
"""Words that do not expire with the rest, and why. What a group agreed on and has found out outlasts a year."""
MOST_EXPIRED_AT_ONCE = 10_000
_EXPIRE = text("SELECT door.expire_words(:most)")


@cache
def tables_of_words() -> tuple[Table, ...]:
    """Every table behind the group wall that keeps words of its authors."""
    needed = {"group_id", "author_id", "written_at"}
    return tuple(
        table
        for _, table in sorted(Base.metadata.tables.items())
        if needed <= {*table.c.keys()} and _words_in(table)
    )


def own_words(session: Session, *, group_id: UUID) -> Select[Any]:
    """All that the session's member wrote in a group, whether she is still in it or not: of each `kind` the ciphertexts
    by column, to be opened row by row. Raises NotFound to whoever never was in it.
    """
    _refuse_strangers(session, group_id)
    parts = []
    for table in tables_of_words():
        sealed = [
            item for each in _words_in(table) for item in (literal(each.name), func.encode(each, "hex"))
        ]
        columns = (table.c.id, table.c.group_id, table.c.written_at)
        kind = literal(table.name, Text).label("kind")
        said = func.json_build_object(*sealed).label("sealed")
        parts.append(select(*columns, kind, said).where(_own(session, table, group_id)))
    found = union_all(*parts).subquery("found")
    return select(*found.c)


def take_words_away(session: Session, *, group_id: UUID) -> None:
    """Delete all that the session's member wrote in a group, what is `STANDING` excepted. No event tells of it.

    What she shared leaves the digest and the shelves as well, and her files go. Questions that she asked without a name
    cannot be found. Raises NotFound to whoever never was in the group.
    """
    _refuse_strangers(session, group_id)
    hold_group(session, group_id)  # before what she invited goes, as whoever accepts an invitation does
    unshare_all(session, group_id=group_id)
    resources.remove_all(session, group_id=group_id)
    for table in tables_of_words():
        if table.name not in STANDING:
            hers = select(table.c.id).where(_own(session, table, group_id))
            whole = _holder(table)
            session.execute(delete(whole).where(whole.c.id.in_(hers)))


def forget_expired_words(database: Database) -> None:
    """Delete what groups keep no longer, in all tenants: some of each kind, the oldest first."""
    with database.nobody() as session:
        session.execute(_EXPIRE, {"most": MOST_EXPIRED_AT_ONCE})
        session.commit()


def _words_in(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if column.name.startswith(ENCRYPTED)]


def _own(session: Session, table: Table, group_id: UUID) -> ColumnElement[bool]:
    """SQL: a row of hers that says something: an act without a note has none of her words."""
    said = or_(*(column.is_not(None) for column in _words_in(table)))
    return and_(table.c.group_id == group_id, table.c.author_id == session.membership_id, said)


def _holder(table: Table) -> Table:
    """The table whose rows hold those of `table`, and go with them: where its id is another's, that one."""
    keys: set[ForeignKey] = table.c.id.foreign_keys
    return next((key.column.table for key in keys), table)


def _refuse_strangers(session: Session, group_id: UUID) -> None:
    was_in = exists().where(
        GroupMember.group_id == group_id,
        GroupMember.membership_id == session.membership_id,
        GroupMember.admitted_at.is_not(None),
        Group.tenant_id == GroupMember.tenant_id,
        Group.id == GroupMember.group_id,
        Group.state != "formed",
    )
    if not session.scalar(select(was_in)):
        raise NotFound("group")
