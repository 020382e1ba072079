"""What a tenant keeps in files: that there is one and how long it is, whoever may know what it is.

The rows are the truth. A file comes before its row and goes after it, so that what has no row is nobody's.
"""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import BigInteger, delete, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow
from tenants.kernel.errors import Conflict, Unavailable
from tenants.kernel.files import FileStore
from tenants.kernel.session import Database, Session

GRACE = timedelta(days=1)
"""How old a file must be that has no row, as it may be on its way in."""
_ONE_BY_ONE = text("SELECT pg_advisory_xact_lock(hashtextextended('kept' || :tenant, 0))")
_DROPPED = "dropped_files"


class KeptFile(Created, TenantRow):
    """A file in the store, of so many bytes in the clear. It tells of nobody; only what refers to it does."""

    __tablename__ = "kept_file"

    size: Mapped[int] = mapped_column(BigInteger)


def refuse_beyond(session: Session, *, size: int, most: int) -> None:
    """Raise Conflict "storage_full" if the tenant would keep more than `most` bytes."""
    held = session.scalar(select(func.coalesce(func.sum(KeptFile.size), 0)))
    if int(held or 0) + size > most:
        raise Conflict(
            f"All files of this tenant together may have {most:,} bytes; delete some first.",
            code="storage_full",
        )


def keep(session: Session, *, file_id: UUID, size: int, most: int) -> None:
    """Write down that a file is there. Raises Conflict as `refuse_beyond`, also where several come at once."""
    session.execute(_ONE_BY_ONE, {"tenant": str(session.tenant_id)})
    refuse_beyond(session, size=size, most=most)
    session.add(KeptFile(id=file_id, size=size))
    session.flush()


def drop(session: Session, file_id: UUID) -> None:
    """Forget a file that nothing refers to any more. It is deleted once this is committed: `delete_dropped`."""
    session.execute(delete(KeptFile).where(KeptFile.id == file_id))
    session.info.setdefault(_DROPPED, []).append(file_id)


def delete_dropped(session: Session, files: FileStore) -> None:
    """Delete, after the commit, what was dropped before. What is not reached now, `forget_orphans` deletes."""
    with suppress(Unavailable):  # the store has said so in the log
        for file_id in session.info.pop(_DROPPED, ()):
            files.drop(session.tenant_id, file_id)


def forget_orphans(database: Database, files: FileStore, *, age: timedelta = GRACE) -> int:
    """Delete files without a row, of all tenants; how many went."""

    def known(tenant_id: UUID, ids: set[UUID]) -> set[UUID]:
        with database.tenant(tenant_id) as session:
            return set(session.scalars(select(KeptFile.id).where(KeptFile.id.in_(ids))))

    return files.forget_unknown(age, known)
