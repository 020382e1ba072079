"""Files of reports: in the file store before a row refers to them, and handed out while no transaction is open.

What came into the store and never into the database, house-keeping deletes (`tenants.kernel.kept`).
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from tenants.kernel.errors import NotFound
from tenants.kernel.files import FileStore
from tenants.kernel.ids import new_id
from tenants.kernel.kept import KeptFile
from tenants.kernel.session import Session
from tenants.kernel.streams import Counted
from tenants.reporting.models import ReportFile
from tenants.reporting.named.models import NamedDocumentFile
from tenants.reporting.pools.models import PooledFile
from tenants.reporting.release_models import ReceivedFile

TYPES: Mapping[str, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "pdf": "application/pdf",
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The media type of each format."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file of a report that is in the store; its size in bytes, its SHA-256 in hex."""

    id: UUID
    format: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReportDownload:
    """A file of a report as it is handed out, by a name that tells nothing of whom it is about."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str

    def content(self, files: FileStore, tenant_id: UUID) -> Iterator[bytes]:
        """Its bytes. Raises FileNotFoundError, at once."""
        return files.kept(tenant_id, self.id)


def write_files(
    files: FileStore, *, tenant_id: UUID, contents: Mapping[str, Iterable[bytes]]
) -> list[Written]:
    """Stream the content of each format into the store. What a content raises is raised."""
    return [_written(files, tenant_id, form, content) for form, content in contents.items()]


def add_files(
    session: Session,
    of: type[ReportFile | PooledFile | NamedDocumentFile],
    written: Sequence[Written],
    **whose: UUID,
) -> None:
    """Let a report or document have files that were written. They count among what the tenant keeps, and are never
    refused. ``whose``: the column that names it, with its id.
    """
    session.add_all(KeptFile(id=each.id, size=each.size) for each in written)
    session.flush()
    session.add_all(
        of(**whose, format=each.format, file_id=each.id, size=each.size, sha256=each.sha256)
        for each in written
    )


def file_of(session: Session, *, report_id: UUID, format_: str) -> ReportDownload:
    """The file of a report in this format. Raises NotFound."""
    of_it = select(ReportFile).where(ReportFile.report_id == report_id, ReportFile.format == format_)
    found = session.scalar(of_it) if format_ in TYPES else None
    if found is None:
        raise NotFound("file of this report")
    return download_of(found, f"report-{report_id}")


def download_of(
    file: ReportFile | ReceivedFile | PooledFile | NamedDocumentFile, name: str
) -> ReportDownload:
    """A file as it is handed out, by this name and its format."""
    named = f"{name}.{file.format}"
    return ReportDownload(file.file_id, named, TYPES[file.format], file.size, file.sha256)


def _written(files: FileStore, tenant_id: UUID, form: str, content: Iterable[bytes]) -> Written:
    file_id, counted = new_id(), Counted(content, sys.maxsize)
    files.keep(tenant_id, file_id, counted)
    return Written(file_id, form, counted.stored.size, counted.stored.sha256)
