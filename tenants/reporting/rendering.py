"""A report as bytes: JSON, and CSV in long format. The same report gives the same bytes. Pure."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

DECIMALS = 6
HEADER = ("metric", "table", "label", "key", "value")
# A spreadsheet takes a cell that starts so for a formula.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")


def as_json(document: Mapping[str, Any]) -> bytes:
    """The document with sorted keys, fractions to six decimals."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(_rounded(document), option=options)


def as_csv(document: Mapping[str, Any]) -> bytes:
    """One value a row: metric, table, label, key, value. A hidden value is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for row in _rows(_rounded(document)):
        writer.writerow([_safe(value) for value in row])
    return out.getvalue().encode()


RENDER = {"json": as_json, "csv": as_csv}
"""By format."""


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for key in ("report_id", "audience", "funder", "as_of"):
        yield "report", "", "", key, document[key]
    yield from _of("report", "scope", "", document["scope"])
    for note in document["notes"]:
        yield "report", "", "", "note", note
    for definition in document["definitions"]:
        for key in ("title", "text"):
            yield definition["id"], "definition", "", key, definition[key]
    for metric, tables in document["metrics"].items():
        for table, found in tables.items():
            yield from _of(metric, table, "", found)


def _of(metric: str, table: str, label: str, found: Any, path: str = "") -> Iterator[tuple[Any, ...]]:
    """The values of a table, nested keys joined by a dot, each under the label of its row."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            if key == "total":
                yield from _of(metric, table, key, value)
            else:
                yield from _of(metric, table, label, value, f"{path}.{key}".removeprefix("."))
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for place, value in enumerate(found):
            if isinstance(value, Mapping):
                rows = table if path == "cells" else f"{table}.{path}"
                named = {key: each for key, each in value.items() if key not in _LABELS}
                yield from _of(metric, rows, _label(value), named)
            else:
                yield from _of(metric, table, label, value, f"{path}.{place}")
    else:
        yield metric, table, label, path, found


_LABELS = ("label", "time", "year", "after", "until")


def _label(row: Mapping[str, Any]) -> str:
    return "-".join(str(row[key]) for key in _LABELS if key in row)


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
