"""Files in and out: streamed to and from the file store while no transaction is open."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote
from uuid import UUID

from flask import Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from tenants.kernel.errors import NotFound
from tenants.kernel.files import FileStore
from tenants.kernel.ids import new_id
from tenants.kernel.streams import Stored, TooLarge, Truncated
from tenants.reporting.files import ReportDownload
from tenants.support.file_types import EXTENSIONS
from tenants.support.resource_files import MOST_BYTES, Arrived, Download, take_in

KEPT_TYPES = tuple(EXTENSIONS)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has arrived whole."""

    tenant_id: UUID
    file_id: UUID
    stored: Stored

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Forget the file again unless the block ends well."""
        try:
            yield
        except BaseException:
            _files().delete(self.tenant_id, self.file_id)
            raise


def receive(tenant_id: UUID, *, accepts: str) -> Upload:
    """The request's body as a stored file.

    Aborts with 415 for another type or coding, 413 beyond `max_upload_bytes`, 400 for broken gzip.
    """
    if request.mimetype != accepts:
        raise UnsupportedMediaType(f"Send the file as Content-Type: {accepts}.")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise UnsupportedMediaType("Send the file plain or with Content-Encoding: gzip.")
    most = current_app.extensions["settings"].max_upload_bytes
    request.max_content_length = most + 1  # so that a chunked body of exactly `most` bytes is read to its end
    file_id = new_id()
    try:
        stored = _files().save(tenant_id, file_id, _whole_body(), most=most, gzipped=coding == "gzip")
    except TooLarge:
        raise RequestEntityTooLarge(f"A file has at most {most:,} bytes, unpacked.") from None
    except Truncated as broken:
        raise BadRequest(f"The gzip stream is broken: {broken}.") from None
    return Upload(tenant_id, file_id, stored)


@dataclass(frozen=True, slots=True)
class KeptUpload:
    """A file that has arrived whole, is what it says, and waits for a row that refers to it."""

    tenant_id: UUID
    file: Arrived

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Delete the file again unless the block ends well, or the database leaves it open whether it has."""
        try:
            yield
        except SQLAlchemyError:  # what has no row then, house-keeping deletes
            raise
        except BaseException:
            _files().drop(self.tenant_id, self.file.id)
            raise


def receive_kept(tenant_id: UUID) -> KeptUpload:
    """The request's body as a file that is kept, encrypted.

    Aborts with 415 for a type that is not taken or any coding, 413 beyond `MOST_BYTES`. Raises Invalid for content that
    is not what its type says.
    """
    if request.mimetype not in EXTENSIONS:
        raise UnsupportedMediaType(f"Send the file as one of: {', '.join(EXTENSIONS)}.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the file without a Content-Encoding.")
    too_large = RequestEntityTooLarge(f"A file has at most {MOST_BYTES:,} bytes.")
    if (request.content_length or 0) > MOST_BYTES:
        raise too_large
    request.max_content_length = MOST_BYTES + 1
    try:
        arrived = take_in(_files(), tenant_id=tenant_id, media_type=request.mimetype, read=_whole_body())
    except TooLarge:
        raise too_large from None
    return KeptUpload(tenant_id, arrived)


def send(tenant_id: UUID, found: Download | ReportDownload) -> Response:
    """A file that is handed out as one, never to be shown in place. Raises NotFound if it went meanwhile."""
    tag = f'"{found.sha256}"'
    if request.if_none_match.contains_weak(found.sha256):
        return Response(status=304, headers={"ETag": tag})
    try:
        content = found.content(_files(), tenant_id)
        first = next(content)  # what does not open is an error, not half a file
    except FileNotFoundError:
        raise NotFound("file") from None
    charset = "; charset=utf-8" if found.media_type.startswith("text/") else ""
    response = Response(chain((first,), content), content_type=found.media_type + charset)
    response.content_length = found.size
    plain = re.sub(r"[^ !#-\[\]-~]", "_", found.name)
    response.headers.update(
        {
            "ETag": tag,
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "private, no-store",
        }
    )
    return response


def _whole_body() -> Callable[[int], bytes]:
    """What reads the body. Aborts with 400 if the caller leaves before all that Content-Length says has come."""
    awaited = request.content_length or 0

    def read(size: int) -> bytes:
        nonlocal awaited
        chunk: bytes = request.stream.read(size)
        awaited -= len(chunk)
        if not chunk and awaited > 0:
            raise BadRequest(f"The file is {awaited:,} bytes short of its Content-Length; send it again.")
        return chunk

    return read


def _files() -> FileStore:
    files: FileStore = current_app.extensions["files"]
    return files
