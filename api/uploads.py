"""Receiving a file: streamed into the file store while no transaction is open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from flask import current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from tenants.kernel.files import FileStore, Stored, TooLarge, Truncated
from tenants.kernel.ids import new_id


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
