"""Fetching one row: from a path, from a body, or to edit a version of it."""

from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, literal_column
from sqlalchemy.exc import IntegrityError

from tenants.kernel.base import TenantRow
from tenants.kernel.errors import Invalid, NotFound
from tenants.kernel.session import Session

# Ours, which is one of them, has begun.
_OLDEST_UNDER_WAY: ColumnElement[Any] = literal_column(
    "(SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database())"
)
AnyRow = TypeVar("AnyRow", bound=TenantRow)


class Version(Protocol):
    """What a caller says it has read."""

    def check(self, version: int) -> None:
        """Raise StaleVersion unless the caller has read this version."""


def row_of(session: Session, model: type[AnyRow], row_id: UUID, what: str | None = None) -> AnyRow:
    """The row of an id in a path. Raises NotFound, for another tenant's row as for none."""
    row = session.get(model, (session.tenant_id, row_id))
    if row is None:
        raise NotFound(what or model.__tablename__.replace("_", " "))
    return row


def row_held(session: Session, model: type[AnyRow], row_id: UUID) -> AnyRow:
    """As `row_of`, and until the transaction ends nobody changes the row or comes to refer to it."""
    row = session.get(model, (session.tenant_id, row_id), with_for_update=True)
    if row is None:
        raise NotFound(model.__tablename__.replace("_", " "))
    return row


def row_named(session: Session, model: type[AnyRow], row_id: UUID, *, pointer: str) -> AnyRow:
    """The row of an id in a body. Raises Invalid at `pointer`."""
    try:
        return row_of(session, model, row_id)
    except NotFound as missing:
        raise Invalid.field(pointer, "unknown", missing.detail) from None


def one(session: Session, rows: Select[Any], what: str, **parameters: Any) -> Row[Any]:
    """The single row of a SELECT. Raises NotFound."""
    row = session.execute(rows, parameters).one_or_none()
    if row is None:
        raise NotFound(what)
    return row


def broken_rule(error: IntegrityError) -> str:
    """The constraint that PostgreSQL says was broken, by its name."""
    return str(getattr(error.orig, "diag").constraint_name)  # noqa: B009 - drivers in general have none


def only(rows: Select[Any], **wanted: Any) -> Select[Any]:
    """Those rows of a list that show these values in these columns; None stands for any."""
    columns = rows.selected_columns
    return rows.where(*(columns[name] == value for name, value in wanted.items() if value is not None))


def changed_since(updated_at: Any) -> ColumnElement[bool]:
    """Rows changed since the parameter `updated_since`, up to the begin of the oldest transaction under way.

    A row says when its transaction began, and is seen once that has ended. Without the upper end, whoever
    goes on from the last change that they saw would miss all that a longer transaction had begun before.
    """
    return and_(updated_at >= bindparam("updated_since"), updated_at < _OLDEST_UNDER_WAY)


def edited(row: Any, changes: dict[str, Any], *, if_match: Version) -> list[str]:
    """Set `changes` on a row that has the version its caller read; the keys that really changed.

    Raises StaleVersion. The UPDATE that follows checks the version again.
    """
    if_match.check(row.version)
    changed = [name for name, value in changes.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, changes[name])
    return changed
