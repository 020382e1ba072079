"""Which record is the header, and which delimiter it is written with."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from unicodedata import normalize

from tenants.cohorts.tabular.encoding import TextFile
from tenants.cohorts.tabular.records import BadRow, Record, records_of
from tenants.cohorts.tabular.unreadable import UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
HEADER_RECORDS = 50
"""How many non-blank records are looked at."""
HEADER_LINES = 1_000
"""Nor is any looked at after this physical line."""

# A row of another delimiter's empty cells is blank as well.
_TEXT = re.compile(r'[^\s",;|]')
_Fault = BadRow | UnreadableFile


class Header(NamedTuple):
    """A record read as a header; `places` says where each wanted name stands, nowhere included."""

    delimiter: str
    record: Record
    names: list[str]
    places: dict[str, list[int]]

    @property
    def missing(self) -> list[str]:
        """The wanted names that stand nowhere."""
        return [name for name, places in self.places.items() if not places]

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Complete before incomplete; then the first exact one, or the one nearest to what is wanted."""
        line, width = self.record.first, len(self.names)
        if self.missing:
            return (0, -len(self.missing), width, -line)
        exact = all(self.names[places[0]] == name for name, places in self.places.items())
        return (1, exact, -line, width)


def clean_names(cells: Sequence[str]) -> list[str]:
    """The cells stripped and in NFC, the form in which names are compared."""
    return [normalize("NFC", cell.strip()) for cell in cells]


def find_header(file: TextFile, wanted: Sequence[str]) -> Header:
    """The header that holds all of these clean names.

    Raises `UnreadableFile`: empty_file, missing_columns, duplicate_header, nul_character, or the code of what
    kept every delimiter from finding a record.
    """
    best: Header | None = None
    faults: list[_Fault] = []
    for delimiter in DELIMITERS:
        try:
            for found in _candidates(file, delimiter, wanted, faults):
                best = max(best or found, found, key=lambda header: header.rank)
        except UnreadableFile as error:
            faults.append(error)
    fatal = [fault for fault in faults if isinstance(fault, UnreadableFile)]
    if faults and (best is None or (best.missing and len(fatal) == len(DELIMITERS))):
        fault = (fatal or faults)[0]
        raise UnreadableFile(fault.code, fault.line, fault.message)
    if best is None:
        raise UnreadableFile("empty_file", None, f"The file has no text in its first {HEADER_LINES:,} lines.")
    _refuse_unusable(best)
    return best


def _candidates(
    file: TextFile, delimiter: str, wanted: Sequence[str], faults: list[_Fault]
) -> Iterator[Header]:
    seen = 0
    with file.open() as text:
        for record in records_of(text, delimiter):
            if isinstance(record, BadRow):
                faults.append(record)
                seen += 1
            elif any(map(_TEXT.search, record.cells)):
                names = clean_names(record.cells)
                yield Header(delimiter, record, names, _places(names, wanted))
                seen += 1
            last = record.line if isinstance(record, BadRow) else record.last
            if seen == HEADER_RECORDS or last >= HEADER_LINES:
                return


def _places(names: Sequence[str], wanted: Sequence[str]) -> dict[str, list[int]]:
    exact: dict[str, list[int]] = {}
    folded: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        exact.setdefault(name, []).append(place)
        folded.setdefault(name.casefold(), []).append(place)
    return {name: exact.get(name) or folded.get(name.casefold(), []) for name in wanted}


def _refuse_unusable(header: Header) -> None:
    line = header.record.first
    if header.missing:
        missing = ", ".join(quoted(name) for name in header.missing)
        present = ", ".join(quoted(name) for name, places in header.places.items() if places)
        # Nothing else of the line is said: in a file without a header it is somebody's row.
        message = (
            f"No header has {missing}; the nearest is line {line}, with {present or 'none of the columns'}."
        )
        raise UnreadableFile("missing_columns", line, message)
    for name, places in header.places.items():
        if len(places) > 1:
            message = f"Line {line}: {len(places)} columns are named {quoted(name)}; rename all but one."
            raise UnreadableFile("duplicate_header", line, message)
    if any("\0" in name for name in header.names):
        raise UnreadableFile("nul_character", line, f"Line {line}: the header holds a NUL character.")


def quoted(name: str) -> str:
    """A name from the file as a message can show it: short and printable."""
    shown = name if len(name) <= 60 else name[:59] + "…"
    return '"' + "".join(character if character.isprintable() else "\ufffd" for character in shown) + '"'
