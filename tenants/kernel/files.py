"""Where uploads rest: a folder shared by API and workers, named by FILES_URL."""

import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import unquote, urlsplit
from uuid import UUID

from tenants.kernel.settings import SettingsError

CHUNK = 1 << 18
MOST_STREAMS = 10_000
"""In one gzip file. Empty ones would cost time without ever filling it."""


class TooLarge(Exception):
    """More bytes than the store accepts for one file."""


class Truncated(Exception):
    """The compressed stream ended early, is not gzip, or consists of too many."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file at rest: its size in bytes and its SHA-256 in hex."""

    size: int
    sha256: str


class FileStore:
    """Files by tenant and id. A file appears whole or not at all."""

    def __init__(self, url: str) -> None:
        self._root = Path(unquote(urlsplit(url).path))

    def refuse_unusable(self) -> None:
        """Raise SettingsError unless files can be kept here."""
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with NamedTemporaryFile(dir=self._root):
                pass
        except OSError as error:
            raise SettingsError(f"FILES_URL: {self._root} cannot be written to: {error.strerror}") from error

    def path(self, tenant_id: UUID, file_id: UUID) -> Path:
        """Where a file rests."""
        return self._root / str(tenant_id) / str(file_id)

    def save(
        self, tenant_id: UUID, file_id: UUID, read: Callable[[int], bytes], *, most: int, gzipped: bool
    ) -> Stored:
        """Stream a file in, unpacking gzip on the way; `most` bounds the unpacked bytes.

        Raises TooLarge or Truncated, and then leaves nothing behind.
        """
        target = self.path(tenant_id, file_id)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = target.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}.part")
        size, digest = 0, sha256()
        try:
            with part.open("wb") as out:
                for chunk in _unpacked(read) if gzipped else _chunks(read):
                    size += len(chunk)
                    if size > most:
                        raise TooLarge
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return Stored(size, digest.hexdigest())

    @contextmanager
    def scratch(self, tenant_id: UUID) -> Iterator[Path]:
        """A private file to spool to, gone afterwards."""
        path = self.path(tenant_id, UUID(bytes=os.urandom(16))).with_suffix(".scratch")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def forget_older_than(self, age: timedelta) -> int:
        """Delete what nobody came back for: rosters name people. How many files went."""
        oldest = time.time() - age.total_seconds()
        gone = 0
        for path in self._root.glob("*/*"):
            with suppress(FileNotFoundError):  # whoever used it may have finished meanwhile
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    gone += 1
        return gone

    def delete(self, tenant_id: UUID, file_id: UUID) -> None:
        """Forget a file; nothing happens if it is not there."""
        self.path(tenant_id, file_id).unlink(missing_ok=True)


def _chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while chunk := read(CHUNK):
        yield chunk


def _unpacked(read: Callable[[int], bytes]) -> Iterator[bytes]:
    unpack, streams = zlib.decompressobj(wbits=31), 1
    try:
        for chunk in _chunks(read):
            waiting = chunk
            while waiting:
                if unpack.eof:  # gzip files may be several streams, one after another
                    unpack, streams = zlib.decompressobj(wbits=31), streams + 1
                    if streams > MOST_STREAMS:
                        raise Truncated(f"it has more than {MOST_STREAMS:,} streams")
                yield unpack.decompress(waiting, CHUNK)
                waiting = unpack.unused_data or unpack.unconsumed_tail
        while not unpack.eof and (rest := unpack.decompress(b"", CHUNK)):
            yield rest
    except zlib.error as error:
        raise Truncated(str(error)) from error
    if not unpack.eof:
        raise Truncated("the gzip stream ends early")
