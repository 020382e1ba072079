"""Files of resources on their way in and out. No transaction is open while their bytes flow."""

import base64
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast
from unicodedata import category
from uuid import UUID

from tenants.kernel.errors import Invalid
from tenants.kernel.files import FileStore
from tenants.kernel.ids import new_id
from tenants.kernel.sealing import PLAIN, FileKey
from tenants.kernel.streams import Counted, chunks_of
from tenants.support.file_types import EXTENSIONS, check_content

MOST_BYTES = 25_000_000
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]')


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is in the store, whole and what it says it is, and that no row refers to yet."""

    id: UUID
    media_type: str
    size: int
    sha256: str
    key: FileKey


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it is handed out."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    key: FileKey

    def content(self, files: FileStore, tenant_id: UUID) -> Iterator[bytes]:
        """Its bytes in the clear. Raises FileNotFoundError, at once, and CannotDecrypt."""
        return self.key.opened(files.kept(tenant_id, self.id))


def take_in(files: FileStore, *, tenant_id: UUID, media_type: str, read: Callable[[int], bytes]) -> Arrived:
    """Stream a file of this type of `EXTENSIONS` into the store, encrypted from the first byte on.

    Raises TooLarge, Invalid "empty" and "not_what_it_says"; then nothing is left behind.
    """
    file_id = new_id()
    key = FileKey.new(tenant_id=tenant_id, file_id=file_id)
    counted = Counted(chunks_of(read), MOST_BYTES)
    files.keep(tenant_id, file_id, key.sealed(counted))
    stored = counted.stored
    try:
        if stored.size == 0:
            raise Invalid.field("", "empty", "The file is empty.")
        reader = key.reader(partial(files.kept_range, tenant_id, file_id), stored.size)
        check_content(cast(BinaryIO, io.BufferedReader(reader, PLAIN)), media_type)
    except BaseException:
        files.drop(tenant_id, file_id)
        raise
    return Arrived(file_id, media_type, stored.size, stored.sha256, key)


def written(key: FileKey) -> str:
    """A key as text, to be encrypted."""
    return base64.b64encode(key.secret).decode()


def read_key(text: str, *, tenant_id: UUID, file_id: UUID) -> FileKey:
    """The key that was `written`."""
    return FileKey(base64.b64decode(text), tenant_id=tenant_id, file_id=file_id)


def safe_name(name: str, media_type: str) -> str:
    """A file name that leads nowhere and says what the file is, whatever was asked for."""
    extension = EXTENSIONS[media_type]
    visible = "".join(each for each in name if category(each)[0] != "C")
    stem = _NOT_IN_NAMES.sub("_", visible).removesuffix(f".{extension}").strip(". ")
    return f"{stem[:100] or 'file'}.{extension}"
