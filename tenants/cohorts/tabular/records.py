"""The records of a delimited text, with the physical lines that they stand on."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tenants.cohorts.tabular.unreadable import UnreadableFile

MAX_CELL = 100_000
"""Characters of one cell. csv itself stops at 131,072, which bounds what an unclosed quote can swallow."""
MAX_RECORD = 1_000_000
"""Characters of one record; what keeps memory constant whatever the file."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used although the file goes on: ragged_row, stray_quote or nul_character.

    `line` is the one it starts on; `column` the header's name of the faulty cell, None where the whole row
    is at fault.
    """

    line: int
    column: str | None
    code: str
    message: str


class Record(NamedTuple):
    """A record from its first to its last physical line, blank or not, with its cells untouched."""

    first: int
    last: int
    cells: list[str]


def line_range(first: int, last: int) -> str:
    """How a message begins that speaks of these lines."""
    return f"Line {first}" if first == last else f"Lines {first} to {last}"


def cell_too_long(line: int) -> UnreadableFile:
    """The refusal of a file with a cell over MAX_CELL in the record that starts on this line."""
    message = (
        f"The row on line {line} has a cell of more than {MAX_CELL:,} characters; is a quote not closed?"
    )
    return UnreadableFile("field_too_long", line, message)


def records_of(text: io.TextIOWrapper, delimiter: str) -> Iterator[Record | BadRow]:
    """Yield every record, or a `BadRow` (stray_quote) for the lines of one that cannot be told apart.

    Raises `UnreadableFile` (unterminated_quote, field_too_long, record_too_long).
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _stray_quote(lines, delimiter, error)
        else:
            yield Record(lines.first, reader.line_num, cells)
        lines.next_record()


class _Lines:
    """The physical lines of a text; `held` are those of the record being read, of which `first` is one."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.first = 1
        self.held: list[str] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        size = 0
        while line := self.text.readline(MAX_RECORD + 1):
            size = size + len(line) if self.held else len(line)
            if size > MAX_RECORD:
                message = f"Line {self.first} starts a row of over {MAX_RECORD:,} characters."
                raise UnreadableFile("record_too_long", self.first, message)
            self.held.append(line)
            yield line
        self.ended = True

    def next_record(self) -> None:
        self.first += len(self.held)
        self.held.clear()


def _stray_quote(lines: _Lines, delimiter: str, error: csv.Error) -> BadRow:
    last = lines.first + len(lines.held) - 1
    if str(error).startswith("field larger"):
        raise cell_too_long(lines.first) from error
    if lines.ended:
        (cells,) = csv.reader(lines.held, delimiter=delimiter, skipinitialspace=True)
        in_cell = len(list(io.StringIO(cells[-1], newline=""))) or 1
        opened = last - in_cell + 1
        message = f"Line {opened} opens a quote that is never closed; close it, or remove it."
        raise UnreadableFile("unterminated_quote", opened, message) from error
    where = line_range(lines.first, last)
    message = f"{where}: text follows a closing quote; a quote inside a cell is written twice."
    return BadRow(lines.first, None, "stray_quote", message)
