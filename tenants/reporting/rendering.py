"""A report as bytes: JSON, and CSV in long format. The same report gives the same bytes. Pure."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

DECIMALS = 6
HEADER = ("section", "part", "label", "key", "value", "as_of")
# A spreadsheet takes a cell that starts so for a formula.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")


def as_json(document: Mapping[str, Any]) -> bytes:
    """The document with sorted keys, fractions to six decimals."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(_rounded(document), option=options)


def as_csv(document: Mapping[str, Any]) -> bytes:
    """One value a row. A number that is not shown is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for row in _rows(_rounded(document)):
        writer.writerow([_safe(value) for value in row])
    return out.getvalue().encode()


RENDER = {"json": as_json, "csv": as_csv}
"""By format."""


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for key in ("report_id", "audience", "funder"):
        yield "report", "", "", key, document[key], ""
    for key, value in document["scope"].items():
        yield "report", "scope", "", key, value, ""
    yield "report", "cover", "", "institution", document["cover"]["institution"], ""
    yield "report", "cover", "", "as_of", document["as_of"], ""
    for note in document["notes"]:
        yield "report", "", "", "note", note, ""
    for definition in document["definitions"]:
        yield definition["id"], "definition", definition["title"], "text", definition["text"], ""
    for section in document["sections"]:
        for table in section["tables"]:
            for cell in table["cells"]:
                label = "; ".join(f"{name}={code}" for name, code in cell["at"].items()) or "total"
                yield section["definition"], table["name"], label, table["unit"], cell["value"], cell["as_of"]


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
