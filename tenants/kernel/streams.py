"""Bytes on their way in: bounded, counted, unpacked, in constant memory."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

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


class Counted:
    """Chunks that are counted and digested as they pass. Raises TooLarge beyond `most` bytes."""

    def __init__(self, chunks: Iterable[bytes], most: int) -> None:
        self._chunks, self._most = chunks, most
        self._size, self._digest = 0, sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._size += len(chunk)
            if self._size > self._most:
                raise TooLarge
            self._digest.update(chunk)
            yield chunk

    @property
    def stored(self) -> Stored:
        """What has passed."""
        return Stored(self._size, self._digest.hexdigest())


def chunks_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """What there is to read, bit by bit."""
    while chunk := read(CHUNK):
        yield chunk


def unpacked(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """What was gzipped. Raises Truncated."""
    unpack, streams = zlib.decompressobj(wbits=31), 1
    try:
        for chunk in chunks_of(read):
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
