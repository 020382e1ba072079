"""A document as a workbook (XLSX): a sheet for the cover, the definitions, each table and each figure. Pure.

Every string is written as one, so that none is a formula or a link; numbers are whole, and formatted.
"""

import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from tenants.reporting.forms.charts import png_of
from tenants.reporting.forms.lists import grid_of, is_list, terms_of
from tenants.reporting.forms.plain import rounded
from tenants.reporting.forms.reading import (
    NOT_SHOWN,
    Document,
    Grid,
    Number,
    clean,
    cover_rows,
    grids_of,
    long_grid,
    told,
)

MOST_SIGNS = 32_767
"""In one cell."""
FORMATS = {"count": "#,##0", "share": "0.0%", "number": "0.000", "x": "General"}
LABELS, NUMBERS = 32, 16
"""Widths of columns, in signs."""


def as_xlsx(document: Document) -> Iterator[bytes]:
    """One workbook; the same document gives the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    day = dt.datetime.fromisoformat(document["as_of"])
    said = {"title": document["cover"]["title"], "author": document["cover"]["institution"]}
    book.set_properties({**{key: clean(text)[:255] for key, text in said.items()}, "created": day})
    pages = _Pages(book)
    parts = list(_parts(document))
    names = [_name(number, part.grid.name) for number, part in enumerate(parts, 1)]
    contents = [(name, f"{part.section}: {part.grid.title}") for name, part in zip(names, parts, strict=True)]
    pages.text("Cover", ("What", "Said"), [*_cover(document), ("Sheets", ""), *contents])
    if not is_list(document):
        pages.text("Definitions", ("Definition", "Said"), _definitions(document))
    pages.text("Notes", ("Section", "Note"), _notes(document))
    for name, part in zip(names, parts, strict=True):
        pages.numbers(name, part)
    book.close()
    yield out.getvalue()


class _Pages:
    """The sheets of a workbook and how their cells look."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._text = book.add_format({"text_wrap": True, "valign": "top"})
        self._mark = book.add_format({"align": "right"})
        self._forms = {form: book.add_format({"num_format": said}) for form, said in FORMATS.items()}

    def text(self, name: str, head: Iterable[str], rows: Iterable[tuple[str, str]]) -> None:
        """A sheet of terms and what is said of them."""
        sheet = self._sheet(name, head)
        sheet.set_column(0, 0, LABELS)
        sheet.set_column(1, 1, 90)
        for place, row in enumerate(rows, 1):
            for column, text in enumerate(row):
                _string(sheet, place, column, text, self._text)

    def numbers(self, name: str, part: "_Part") -> None:
        """A sheet of numbers, each of a table with its day, and the picture of a figure beside them."""
        grid, width = part.grid, len(part.grid.head)
        sheet = self._sheet(name, [*grid.head, *(["As of"] if part.as_of else [])])
        sheet.set_column(0, width, NUMBERS)
        if grid.labels:
            sheet.set_column(0, grid.labels - 1, LABELS)
        for place, row in enumerate(grid.rows, 1):
            for column, cell in enumerate(row):
                self._cell(sheet, place, column, cell)
            number = row[-1]
            if part.as_of and isinstance(number, Number) and number.value is not None:
                _string(sheet, place, width, number.since or part.as_of, self._text)
        if part.figure and (picture := png_of(part.figure)):
            how = {"image_data": io.BytesIO(picture), "description": told(part.figure), "x_scale": 0.5}
            sheet.insert_image(1, width + 1, f"{name}.png", {**how, "y_scale": 0.5})

    def _sheet(self, name: str, head: Iterable[str]) -> Worksheet:
        sheet: Worksheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for column, title in enumerate(head):
            _string(sheet, 0, column, title, self._head)
        return sheet

    def _cell(self, sheet: Worksheet, row: int, column: int, cell: str | float | Number) -> None:
        if isinstance(cell, Number) and cell.value is None:
            _string(sheet, row, column, NOT_SHOWN, self._mark)
        elif isinstance(cell, Number):
            sheet.write_number(row, column, rounded(cell.value), self._forms[cell.form])
        elif isinstance(cell, str):
            _string(sheet, row, column, cell, self._text)
        else:
            sheet.write_number(row, column, cell, self._forms["x"])


def _string(sheet: Worksheet, row: int, column: int, text: str, look: Format) -> None:
    sheet.write_string(row, column, clean(text)[:MOST_SIGNS], look)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a sheet shows: as_of the day of a table's numbers; figure what is drawn beside them."""

    section: str
    grid: Grid
    as_of: str | None = None
    figure: dict[str, Any] | None = None


def _cover(document: Document) -> list[tuple[str, str]]:
    title = ("Title", document["cover"]["title"])
    if is_list(document):
        return [title, *terms_of(document)]
    legend = f"“{NOT_SHOWN}” stands for every number that is not shown, whatever the reason."
    return [title, *cover_rows(document), (NOT_SHOWN, legend)]


def _parts(document: Document) -> Iterator[_Part]:
    as_of = document["as_of"]
    if is_list(document):
        yield from (_Part(clean(each["title"]), grid_of(each)) for each in document["sections"])
        return
    for section in document["sections"]:
        title = clean(section["title"])
        for table in section["tables"]:
            yield _Part(title, long_grid(table, as_of=as_of), as_of)
        for figure in section["figures"]:
            behind, *medians = grids_of(figure)
            yield _Part(title, behind, figure=figure)
            yield from (_Part(title, grid) for grid in medians)


def _definitions(document: Document) -> Iterator[tuple[str, str]]:
    for each in document["definitions"]:
        yield each["id"], f"{each['title']}. {each['text']}"
        yield each["id"], f"Counted from: {', '.join(each['inputs'])}."
        yield from ((each["id"], caveat) for caveat in each["caveats"])


def _notes(document: Document) -> Iterator[tuple[str, str]]:
    for section in document["sections"]:
        if "definition" in section:
            yield section["title"], f"Definition: {section['definition']}"
        yield from ((section["title"], note) for note in section["notes"])
    yield from (("Report", note) for note in document["notes"])


def _name(number: int, name: str) -> str:
    """A sheet's name: numbered, so that no two are one; at most 31 signs and none that is not allowed."""
    allowed = re.sub(r"[^\w. -]", "_", clean(name))
    return f"{number} {allowed}"[:31].rstrip()
