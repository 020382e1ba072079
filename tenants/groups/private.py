"""What members of a group write: rows behind the group wall, their words under the group's key.

A word `text` is in a column `encrypted_text`, as JSON and bound to its row. It has no second copy anywhere.
"""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import ForeignKeyConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.queries import refuse_strangers
from tenants.kernel.base import TenantRow, belongs_to
from tenants.kernel.crypto import Place
from tenants.kernel.errors import Forbidden, NotFound
from tenants.kernel.keys import Safe, safes
from tenants.kernel.session import Session

ENCRYPTED = "encrypted_"
PLAIN = frozenset({"charter_version"})
"""Tables whose words are kept as they are, and not as JSON: from before."""
AnyRow = TypeVar("AnyRow", bound=TenantRow)


class Written:
    """A row that a member wrote. The database says when, and the group wall goes by it."""

    group_id: Mapped[UUID]
    author_id: Mapped[UUID]
    written_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


def of_group_and_author() -> Sequence[ForeignKeyConstraint]:
    """The foreign keys of a `Written` row."""
    return belongs_to("peer_group", "group_id"), belongs_to("membership", "author_id")


class Words:
    """Closes and opens what a table holds of groups' words. It looks for each group's key once.

    Not to be used beyond the transaction in which it closed something.
    """

    def __init__(self, session: Session, table: str) -> None:
        self._session = session
        self._table = table
        self._safes: dict[UUID, Safe] = {}

    def find_keys(self, group_ids: set[UUID]) -> None:
        """Look for the keys of these groups at once."""
        self._safes |= safes(self._session, group_ids)

    def of(self, table: str) -> "Words":
        """The words of another table, by the keys that were found already."""
        other = Words(self._session, table)
        other._safes = self._safes
        return other

    def closed(self, *, group_id: UUID, row_id: UUID, **words: Any) -> dict[str, bytes | None]:
        """The columns that keep these words in a row of a group: texts, or what else JSON can say, or None."""
        safe, columns = self._safe(group_id), dict[str, bytes | None]()
        for name, word in words.items():
            column = ENCRYPTED + name
            said = None if word is None else orjson.dumps(word).decode()
            columns[column] = None if said is None else safe.encrypted(said, self._place(column, row_id))
        return columns

    def word(self, column: str, ciphertext: bytes | None, *, group_id: UUID, row_id: UUID) -> Any:
        """What one column keeps. Raises CannotDecrypt and MasterKeyMissing."""
        if ciphertext is None:
            return None
        said = self._safe(group_id).decrypted(ciphertext, self._place(column, row_id))
        return said if self._table in PLAIN else orjson.loads(said)

    def opened(self, row: Any) -> SimpleNamespace:
        """A row of the table (an object, or of a SELECT with id and group_id) with its words in the clear."""
        shown = dict(row._mapping) if hasattr(row, "_mapping") else _columns(row)
        for column in [name for name in shown if name.startswith(ENCRYPTED)]:
            shown[column.removeprefix(ENCRYPTED)] = self.word(
                column, shown.pop(column), group_id=shown["group_id"], row_id=shown["id"]
            )
        return SimpleNamespace(**shown)

    def _safe(self, group_id: UUID) -> Safe:
        return self._safes.setdefault(group_id, Safe(self._session, group_id=group_id))

    def _place(self, column: str, row_id: UUID) -> Place:
        return Place(self._table, column, row_id)


def row_in(session: Session, model: type[AnyRow], *, group_id: UUID, row_id: UUID) -> AnyRow:
    """A row of a group that the session may read. Raises NotFound, for another group's as for none."""
    row = session.get(model, (session.tenant_id, row_id))
    if row is None or row.group_id != group_id:  # type: ignore[attr-defined]
        raise NotFound(model.__tablename__.replace("_", " "))
    return row


def own_row_in(session: Session, model: type[AnyRow], *, group_id: UUID, row_id: UUID) -> AnyRow:
    """As `row_in`, to be taken back: what a member wrote is hers, also once she has left. Raises Forbidden
    "not_the_author" as well.
    """
    row = row_in(session, model, group_id=group_id, row_id=row_id)
    if row.author_id != session.membership_id:  # type: ignore[attr-defined]
        raise Forbidden("Only who wrote this changes it.", code="not_the_author")
    return row


def edited_row_in(session: Session, model: type[AnyRow], *, group_id: UUID, row_id: UUID) -> AnyRow:
    """As `own_row_in`, to be changed: only while she is in the group. Raises NotFound to whoever has left."""
    refuse_strangers(session, group_id)
    return own_row_in(session, model, group_id=group_id, row_id=row_id)


def _columns(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}
