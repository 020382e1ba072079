"""A document as a self-contained HTML page and as a tagged PDF, both laid out from the same parts. Pure.

Text reaches either template as data, never as markup. Neither asks for anything from outside: the charts are drawn
here, the fonts of the PDF come with its writer.
"""

import base64
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2
import orjson
import typst
from markupsafe import Markup

from tenants.reporting.forms.charts import svg_of
from tenants.reporting.forms.lists import is_list, laid_out
from tenants.reporting.forms.reading import (
    NOT_SHOWN,
    Document,
    Grid,
    clean,
    cover_rows,
    grids_of,
    told,
    wide_grid,
)

HERE = Path(__file__).parent
LONG = 120
"""Rows of numbers behind a figure: more are folded on the page, and the PDF prints some of them."""
MOST_ROWS = 1000
"""Of a table in the PDF: its writer holds all that it sets in memory."""


def as_html(document: Document) -> Iterator[bytes]:
    """One page without script, with its charts in it and a policy that lets nothing in."""
    style = (HERE / "layout.css").read_text(encoding="utf-8")
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    laid = _laid_out(document)
    # The digest says what the style is: nothing is added to it.
    said = {**laid, "style": Markup(style), "digest": digest, "mark": NOT_SHOWN, "drawn": _told_drawing}  # noqa: S704
    for piece in _template().generate(said):
        yield piece.encode()


def as_pdf(document: Document) -> Iterator[bytes]:
    """PDF/UA-1; where the fonts that come along lack a sign, a tagged PDF that shows it as a box.

    Of tables it has at most `MOST_ROWS` rows, of the numbers behind a figure about `LONG` in equal steps, and says so.
    """
    laid = _laid_out(document)
    for section in laid["sections"]:
        for grid in section["tables"]:
            grid.update(rows=grid["rows"][:MOST_ROWS], of=len(grid["rows"]))
        for grid in (grid for figure in section["figures"] for grid in figure["grids"]):
            every = -(-len(grid["rows"]) // LONG) or 1
            grid.update(rows=grid["rows"][::every], of=len(grid["rows"]))
    inputs = {"document": orjson.dumps(laid).decode()}
    source = (HERE / "layout.typ").read_bytes()
    try:
        yield typst.compile(source, ignore_system_fonts=True, sys_inputs=inputs, pdf_standards="ua-1")
    except typst.TypstError:
        yield typst.compile(source, ignore_system_fonts=True, sys_inputs=inputs)


def _laid_out(document: Document) -> dict[str, Any]:
    """What both templates print, in its order."""
    if is_list(document):
        return laid_out(document)
    as_of = document["as_of"]
    cover = document["cover"]
    return {
        "title": clean(cover["title"]),
        "institution": clean(cover["institution"]),
        "as_of": as_of,
        "cover": cover_rows(document),
        "words": False,
        "legend": f"“{NOT_SHOWN}” stands for every number that is not shown, whatever the reason.",
        "sections": [
            {
                "id": f"section-{number}",
                "title": f"{number}. {clean(section['title'])}",
                "definition": clean(section["definition"]),
                "tables": [_printed(wide_grid(table, as_of=as_of)) for table in section["tables"]],
                "figures": [
                    _drawn(figure, f"figure-{number}-{place}")
                    for place, figure in enumerate(section["figures"], 1)
                ],
                "notes": [clean(note) for note in section["notes"]],
            }
            for number, section in enumerate(document["sections"], 1)
        ],
        "notes": [clean(note) for note in document["notes"]],
        "definitions": [
            {
                "id": clean(each["id"]),
                "title": clean(each["title"]),
                "text": clean(each["text"]),
                "inputs": clean(", ".join(each["inputs"])),
                "caveats": [clean(caveat) for caveat in each["caveats"]],
            }
            for each in document["definitions"]
        ],
    }


def _drawn(figure: dict[str, Any], name: str) -> dict[str, Any]:
    grids = grids_of(figure)
    return {
        "id": name,
        "title": clean(figure["title"]),
        "caption": clean(figure["caption"]),
        "told": told(figure),
        "svg": svg_of(figure, name=name),
        "grids": [_printed(grid) for grid in grids if grid.rows],
        "long": len(grids[0].rows) > LONG,
    }


def _told_drawing(figure: dict[str, Any]) -> Markup:
    """The picture with its title and what it shows in words."""
    named = Markup('<svg role="img" aria-labelledby="{0}-title" aria-describedby="{0}-told" ').format(
        figure["id"]
    )
    words = Markup('<title id="{0}-title">{1}</title><desc id="{0}-told">{2}</desc>').format(
        figure["id"], figure["title"], figure["told"]
    )
    opening, rest = figure["svg"].removeprefix("<svg ").split(">", 1)
    return named + Markup(f"{opening}>") + words + Markup(rest)  # noqa: S704  # drawn here, its text escaped


def _printed(grid: Grid) -> dict[str, Any]:
    return {"title": grid.title, "head": grid.head, "labels": grid.labels, "rows": list(grid.texts())}


@cache
def _template() -> jinja2.Template:
    found = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(HERE),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return found.get_template("layout.html")
