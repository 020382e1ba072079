"""Which encoding a file has, and its text."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tenants.cohorts.tabular.unreadable import UnreadableFile

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TITLES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "UTF-8 or Windows-1252",
}
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file known to be text of `encoding` (a codec name) after a byte order mark of `mark` bytes."""

    path: Path
    encoding: str
    mark: int

    @contextmanager
    def open(self) -> Iterator[io.TextIOWrapper]:
        """The text from its start, line ends as they are in the file."""
        with self.path.open("rb") as file:
            file.seek(self.mark)
            with io.TextIOWrapper(file, encoding=self.encoding, newline="") as text:
                yield text


def text_file(path: Path) -> TextFile:
    """Decode all of the file once to learn its encoding.

    Raises `UnreadableFile` (undecodable_text) at the first line that is not of the encoding.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return _checked(TextFile(path, encoding, len(mark)))
    if encoding := _unmarked_utf16(start):
        return _checked(TextFile(path, encoding, 0))
    utf8 = TextFile(path, "utf-8", 0)
    fault = _first_fault(utf8)
    if fault is None:
        return utf8
    if fault.after_letters:  # what was UTF-8 so far is so by no chance: the file was cut or pasted together
        raise _undecodable(utf8, fault)
    return _checked(TextFile(path, "cp1252", 0))


def _unmarked_utf16(start: bytes) -> str:
    """Text of mostly Latin letters in UTF-16 has a NUL in most pairs of bytes, always on the same side."""
    first, second, enough = start[0::2].count(0), start[1::2].count(0), max(1, len(start) // 4)
    if second >= enough and first * 10 <= second:
        return "utf-16-le"
    if first >= enough and second * 10 <= first:
        return "utf-16-be"
    return ""


class _Fault(NamedTuple):
    """The first bytes that are not of an encoding: their line, and whether letters beyond ASCII precede them."""

    line: int
    after_letters: bool


def _checked(file: TextFile) -> TextFile:
    fault = _first_fault(file)
    if fault is not None:
        raise _undecodable(file, fault)
    return file


def _undecodable(file: TextFile, fault: _Fault) -> UnreadableFile:
    text = _TITLES[file.encoding]
    message = f"Line {fault.line} is not {text} text; save the file as UTF-8 and try again."
    return UnreadableFile("undecodable_text", fault.line, message)


def _first_fault(file: TextFile) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(file.encoding)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    line, plain = 1, True
    with file.path.open("rb") as source:
        source.seek(file.mark)
        while True:
            chunk = source.read(_CHUNK)
            try:
                text = decoder.decode(chunk, not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(file.encoding)
                line += newlines.decode(before, True).count("\n")
                return _Fault(line, not (plain and before.isascii()))
            line += newlines.decode(text, not chunk).count("\n")
            plain = plain and text.isascii()
            if not chunk:
                return None
