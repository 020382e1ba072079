"""What there is to read of a document: grids of labels and numbers, and figures in words. Pure.

Every form reads the same grids, so that what is printed, drawn and told is the same. A number that is not shown is None
here and `NOT_SHOWN` where it is printed, whatever the reason.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NOT_SHOWN = "–"
ALL = "All"
"""The label of a dimension that a cell sums over."""
FOR = {"internal": "The institution itself", "funder": "A funder", "public": "The public"}
MOST_COLUMNS = 6
"""Codes that the last dimension of a table may have and still be its columns."""
MOST_TOLD = 12
MEDIAN_KEYS, MEDIAN_HEAD = ("estimate", "lower", "upper"), ("Median", "Lower", "Upper")
INDENT = "\u2003"
"""Before a code that is a part of the one above it, in a table for the eye."""
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_FORMATS = {"share": "{:.1f} %", "count": "{:,}", "number": "{:.3f}", "x": "{:g}"}

Label = str | float
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Number:
    """A shown number, or None.

    form: count, share (a fraction, printed as percent), number, or x (a place on an axis).
    since: the day it is of, where that is not the report's.
    """

    value: float | None
    form: str
    since: str | None = None

    def __str__(self) -> str:
        if self.value is None:
            return NOT_SHOWN
        said = _FORMATS[self.form].format(100 * self.value if self.form == "share" else self.value)
        return f"{said} (as of {self.since})" if self.since else said


Row = tuple[Label | Number, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it is read: the first `labels` columns name a row, the others are numbers."""

    name: str
    title: str
    head: tuple[str, ...]
    labels: int
    rows: tuple[Row, ...]

    def texts(self) -> Iterator[list[str]]:
        """The rows in words."""
        for row in self.rows:
            yield [f"{round(cell, 3):g}" if isinstance(cell, float | int) else str(cell) for cell in row]


def clean(text: object) -> str:
    """Text without what is not seen: control characters, and marks that turn the direction of what follows."""
    visible = _UNSEEN.sub("", str(text))
    return "".join(
        " " if unicodedata.category(each) in ("Cc", "Cs", "Cn", "Co") else each for each in visible
    )


def cover_rows(document: Document) -> list[tuple[str, str]]:
    """What the cover says, term by term."""
    cover = document["cover"]
    since, until = cover["period"]["since"], cover["period"]["until"]
    corrected = "; ".join(map(_correction, cover.get("corrections", ())))
    rows = [
        ("Institution", cover["institution"]),
        ("Report for", document["funder"] or FOR[document["audience"]]),
        *_whose(document),
        ("Period", f"{since} to {until}" if since else f"Up to {until}"),
        ("As of", cover["as_of"]),
        ("Fiscal year", cover["fiscal_year"]),
        ("Definitions", ", ".join(cover["definitions"])),
        *([] if "sources" in cover else [("Approved by", _approval(cover["approved_by"]))]),
        *([("Corrections since the last report", corrected)] if corrected else []),
        ("Coverage", cover["coverage"]["text"]),
        ("Not shown", cover["suppression"]),
        ("Digest of the inputs", document["inputs"]["sha256"]),
    ]  # fmt: skip
    return [(term, clean(text)) for term, text in rows]


def _whose(document: Document) -> list[tuple[str, str]]:
    """Of whom the report is: a program and perhaps a cohort, or several institutions."""
    if "sources" not in document["cover"]:
        cohort = document["scope"]["cohort"] or "All cohorts of the program"
        return [("Program", document["scope"]["program"]), ("Cohort", cohort)]
    sources = [
        f"{each['institution']}{' (declared)' if each['declared'] else ''}: {_people(each['counted'])}"
        for each in document["cover"]["sources"]
    ]
    return [("People counted", "; ".join(sources))]


def _people(number: int | None) -> str:
    return "not shown" if number is None else str(Number(number, "count"))


def _approval(approved: Mapping[str, Any] | None) -> str:
    return f"{approved['name']}, {approved['at']}" if approved else "Not approved"


def _correction(said: Mapping[str, Any]) -> str:
    cells = "1 number" if said["cells"] == 1 else f"{said['cells']} numbers"
    return f"{said['addressee'] or FOR['public']}, as of {said['as_of']}: {cells}, sent on {said['sent_on']}"


def long_grid(table: Mapping[str, Any], *, as_of: str, indented: bool = False) -> Grid:
    """A table with a row for each cell, a column for each dimension, and one for the number."""
    dimensions = [_Dimension.of(each, indented=indented) for each in table["dimensions"]]
    rows: list[Row] = [
        (*(dimension.label(cell["at"]) for dimension in dimensions), _number(cell, as_of))
        for cell in sorted(table["cells"], key=lambda cell: [each.place(cell["at"]) for each in dimensions])
    ]
    head = (*(clean(each.title) for each in dimensions), clean(table["unit"]).capitalize())
    return Grid(table["name"], clean(table["title"]), head, len(dimensions), tuple(rows))


def wide_grid(table: Mapping[str, Any], *, as_of: str) -> Grid:
    """A table for the eye: its last dimension across where it has few codes, parts of a code indented below it."""
    if len(table["dimensions"]) < 2 or len(table["dimensions"][-1]["codes"]) > MOST_COLUMNS:
        return long_grid(table, as_of=as_of, indented=True)
    *down, across = (_Dimension.of(each, indented=True) for each in table["dimensions"])
    columns = sorted({across.both(cell["at"]) for cell in table["cells"]})
    found: dict[tuple[Any, ...], dict[Any, Number]] = {}
    for cell in table["cells"]:
        row = tuple(each.both(cell["at"]) for each in down)
        found.setdefault(row, {})[across.both(cell["at"])] = _number(cell, as_of)
    empty = Number(None, "count")
    rows: list[Row] = [
        (*(label for _, label in row), *(found[row].get(column, empty) for column in columns))
        for row in sorted(found)
    ]
    title = f"{clean(table['title'])} ({clean(table['unit'])})"
    head = (*(clean(each.title) for each in down), *(label for _, label in columns))
    return Grid(table["name"], title, head, len(down), tuple(rows))


@dataclass(frozen=True, slots=True)
class _Dimension:
    name: str
    title: str
    codes: Mapping[str, tuple[int, str]]

    @classmethod
    def of(cls, said: Mapping[str, Any], *, indented: bool) -> "_Dimension":
        """A code below another is named after it, "West › Utah", or indented; not if it comes first, as years do."""
        above = {code["code"]: code["above"] for code in said["codes"]}
        labels = {code["code"]: clean(code["label"]) for code in said["codes"]}
        places = {code: place for place, code in enumerate(labels)}
        codes = {}
        for code, place in places.items():
            path = [code]
            while (parent := above.get(path[0])) in places and places[parent] < places[path[0]]:
                path.insert(0, parent)
            whole = " › ".join(labels[each] for each in path)
            codes[code] = (place, INDENT * (len(path) - 1) + labels[code] if indented else whole)
        return cls(said["name"], said["title"], codes)

    def place(self, at: Mapping[str, str]) -> int:
        return (
            self.codes.get(at[self.name], (len(self.codes),))[0] if self.name in at else len(self.codes) + 1
        )

    def both(self, at: Mapping[str, str]) -> tuple[int, str]:
        return self.place(at), self.label(at)

    def label(self, at: Mapping[str, str]) -> str:
        if self.name not in at:
            return ALL
        return self.codes[at[self.name]][1] if at[self.name] in self.codes else clean(at[self.name])


def _number(cell: Mapping[str, Any], as_of: str) -> Number:
    other = cell["value"] is not None and cell["as_of"] and (cell["frozen"] or cell["as_of"] != as_of)
    return Number(cell["value"], "count", cell["as_of"] if other else None)


INTERVAL = (("share", "Share", "share"), ("lower", "Lower", "share"), ("upper", "Upper", "share"))
MEASURES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "curve": (
        ("y", "Share", "share"), ("lower", "Lower", "share"), ("upper", "Upper", "share"),
        ("at_risk", "At risk", "count"),
    ),
    "funnel": (("count", "Count", "count"), *INTERVAL),
    "multiples": (("count", "Count", "count"), *INTERVAL),
    "estimates": (
        ("estimate", "Estimate", "number"), ("lower", "Lower", "number"), ("upper", "Upper", "number"),
        ("n", "N", "count"),
    ),
}  # fmt: skip
"""By kind of figure: the key, the heading and the form of each number."""


def rows_of(figure: Mapping[str, Any]) -> Iterator[tuple[tuple[Label, ...], Mapping[str, Any]]]:
    """Each row of numbers behind a figure, and what names it."""
    match figure["kind"]:
        case "curve":
            for name, points in _curves(figure):
                yield from (((clean(name), float(point["x"])), point) for point in points)
        case "multiples":
            for panel in figure["panels"]:
                yield from (((clean(panel["label"]), clean(row["label"])), row) for row in panel["rows"])
        case kind:
            rows = figure["stages" if kind == "funnel" else "rows"]
            yield from (((clean(row["label"]),), row) for row in rows)


def _curves(figure: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The series of a curve, and what they are compared with."""
    for series in figure["series"]:
        yield series["name"], series["points"]
    if figure["reference"]:
        yield figure["reference"]["label"], figure["reference"]["points"]


def names_of(figure: Mapping[str, Any]) -> tuple[str, ...]:
    """The headings of what names a row behind a figure."""
    return {
        "curve": ("Series", clean(figure.get("x", "x"))),
        "funnel": ("Stage",),
        "multiples": ("Panel", "Stage"),
        "estimates": ("Of",),
    }[figure["kind"]]


def grids_of(figure: Mapping[str, Any]) -> list[Grid]:
    """The numbers behind a figure, and the medians of its series if it has some."""
    measures, names = MEASURES[figure["kind"]], names_of(figure)
    titles = {"y": clean(figure.get("y", "")), "estimate": clean(figure.get("x", ""))}
    head = (*names, *(titles.get(key) or title for key, title, _ in measures))
    rows = tuple(
        (*labels, *(Number(row.get(key), form) for key, _, form in measures))
        for labels, row in rows_of(figure)
    )
    grids = [Grid(figure["id"], f"Numbers behind: {clean(figure['title'])}", head, len(names), rows)]
    medians = list(medians_of(figure))
    if medians:
        title = f"Medians: {clean(figure['title'])}"
        rows = tuple((name, *(_median(median, key) for key in MEDIAN_KEYS)) for name, median in medians)
        grids.append(Grid(f"{figure['id']}.median", title, ("Series", *MEDIAN_HEAD), 1, rows))
    return grids


def _median(median: Mapping[str, Any], key: str) -> Number | str:
    """A median or an end of its interval, or how far it is beyond."""
    if median.get(key) is None and "within" in median:
        return f"not reached within {round(median['within'], 3):g} years"
    return Number(median.get(key), "number")


def medians_of(figure: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The series of a figure and the median of each: none of its numbers where there is no curve."""
    for series in figure.get("series", ()):
        yield clean(series["name"]), series["median"] or {}


def told(figure: Mapping[str, Any]) -> str:
    """A figure in words, for whoever does not see it."""
    kind = {
        "curve": "Curve", "funnel": "Bar chart", "multiples": "Small bar charts", "estimates": "Dots with intervals"
    }[figure["kind"]]  # fmt: skip
    said = [f"{kind}: {clean(figure['title'])}."]
    grid = grids_of(figure)[0]
    rows = list(_ends(grid.rows) if figure["kind"] == "curve" else grid.rows)
    for row in rows[:MOST_TOLD]:
        labels = ", ".join(
            f"{each:g}" if isinstance(each, float) else str(each) for each in row[: grid.labels]
        )
        numbers = zip(grid.head[grid.labels :], row[grid.labels :], strict=True)
        said.append(f"{labels}: {', '.join(f'{title} {number}' for title, number in numbers)}.")
    if len(rows) > MOST_TOLD:
        said.append(f"{len(rows) - MOST_TOLD} more rows are in the table of its numbers.")
    return " ".join(said).replace(f" {NOT_SHOWN}", " not shown")


def _ends(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The first and the last row of each series."""
    by_series: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_series.setdefault(row[0], []).append(row)
    for found in by_series.values():
        yield found[0]
        if len(found) > 1:
            yield found[-1]
