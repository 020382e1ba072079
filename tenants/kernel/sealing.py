"""Files that only the holder of their key reads: chunk by chunk, in constant memory.

Each file has a key of its own, which is kept encrypted where the file is known. A chunk is AES-256-GCM; its nonce says
which one it is and whether it is the last, so that none can be left out, moved or cut off unnoticed.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.kernel.crypto import FORMAT, CannotDecrypt, new_secret

PLAIN = 1 << 16
"""Bytes of a chunk, but for the last one."""
TAG = 16
SEALED = PLAIN + TAG


class FileKey:
    """The key of one file of a tenant, which encrypts nothing else."""

    def __init__(self, secret: bytes, *, tenant_id: UUID, file_id: UUID) -> None:
        self.secret = secret
        self._cipher = AESGCM(secret)
        self._bound_to = FORMAT + b"file\0" + tenant_id.bytes + file_id.bytes

    @classmethod
    def new(cls, *, tenant_id: UUID, file_id: UUID) -> "FileKey":
        """A key for a file that is about to be written."""
        return cls(new_secret(), tenant_id=tenant_id, file_id=file_id)

    def sealed(self, content: Iterable[bytes]) -> Iterator[bytes]:
        """The content as it is kept."""
        for number, chunk, last in _chunks(content, PLAIN):
            yield self._cipher.encrypt(_nonce(number, last), chunk, self._bound_to)

    def opened(self, kept: Iterable[bytes]) -> Iterator[bytes]:
        """What was kept, each chunk once it has proved true. Raises CannotDecrypt."""
        for number, chunk, last in _chunks(kept, SEALED):
            yield self._opened(number, chunk, last)

    def reader(self, read: Callable[[int, int], bytes], size: int) -> "SealedReader":
        """A file that is kept, of so many bytes in the clear; `read(start, length)` reads what is kept of it."""

        def chunk(number: int) -> bytes:
            start = number * SEALED
            length = min(SEALED, sealed_size(size) - start)
            return self._opened(number, read(start, length), last=start + length == sealed_size(size))

        return SealedReader(chunk, size)

    def _opened(self, number: int, chunk: bytes, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number, last), chunk, self._bound_to)
        except (InvalidTag, ValueError):
            raise CannotDecrypt("A file does not open: it was altered, or is under another key.") from None


class SealedReader(io.RawIOBase):
    """Reads anywhere in a sealed file. It remembers the chunk that it read last."""

    def __init__(self, chunk: Callable[[int], bytes], size: int) -> None:
        self._chunk, self._size = chunk, size
        self._place, self._number, self._held = 0, -1, b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the clear; nothing is read yet."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        """Where it is, in the clear."""
        return self._place

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """As much as the chunk has from here on. Raises CannotDecrypt."""
        if self._place >= self._size:
            return 0
        number, within = divmod(self._place, PLAIN)
        if number != self._number:
            self._held, self._number = self._chunk(number), number
        part = self._held[within : within + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)


def sealed_size(size: int) -> int:
    """How many bytes are kept of a file of so many."""
    return size + TAG * max(1, -(-size // PLAIN))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _chunks(content: Iterable[bytes], size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Chunks of this size with their numbers; the last, shorter perhaps, is told as such."""
    held, number = bytearray(), 0
    for part in content:
        held += part
        while len(held) > size:
            yield number, bytes(held[:size]), False
            del held[:size]
            number += 1
    yield number, bytes(held), True
