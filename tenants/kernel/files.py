"""Where files rest: a folder shared by API and workers, or a bucket of S3, as FILES_URL says.

Uploads wait for the job that reads them, and are forgotten when nobody comes back for them. What is kept stays until
it is deleted. Either appears whole or not at all.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from tenants.kernel.errors import Unavailable
from tenants.kernel.settings import Settings, SettingsError
from tenants.kernel.streams import CHUNK, Counted, Stored, chunks_of, unpacked

log = logging.getLogger(__name__)

UPLOADS, KEPT, SCRATCH = "uploads", "kept", "scratch"
PART = "*#*"
"""What a file in the folder is called until it is whole."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a bucket is reached. What is empty is looked for where AWS's own tools look."""

    endpoint: str = ""
    region: str = ""
    key_id: str = ""
    secret: str = field(default="", repr=False)


class FileStore:
    """Files by tenant and id. Methods raise Unavailable where the store does not answer.

    What it runs in does not survive a fork: use it in the process that needs it only.
    """

    def __init__(self, url: str, access: Access = Access()) -> None:
        parts = urlsplit(url)
        self._root = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._url, self._access = url, access

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The store of this deployment."""
        access = Access(
            settings.files_endpoint, settings.files_region, settings.files_key_id, settings.files_secret
        )
        return cls(settings.files_url, access)

    def refuse_unusable(self) -> None:
        """Raise SettingsError unless files can be kept here."""
        if self._root is None:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:  # we may fork later
                apart.submit(_try, self._url, self._access).result()
            return
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with NamedTemporaryFile(dir=self._root):
                pass
        except OSError as error:
            raise SettingsError(f"FILES_URL: {self._root} cannot be written to: {error.strerror}") from error

    def save(
        self, tenant_id: UUID, file_id: UUID, read: Callable[[int], bytes], *, most: int, gzipped: bool
    ) -> Stored:
        """Stream an upload in, unpacking gzip on the way; `most` bounds the unpacked bytes.

        Raises TooLarge or Truncated, and then leaves nothing behind.
        """
        counted = Counted(unpacked(read) if gzipped else chunks_of(read), most)
        self._put(_name(UPLOADS, tenant_id, file_id), counted)
        return counted.stored

    def fetch(self, tenant_id: UUID, file_id: UUID, into: Path) -> None:
        """Copy an upload to a file of this machine. Raises FileNotFoundError."""
        with into.open("wb") as out:
            for chunk in self._stream(_name(UPLOADS, tenant_id, file_id)):
                out.write(chunk)

    def delete(self, tenant_id: UUID, file_id: UUID) -> None:
        """Forget an upload; nothing happens if it is not there."""
        self._delete(_name(UPLOADS, tenant_id, file_id))

    def keep(self, tenant_id: UUID, file_id: UUID, chunks: Iterable[bytes]) -> None:
        """Stream in a file that is kept. What the chunks raise is raised, and then nothing is left behind."""
        self._put(_name(KEPT, tenant_id, file_id), chunks)

    def kept(self, tenant_id: UUID, file_id: UUID) -> Iterator[bytes]:
        """The bytes of a file that is kept. Raises FileNotFoundError, at once."""
        return self._stream(_name(KEPT, tenant_id, file_id))

    def kept_range(self, tenant_id: UUID, file_id: UUID, start: int, length: int) -> bytes:
        """Some bytes of a file that is kept. Raises FileNotFoundError."""
        with _answering():
            name = _name(KEPT, tenant_id, file_id)
            return bytes(obstore.get_range(self._store, name, start=start, length=length))

    def copy(self, tenant_id: UUID, file_id: UUID, *, to_tenant: UUID, to_file: UUID) -> None:
        """Give another tenant a copy of its own of a file that is kept, within the store. Raises FileNotFoundError."""
        name = _name(KEPT, to_tenant, to_file)
        with _answering():
            obstore.copy(self._store, _name(KEPT, tenant_id, file_id), name)
        self._settle(name)

    def drop(self, tenant_id: UUID, file_id: UUID) -> None:
        """Delete a file that was kept; nothing happens if it is not there."""
        self._delete(_name(KEPT, tenant_id, file_id))

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A private folder to spool to, gone afterwards."""
        if self._root is not None:
            (self._root / SCRATCH).mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryDirectory(dir=self._root and self._root / SCRATCH) as folder:
            yield Path(folder)

    def forget_older_than(self, age: timedelta) -> int:
        """Delete what nobody came back for: rosters name people. How many files went."""
        gone = 0
        for names in self._older(f"{UPLOADS}/", age):
            for name in names:
                self._delete(name)
            gone += len(names)
        return gone + self._forget_parts(age)

    def forget_unknown(self, age: timedelta, known: Callable[[UUID, set[UUID]], set[UUID]]) -> int:
        """Delete what is kept for nobody: a tenant's files of that age that are not `known`. How many went."""
        with _answering():
            folders = obstore.list_with_delimiter(self._store, f"{KEPT}/")["common_prefixes"]
        gone = 0
        for tenant_id in _ids(folders):
            for names in self._older(f"{KEPT}/{tenant_id}/", age):
                ids = _ids(names)
                unknown = ids - known(tenant_id, ids)
                for file_id in unknown:
                    self.drop(tenant_id, file_id)
                gone += len(unknown)
        return gone

    @cached_property
    def _store(self) -> LocalStore | S3Store:
        if self._root is not None:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            return LocalStore(self._root)
        said = {
            "endpoint": self._access.endpoint,
            "region": self._access.region,
            "access_key_id": self._access.key_id,
            "secret_access_key": self._access.secret,
        }
        return S3Store(
            self._bucket,
            prefix=self._prefix or None,
            config={name: value for name, value in said.items() if value},  # type: ignore[arg-type]
            client_options={"allow_http": self._access.endpoint.startswith("http:"), "connect_timeout": "5s"},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )

    def _put(self, name: str, chunks: Iterable[bytes]) -> None:
        ours = _Fallible(chunks)
        try:
            with _answering(missing=True):
                obstore.put(self._store, name, ours)
        except Unavailable:
            if ours.fault is not None:  # rather than what came of giving the upload up
                raise ours.fault from None
            raise
        self._settle(name)

    def _settle(self, name: str) -> None:
        """See to it that what was written survives the machine."""
        if self._root is not None:
            for path in (self._root / name, (self._root / name).parent):
                _sync(path)

    def _stream(self, name: str) -> Iterator[bytes]:
        with _answering():
            found = obstore.get(self._store, name)
        return _answered(bytes(chunk) for chunk in found.stream(min_chunk_size=CHUNK))

    def _delete(self, name: str) -> None:
        with _answering(), suppress(FileNotFoundError):
            obstore.delete(self._store, name)

    def _older(self, prefix: str, age: timedelta) -> Iterator[list[str]]:
        oldest = datetime.now(UTC) - age
        with _answering():
            for page in obstore.list(self._store, prefix):
                yield [each["path"] for each in page if each["last_modified"] < oldest]

    def _forget_parts(self, age: timedelta) -> int:
        """What a process left that was killed while it wrote."""
        if self._root is None:
            return 0
        oldest, gone = time.time() - age.total_seconds(), 0
        for path in (*self._root.rglob(PART), *self._root.glob(f"{SCRATCH}/*/*")):
            with suppress(FileNotFoundError):  # whoever used it may have finished meanwhile
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    gone += 1
        return gone


class _Fallible:
    """Chunks, and what went wrong with them."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.fault: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._chunks
        except Exception as fault:
            self.fault = fault
            raise


@contextmanager
def _answering(*, missing: bool = False) -> Iterator[None]:
    """Say so where the store fails; `missing`: also where it knows of no such place."""
    failures: tuple[type[Exception], ...] = (BaseError, FileNotFoundError) if missing else (BaseError,)
    try:
        yield
    except failures as error:
        log.error("the file store failed: %s", str(error).partition("\n")[0])
        raise Unavailable("The file store does not answer just now.", retry_after=5) from error


def _answered(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with _answering():
        yield from chunks


def _try(url: str, access: Access) -> None:
    store, name = FileStore(url, access), f"{SCRATCH}/{os.urandom(8).hex()}"
    try:
        obstore.put(store._store, name, b"")
        obstore.delete(store._store, name)
    except (BaseError, OSError, ValueError) as error:
        said = " ".join(str(error).partition("\n\nDebug source")[0].split())[:500]
        raise SettingsError(f"FILES_URL: {url} cannot be written to: {said}") from None


def _name(area: str, tenant_id: UUID, file_id: UUID) -> str:
    return f"{area}/{tenant_id}/{file_id}"


def _ids(names: Iterable[str]) -> set[UUID]:
    """The ids at the end of these names; what has none is not ours."""
    found = set()
    for name in names:
        with suppress(ValueError):
            found.add(UUID(name.rpartition("/")[2]))
    return found


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
