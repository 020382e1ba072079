"""Every form of a report says what its document says, and nothing else; whoever wrote the names in it."""

import csv
import io
import json
import re
import zipfile
from itertools import cycle, islice
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from tenants.reporting.forms.charts import COLOURS, DASHES, GREY, spec_of, svg_of
from tenants.reporting.forms.plain import HEADER, rounded
from tenants.reporting.forms.reading import NOT_SHOWN, clean, told
from tenants.reporting.forms.render import RENDER
from tenants.reporting.metrics.time_to_r01 import BASE_RATE
from tenants.reporting.writing import NotWritten, written
from tests.tenants.reporting.documents import (
    HOSTILE,
    cell,
    document,
    documents,
    figure,
    sample,
    section,
    stage,
)
from tests.tenants.reporting.readers import Page, alternatives_of_pdf, sheets_of, squeezed, text_of_pdf

MEDIAN = ("estimate", "lower", "upper")
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def rendered(form, said):
    return b"".join(RENDER[form](said))


def tables_of(said):
    return [table for part in said["sections"] for table in part["tables"]]


def figures_of(said):
    return [each for part in said["sections"] for each in part["figures"]]


def label(dimension, at, *, indented=False):
    """What a cell is called in a dimension: by its whole path, or for the eye indented below what it is a part of."""
    if dimension["name"] not in at:
        return "All"
    codes = {code["code"]: code for code in dimension["codes"]}
    here, path = codes[at[dimension["name"]]], []
    while here:
        path.insert(0, clean(here["label"]))
        here = codes.get(here["above"])
    return "\u2003" * (len(path) - 1) + path[-1] if indented else " › ".join(path)


def cells_of(table, *, indented=False):
    """Every cell: what names it, and its number."""
    dimensions = table["dimensions"]
    return [
        (tuple(label(each, one["at"], indented=indented) for each in dimensions), one)
        for one in table["cells"]
    ]


def printed(one):
    if one["value"] is None:
        return NOT_SHOWN
    other = one["as_of"] and (one["frozen"] or one["as_of"] != "2026-11-30")
    return f"{one['value']:,}" + (f" (as of {one['as_of']})" if other else "")


def percent(value):
    return NOT_SHOWN if value is None else f"{100 * value:.1f} %"


def thousandth(value):
    return NOT_SHOWN if value is None else f"{value:.3f}"


def whole(value):
    return NOT_SHOWN if value is None else f"{value:,}"


def rows_of(each):
    """What is behind a figure: labels, the numbers, and how each is printed."""
    stages, estimates = ("count", "share", "lower", "upper"), ("estimate", "lower", "upper", "n")
    match each["kind"]:
        case "curve":
            points = [(series["name"], point) for series in each["series"] for point in series["points"]]
            beside = each["reference"] or {"label": "", "points": []}
            points += [(beside["label"], point) for point in beside["points"]]
            keys, how = ("y", "lower", "upper", "at_risk"), (percent, percent, percent, whole)
            rows = [((clean(name), float(point["x"])), point) for name, point in points]
        case "funnel":
            keys, how = stages, (whole, percent, percent, percent)
            rows = [((clean(row["label"]),), row) for row in each["stages"]]
        case "multiples":
            keys, how = stages, (whole, percent, percent, percent)
            rows = [
                ((clean(panel["label"]), clean(row["label"])), row)
                for panel in each["panels"]
                for row in panel["rows"]
            ]
        case _:
            keys, how = estimates, (thousandth, thousandth, thousandth, whole)
            rows = [((clean(row["label"]),), row) for row in each["rows"]]
    return [(labels, [row.get(key) for key in keys], how) for labels, row in rows]


def behind(each):
    """The rows behind a figure as they are printed."""
    return [
        [*(f"{round(part, 3):g}" if isinstance(part, float) else part for part in labels),
         *(say(value) for say, value in zip(how, values, strict=True))]
        for labels, values, how in rows_of(each)
    ]  # fmt: skip


@FEW
@given(documents())
def test_json_is_the_document(said):
    assert json.loads(rendered("json", said)) == rounded(said)


@FEW
@given(documents())
def test_csv_has_every_cell_of_every_table_and_every_number_of_every_figure(said):
    rows = list(csv.reader(io.StringIO(rendered("csv", said).decode(), newline="")))
    assert tuple(rows[0][: len(HEADER)]) == HEADER
    assert {len(row) for row in rows} == {len(rows[0])}
    found = [dict(zip(HEADER, row, strict=False)) | {"at": row[len(HEADER) :]} for row in rows[1:]]
    for table in tables_of(said):
        here = [row for row in found if (row["part"], row["name"]) == ("cell", table["name"])]
        at = [dict(zip(row["at"][::3], row["at"][1::3], strict=True)) for row in here]
        assert [{key: code for key, code in each.items() if key} for each in at] == [
            each["at"] for each in table["cells"]
        ]
        assert [(row["value"], row["frozen"]) for row in here] == [
            ("" if each["value"] is None else str(each["value"]), "yes" if each["frozen"] else "no")
            for each in table["cells"]
        ]
    for each in figures_of(said):
        here = [row["value"] for row in found if (row["part"], row["name"]) == ("figure", each["id"])]
        values = [value for _, values, _ in rows_of(each) for value in values]
        medians = [series["median"] or {} for series in each.get("series", ())]
        values += [median.get(key) for median in medians for key in (*MEDIAN, "within")]
        assert here == ["" if value is None else str(rounded(value)) for value in values]


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_no_cell_of_a_csv_is_a_formula(name):
    said = document([section("x", notes=[name])], notes=[f" {name}", f"\n{name}"])
    said["cover"]["institution"] = name
    for row in csv.reader(io.StringIO(rendered("csv", said).decode(), newline="")):
        for value in row:
            assert not value.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@FEW
@given(documents())
def test_a_page_has_every_number_in_its_tables(said):
    page = Page(rendered("html", said).decode())
    grids = iter(page.tables.values())
    for part in said["sections"]:
        for table in part["tables"]:
            assert sorted(read_cells(next(grids), table)) == sorted(
                (labels, printed(one)) for labels, one in cells_of(table, indented=True)
            )
        for each in part["figures"]:
            if rows_of(each):
                assert next(grids)[1:] == behind(each)
            medians = each.get("series", ())
            if medians:
                assert next(grids)[1:] == [
                    [clean(series["name"]), *(median_said(series["median"] or {}, key) for key in MEDIAN)]
                    for series in medians
                ]
    assert list(grids) == []


def median_said(median, key):
    if median.get(key) is None and "within" in median:
        return f"not reached within {round(median['within'], 3):g} years"
    return thousandth(median.get(key))


def number(value):
    return float(value) if isinstance(value, int) else value


def read_cells(grid, table):
    """What a table says of each cell of the document, whether it stands in a row or in a column."""
    (head, *rows), dimensions = grid, table["dimensions"]
    if len(head) == len(dimensions) + 1 and (len(dimensions) < 2 or head[-1] == table["unit"].capitalize()):
        return [(tuple(row[:-1]), row[-1]) for row in rows]
    down = len(dimensions) - 1
    across = [
        (*row[:down], title, text)
        for row in rows
        for title, text in zip(head[down:], row[down:], strict=True)
    ]
    missing, named = len(across) - len(table["cells"]), dict(cells_of(table, indented=True))
    empty = [each for each in across if each[-1] == NOT_SHOWN and each[:-1] not in named]
    kept = [each for each in across if each not in empty[:missing]]
    return [(each[:-1], each[-1]) for each in kept]


@FEW
@given(documents())
def test_a_page_lets_nothing_in_and_runs_nothing(said):
    html = rendered("html", said).decode()
    page = Page(html)
    allowed = {"xmlns", "xmlns:xlink"}
    for tag, attributes in page.tags:
        assert tag not in (
            "script",
            "iframe",
            "object",
            "embed",
            "link",
            "base",
            "form",
            "image",
            "img",
            "use",
            "foreignobject",
        )
        for name, value in attributes.items():
            assert name != "style"
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href"):
                assert value.startswith("#")
            assert name in allowed or "://" not in (value or "") or name in ("aria-label", "content")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(([^)]*)\)", re.sub("<t(?:itle|ext|d|h)[^>]*>[^<]*", "", html))) <= {
        f"#{each}" for each in ids
    }


def test_a_page_says_what_it_is_to_whoever_does_not_see_it():
    said = sample()
    page = Page(rendered("html", said).decode())
    drawn = [attributes for tag, attributes in page.tags if tag == "svg"]
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert len(drawn) == len(figures_of(said)) == 4
    for attributes in drawn:
        assert attributes["role"] == "img"
        assert {attributes["aria-labelledby"], attributes["aria-describedby"]} <= ids
    tags = [tag for tag, _ in page.tags]
    assert (tags.count("h1"), tags.count("main"), tags.count("title") - len(drawn)) == (1, 1, 1)
    assert ("html", {"lang": "en"}) in page.tags
    assert tags.count("caption") == tags.count("table") > 8
    for each in figures_of(said):
        assert told(each) in "".join(page.text)
    assert "not shown" in told(figures_of(said)[0])


@FEW
@given(documents())
def test_a_workbook_has_every_number_as_a_number_and_every_name_as_text(said):
    content = rendered("xlsx", said)
    sheets = list(sheets_of(content).values())[3:]
    day = said["as_of"]
    for part in said["sections"]:
        for table in part["tables"]:
            _, *rows = sheets.pop(0)
            dims = len(table["dimensions"])
            days = {one["as_of"]: one["as_of"] for _, one in cells_of(table) if one["as_of"]} | {None: day}
            wanted = [
                [*labels, *([NOT_SHOWN] if one["value"] is None else [one["value"], days[one["as_of"]]])]
                for labels, one in cells_of(table)
            ]
            assert sorted(rows, key=repr) == sorted(
                ([*row[:dims], *map(number, row[dims:])] for row in wanted), key=repr
            )
        for each in part["figures"]:
            _, *rows = sheets.pop(0)
            assert rows == [
                [*labels, *(NOT_SHOWN if value is None else rounded(value) for value in values)]
                for labels, values, _ in rows_of(each)
            ]
            if each.get("series", ()):
                sheets.pop(0)
    assert sheets == []


def test_a_workbook_has_the_pictures_too_each_with_what_it_shows():
    said = sample()
    with zipfile.ZipFile(io.BytesIO(rendered("xlsx", said))) as book:
        drawn = [
            book.read(name).decode() for name in book.namelist() if name.startswith("xl/drawings/drawing")
        ]
        pictures = [name for name in book.namelist() if name.startswith("xl/media")]
    assert len(pictures) == len(drawn) == 4
    described = {ElementTree.fromstring(each).find(".//*[@descr]").get("descr") for each in drawn}
    assert described == {told(each) for each in figures_of(said)}


def test_a_pdf_has_every_number_in_its_tables():
    said = sample()
    text = text_of_pdf(rendered("pdf", said))
    for table in tables_of(said):
        if len(table["dimensions"]) == 1:
            for labels, one in cells_of(table):
                assert squeezed(f"{labels[0]}{printed(one)}") in text
    (by_region,) = (table for table in tables_of(said) if table["name"] == "reach_by_region")
    for region in ("West", "\u2003Utah", "\u2003Oregon", "East"):
        row = [printed(one) for labels, one in cells_of(by_region, indented=True) if labels[0] == region]
        assert squeezed(region + "".join(row)) in text
    for each in figures_of(said):
        for row in behind(each):
            assert squeezed("".join(row)) in text


def test_a_pdf_is_tagged_and_tells_what_its_pictures_show():
    said = sample()
    content = rendered("pdf", said)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    assert set(alternatives_of_pdf(content)) == {told(each) for each in figures_of(said)}


@settings(FEW, max_examples=10)
@given(documents())
def test_a_pdf_is_written_whatever_the_names(said):
    content = rendered("pdf", said)
    text = text_of_pdf(content)
    for table in tables_of(said):
        for _, one in cells_of(table):
            assert squeezed(printed(one)) in text
    for each in figures_of(said):
        for _, values, how in rows_of(each):
            for value, say in zip(values, how, strict=True):
                assert squeezed(say(value)) in text


@pytest.mark.parametrize("form", RENDER)
def test_the_same_document_gives_the_same_bytes_also_in_a_process_apart(form):
    said = sample()
    once = rendered(form, said)
    assert rendered(form, json.loads(json.dumps(said))) == once
    assert b"".join(written(form, said)) == once


def test_a_form_that_is_not_whole_is_an_error(capfd):
    with pytest.raises(NotWritten):
        list(written("pdf", {"as_of": "2026-11-30"}))
    assert "KeyError" in capfd.readouterr().err


@settings(FEW, max_examples=40)
@given(documents())
def test_pictures_are_whole_whatever_the_names(said):
    for each in figures_of(said):
        drawn = svg_of(each, name="f")
        assert (drawn is None) == (spec_of(each) is None)
        if drawn:
            ElementTree.fromstring(drawn)


def test_a_figure_of_which_nothing_is_shown_has_its_table_and_no_picture():
    hidden = figure("funnel", "nobody", [], stages=[stage("Joined", None), stage("Stayed", None)])
    said = document([section("reach", figures=[hidden])])
    assert "No number of this figure is shown." in rendered("html", said).decode()
    assert squeezed("Joined––––") in text_of_pdf(rendered("pdf", said))


def test_series_differ_in_colour_and_in_dash_and_stand_out_from_white():
    pairs = set(islice(zip(cycle(COLOURS), cycle(DASHES), strict=False), 20))
    assert len(pairs) == 20
    for colour in (*COLOURS, GREY):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 3


def test_a_table_too_long_for_a_pdf_says_so():
    dims = [
        {
            "name": "d",
            "title": "D",
            "total": False,
            "codes": [{"code": f"c{n}", "label": f"C{n}", "above": None} for n in range(1002)],
        }
    ]
    long = {"name": "t", "title": "T", "unit": "people", "dimensions": dims,
            "cells": [cell(n, d=f"c{n}") for n in range(1002)]}  # fmt: skip
    assert squeezed("1000 of 1002 rows") in text_of_pdf(
        rendered("pdf", document([section("x", tables=[long])]))
    )


def test_what_a_curve_is_compared_with_is_joined_by_straight_lines_as_nobody_knows_when_it_rose_between():
    curve = next(each for each in figures_of(sample()) if each["kind"] == "curve")
    drawn, *_ = spec_of(curve)["vconcat"]
    own, compared = (layer["mark"] for layer in drawn["layer"] if layer["mark"]["type"] == "line")
    assert own["interpolate"] == "step-after"
    assert "interpolate" not in compared


def test_a_curve_of_whole_years_is_drawn_straight_from_one_to_the_next():
    curve = next(each for each in figures_of(sample()) if each["kind"] == "curve")
    drawn, *_ = spec_of({**curve, "line": "straight"})["vconcat"]
    marks = [layer["mark"] for layer in drawn["layer"]]
    assert {mark["interpolate"] for mark in marks if "interpolate" in mark} == {"linear"}


def test_a_curve_s_last_interval_and_what_it_is_compared_with_can_be_read():
    point = {"at_risk": 195, "lower": None, "upper": None}
    last = {"x": 3, "y": 0.1686, "at_risk": 44, "lower": 0.1143, "upper": 0.2447}
    series = [{"name": "Awards", "points": [{"x": 0, "y": 0.0, **point}, last], "median": None}]
    axes = {"x": "Years", "y": "Share", "reference": BASE_RATE}
    drawn = figure("curve", "awards", [], series=series, **axes)
    layers = spec_of(drawn)["vconcat"][0]["layer"]
    (span,) = (layer for layer in layers if layer["mark"]["type"] == "rule")
    assert [(each["x"], each["lower"], each["upper"]) for each in span["data"]["values"]] == [
        (3, 0.1143, 0.2447)
    ]
    words = "".join(ElementTree.fromstring(svg_of(drawn, name="f")).itertext())
    assert BASE_RATE["label"] in words
