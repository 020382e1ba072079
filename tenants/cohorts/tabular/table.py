"""A file as a table: its header, then its rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from tenants.cohorts.tabular.encoding import text_file
from tenants.cohorts.tabular.header import clean_names, find_header, quoted
from tenants.cohorts.tabular.records import MAX_CELL, BadRow, Record, cell_too_long, line_range, records_of


@dataclass(frozen=True, slots=True)
class Row:
    """A readable row: the line it starts on and a cell (stripped, NFC) for each name of the header."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """An open file whose header is known; iterate it, once, for its rows in file order.

    `columns` maps each wanted name, as it was asked for, to its place in `header` and in every `Row.cells`.
    `encoding` is utf-8, utf-16-le, utf-16-be or cp1252. Iterating skips blank rows, and raises
    `UnreadableFile` (unterminated_quote, field_too_long, record_too_long) where no later row can be trusted:
    rows that were already yielded are then part of a refused file.
    """

    encoding: str
    delimiter: str
    header: list[str]
    header_line: int
    columns: dict[str, int]
    _records: Iterator[Record | BadRow]

    def __iter__(self) -> Iterator[Row | BadRow]:
        width = len(self.header)
        for record in self._records:
            if isinstance(record, BadRow):
                yield record
                continue
            cells = [cell.strip() for cell in record.cells]
            text = "".join(cells)
            if not text:
                continue
            if len(cells) != width or len(text) > MAX_CELL or "\0" in text:
                fault = self._fault(record, cells)
                if fault:
                    yield fault
                    continue
                del cells[width:]
            if not text.isascii():
                cells = [normalize("NFC", cell) for cell in cells]
            yield Row(record.first, cells)

    def _fault(self, record: Record, cells: list[str]) -> BadRow | None:
        if max(map(len, cells)) > MAX_CELL:
            raise cell_too_long(record.first)
        width, where = len(self.header), line_range(record.first, record.last)
        if len(cells) < width or any(cells[width:]):
            message = f"{where}: {len(cells)} cells were found where the header has {width} columns."
            return BadRow(record.first, None, "ragged_row", message)
        for name, cell in zip(self.header, cells, strict=False):
            if "\0" in cell:
                message = f"{where}: the cell of column {quoted(name)} holds a NUL character; remove it."
                return BadRow(record.first, name, "nul_character", message)
        return None


@contextmanager
def open_table(path: Path, *, wanted: Sequence[str]) -> Iterator[Table]:
    """Open the file and find its header.

    The header is the first of the first 50 non-blank records (up to line 1,000) that holds every wanted name
    exactly, names stripped and in NFC; where none does, the first that does so in any letter case. What
    stands above it is skipped.

    Raises `UnreadableFile`; `OSError` if the file cannot be opened; `ValueError` if no name or a blank one is
    wanted.
    """
    names = clean_names(wanted)
    if not all(names) or not names:
        raise ValueError("name at least one wanted column, and none with a blank name")
    file = text_file(path)
    header = find_header(file, names)
    with file.open() as text:
        records = records_of(text, header.delimiter)
        next(record for record in records if record == header.record)
        columns = {asked: header.places[name][0] for asked, name in zip(wanted, names, strict=True)}
        first = header.record.first
        yield Table(file.encoding, header.delimiter, header.names, first, columns, records)
