"""A document as JSON and as CSV in long format, bit by bit. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from tenants.reporting.forms.lists import is_list, lines_of
from tenants.reporting.forms.reading import (
    MEASURES,
    MEDIAN_KEYS,
    Document,
    cover_rows,
    medians_of,
    names_of,
    rows_of,
)

DECIMALS = 6
HEADER = ("part", "section", "name", "key", "value", "as_of", "frozen")
DIMENSION = ("dimension", "code", "label")
# A spreadsheet takes a cell that starts so for a formula.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")

Dimension = tuple[str, str, Any]
Row = tuple[tuple[Any, ...], tuple[Dimension, ...]]


def as_json(document: Document) -> Iterator[bytes]:
    """The document with sorted keys, fractions to six decimals; each key and each section has its own line."""
    opening = b"{\n"
    for key in sorted(document):
        yield opening + orjson.dumps(key) + b": "
        opening = b",\n"
        if key == "sections":
            between = b"[\n"
            for section in document[key]:
                yield between + _json(section)
                between = b",\n"
            yield b"\n]" if document[key] else b"[]"
        else:
            yield _json(document[key])
    yield b"\n}\n"


def as_csv(document: Document) -> Iterator[bytes]:
    """One value a row, named by its section, its table or figure and a code of each dimension. Not shown: empty.

    The columns are `HEADER`, then `DIMENSION` as often as the document's widest table asks. A document that names
    people has a row for each of its own (`lists.lines_of`).
    """
    if is_list(document):
        yield from map(_line, lines_of(document))
        return
    most = max((len(dimensions) for _, dimensions in _rows(document)), default=0)
    numbered = [f"{name}_{number}" for number in range(1, most + 1) for name in DIMENSION]
    yield _line((*HEADER, *numbered))
    for values, dimensions in _rows(document):
        flat = [part for dimension in dimensions for part in dimension]
        yield _line((*values, *flat, *([""] * (len(DIMENSION) * most - len(flat)))))


def rounded(value: Any) -> Any:
    """What is written of a value: fractions to six decimals."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, Mapping):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return value


def _json(value: Any) -> bytes:
    return orjson.dumps(rounded(value), option=orjson.OPT_SORT_KEYS)


def _rows(document: Document) -> Iterator[Row]:
    yield from (_said("report", key=key, value=document[key]) for key in ("report_id", "audience"))
    yield _said("cover", key="Title", value=document["cover"]["title"])
    yield from (_said("cover", key=term, value=text) for term, text in cover_rows(document))
    for definition in document["definitions"]:
        for key in ("title", "text", "inputs", "caveats"):
            said = definition[key]
            for value in [said] if isinstance(said, str) else said:
                yield _said("definition", name=definition["id"], key=key, value=value)
    for section in document["sections"]:
        for table in section["tables"]:
            yield from _cells(section["id"], table)
        for figure in section["figures"]:
            yield from _numbers(section["id"], figure)
        for note in section["notes"]:
            yield _said("note", section=section["id"], key="note", value=note)
    for note in document["notes"]:
        yield _said("note", key="note", value=note)


def _said(part: str, *, section: str = "", name: str = "", key: str, value: Any) -> Row:
    return (part, section, name, key, value, "", ""), ()


def _cells(section: str, table: Mapping[str, Any]) -> Iterator[Row]:
    labels = [
        (each["name"], {code["code"]: code["label"] for code in each["codes"]})
        for each in table["dimensions"]
    ]
    for cell in table["cells"]:
        values = (
            "cell", section, table["name"], table["unit"], cell["value"], cell["as_of"],
            "yes" if cell["frozen"] else "no",
        )  # fmt: skip
        at = cell["at"]
        yield values, tuple((name, at[name], of.get(at[name], at[name])) for name, of in labels if name in at)


def _numbers(section: str, figure: Mapping[str, Any]) -> Iterator[Row]:
    for labels, row in rows_of(figure):
        named = zip(names_of(figure), labels, strict=True)
        dimensions: tuple[Dimension, ...] = tuple((name, "", label) for name, label in named)
        for key, _, _ in MEASURES[figure["kind"]]:
            yield ("figure", section, figure["id"], key, row.get(key), "", ""), dimensions
    for name, median in medians_of(figure):
        for key in (*MEDIAN_KEYS, "within"):
            values = ("figure", section, figure["id"], f"median_{key}", median.get(key), "", "")
            yield values, (("Series", "", name),)


def _line(values: Iterable[Any]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([_safe(rounded(value)) for value in values])
    return out.getvalue().encode()


def _safe(value: Any) -> Any:
    formula = isinstance(value, str) and (value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA))
    return f"'{value}" if formula else value
