"""What there is to read of a document that names people: rows of words, where a report has numbers. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from tenants.reporting.forms.reading import Document, Grid, clean


def is_list(document: Document) -> bool:
    """Whether it is a document of rows, which names people."""
    return "named_document_id" in document


def terms_of(document: Document) -> list[tuple[str, str]]:
    """What its cover says, term by term."""
    return [(clean(term), clean(text)) for term, text in document["cover"]["terms"]]


def grid_of(section: Mapping[str, Any]) -> Grid:
    """A section as a table; the first column names a row."""
    rows = tuple(tuple(clean(text) for text in row) for row in section["rows"])
    return Grid(section["id"], clean(section["title"]), tuple(map(clean, section["columns"])), 1, rows)


def lines_of(document: Document) -> Iterator[tuple[str, ...]]:
    """One table of all sections: which one, then every column that any has, in their order."""
    columns = list(dict.fromkeys(name for section in document["sections"] for name in section["columns"]))
    yield ("Section", *columns)
    for section in document["sections"]:
        for row in section["rows"]:
            said = dict(zip(section["columns"], row, strict=True))
            yield (section["title"], *(said.get(name, "") for name in columns))


def laid_out(document: Document) -> dict[str, Any]:
    """What the templates of pages print, in its order."""
    return {
        "title": clean(document["cover"]["title"]),
        "institution": clean(document["cover"]["institution"]),
        "as_of": document["as_of"],
        "cover": terms_of(document),
        "legend": clean(document["notes"][0]),
        "words": True,
        "sections": [_section(number, each) for number, each in enumerate(document["sections"], 1)],
        "notes": [clean(note) for note in document["notes"]],
        "definitions": [],
    }


def _section(number: int, section: Mapping[str, Any]) -> dict[str, Any]:
    grid = grid_of(section)
    said = {"title": grid.title, "head": grid.head, "labels": grid.labels, "rows": list(grid.texts())}
    return {
        "id": f"section-{number}",
        "title": grid.title,
        "definition": "",
        "tables": [said] if grid.rows else [],
        "figures": [],
        "notes": [clean(note) for note in section["notes"]],
    }
