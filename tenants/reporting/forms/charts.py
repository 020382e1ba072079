"""One chart specification for each figure, in Vega-Lite, and the picture of it for all forms. Pure.

Colours are Okabe and Ito's, as far as they stand out from white, and series differ in their dashes as well.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle, islice
from typing import Any

import vl_convert

from tenants.reporting.forms.plain import rounded
from tenants.reporting.forms.reading import Number, clean

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#000000", "#B0578A")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))
"""One fewer than colours: together they tell twenty series apart."""
GREY = "#595959"
WIDTH = 560
MOST_ACROSS = 3
"""Panels beside each other."""
MOST_AT_RISK = 9
"""Columns of the risk table under a curve."""
MOST_DOTS = 30
PERCENT = ".0%"
_TAG = re.compile("<[^>]+>")
_ROLE = re.compile(' (role|aria-[a-z]+)="[^"]*"')
_ID = re.compile(r'(\bid="|url\(#|href="#)')

Spec = dict[str, Any]
Rows = list[dict[str, Any]]

CONFIG = {
    "aria": False,  # the picture is told as a whole
    "font": "Arimo, Arial, Liberation Sans, Helvetica, sans-serif",  # all as wide as the first, which measures
    "background": "white",
    "axis": {"labelColor": "#222", "titleColor": "#222", "gridColor": "#e3e3e3", "labelFontSize": 12,
             "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 230, "domainColor": GREY},
    "legend": {"orient": "top", "title": None, "labelFontSize": 12, "labelLimit": 400, "symbolSize": 900,
               "symbolType": "stroke", "symbolStrokeWidth": 2, "symbolOpacity": 1, "columns": 2},
    "header": {"labelFontSize": 12, "labelFontWeight": "bold", "titleFontSize": 0, "labelLimit": 400},
    "text": {"fontSize": 12, "fill": "#222"},
    "view": {"stroke": None},
    "concat": {"spacing": 8},
}  # fmt: skip


def spec_of(figure: Mapping[str, Any]) -> Spec | None:
    """The figure in Vega-Lite; None where no number of it is shown."""
    draw = {"curve": _curve, "funnel": _funnel, "multiples": _multiples, "estimates": _estimates}
    drawn = draw[figure["kind"]](rounded(figure))
    return (
        {"config": CONFIG, "padding": {"left": 14, "right": 14, "top": 5, "bottom": 5}, **drawn}
        if drawn
        else None
    )


def svg_of(figure: Mapping[str, Any], *, name: str) -> str | None:
    """The picture of a figure as an SVG element whose ids begin with `name`; None where nothing is shown."""
    spec = spec_of(figure)
    if spec is None:
        return None
    drawn: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return _TAG.sub(lambda tag: _ID.sub(rf"\g<1>{name}-", _ROLE.sub("", tag[0])), drawn)


def png_of(figure: Mapping[str, Any]) -> bytes | None:
    """The same picture in pixels, twice as large as it is to be shown."""
    spec = spec_of(figure)
    if spec is None:
        return None
    drawn: bytes = vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
    return drawn


def _curve(figure: Mapping[str, Any]) -> Spec | None:
    names = _unique(series["name"] for series in figure["series"])
    points = [
        {"series": name, "place": place, **point, "x": float(point["x"])}
        for name, series in zip(names, figure["series"], strict=True)
        for place, point in enumerate(series["points"])
    ]
    shown = _runs(points, ("y",))
    if not shown:
        return None
    beside = figure["reference"] or {"label": "", "points": []}
    *_, last = named = _unique([*names, *([beside["label"]] if beside["points"] else [])])
    compared: Rows = [{"series": last, "x": float(each["x"]), "y": each["y"]} for each in beside["points"]]
    ends = [each["x"] for each in [*points, *compared]]
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [min(0.0, *ends), max(ends)], "nice": False},
    }
    y = _axis("y", clean(figure["y"]), {"format": PERCENT})
    # To the day a share rises on that day; of whole years it is only known how far it has come by their end.
    shape = "linear" if figure.get("line") == "straight" else "step-after"
    line, colour = {"interpolate": shape}, _colours(named, compared=bool(compared))
    layers = [
        _layer(_runs(points, ("lower", "upper")), {"type": "area", "opacity": 0.18, **line}, {
            "x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}, "color": colour["color"], **_RUN,
        }),
        _layer(shown, {"type": "line", "strokeWidth": 2, **line}, {"x": x, "y": y, **colour, **_RUN}),
    ]  # fmt: skip
    # Of the last of each, from which on nothing is known, the interval has no width to be seen by.
    spans = {each["series"]: each for each in _runs(points, ("lower", "upper"))}
    layers.append(
        _layer(list(spans.values()), {"type": "rule", "opacity": 0.5}, {
            "x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}, "color": colour["color"],
        })
    )  # fmt: skip
    if len(shown) <= MOST_DOTS:
        dots = {"x": x, "y": y, "color": colour["color"]}
        layers.append(_layer(shown, {"type": "point", "filled": True, "size": 30}, dots))
    # Of what it is compared with a few shares are known, and nothing of when between them it rose.
    layers.append(_layer(compared, {"type": "line", "point": {"size": 30}}, {"x": x, "y": y, **colour}))
    x["axis"] = {"title": clean(figure["x"])}
    curve = {"width": WIDTH, "height": 280, "layer": layers}
    return {"vconcat": [curve, _risk_table(points, names, x)]}


def _risk_table(points: Rows, names: list[str], x: Spec) -> Spec:
    """How many were at risk, at some of the places that the curve itself has."""
    places = sorted({point["x"] for point in points})
    every = max(1, -(-len(places) // MOST_AT_RISK))
    chosen = set(places[::every])
    rows = [
        {"series": point["series"], "x": point["x"], "said": str(Number(point["at_risk"], "count"))}
        for point in points
        if point["x"] in chosen
    ]
    title = {"text": "At risk", "anchor": "start", "fontSize": 12, "fontWeight": "normal", "offset": 2}
    named = {"ticks": False, "domain": False, "title": None, "labelLimit": 240, "labelPadding": 18}
    return {
        "width": WIDTH, "height": {"step": 18}, "title": title, "data": {"values": rows}, "mark": {"type": "text"},
        "encoding": {
            "x": {**x, "axis": None},
            "y": {"field": "series", "type": "nominal", "scale": {"domain": names}, "axis": named},
            "text": {"field": "said"},
        },
    }  # fmt: skip


def _funnel(figure: Mapping[str, Any]) -> Spec | None:
    rows = _stages(figure["stages"])
    counts = [row["count"] for row in rows if row["count"] is not None]
    if not counts:
        return None
    x = _axis("count", "Count", {"format": ",d", "tickMinStep": 1})
    x["scale"] = {"domain": [0, max(1, *counts) * 1.4], "nice": False}
    y = _labels(rows)
    return {
        "width": WIDTH, "height": {"step": 34},
        "layer": [
            _layer(rows, {"type": "bar", "color": COLOURS[0], "height": 22}, {"x": x, "y": y}),
            _layer([{**row, "count": row["count"] or 0} for row in rows],
                   {"type": "text", "align": "left", "dx": 6}, {"x": x, "y": y, "text": {"field": "said"}}),
        ],
    }  # fmt: skip


def _multiples(figure: Mapping[str, Any]) -> Spec | None:
    panels = _unique(panel["label"] for panel in figure["panels"])
    rows = [
        {"panel": name, **row}
        for name, panel in zip(panels, figure["panels"], strict=True)
        for row in _stages(panel["rows"])
    ]
    key = "share" if any(row["share"] is not None for row in rows) else "count"
    if not any(row[key] is not None for row in rows):
        return None
    x = _axis(key, "Share" if key == "share" else "Count", {"format": PERCENT if key == "share" else ",d"})
    if key == "share":
        x["scale"] = {"domain": [0, max(1.0, *(row["upper"] or 0 for row in rows))]}
    y = _labels(rows)
    across = {"x": {**x, "field": "lower"}, "x2": {"field": "upper"}, "y": y}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "color": COLOURS[0], "height": 12}, "encoding": {"x": x, "y": y}}
    ]
    if key == "share":
        layers.append({
            "transform": [{"filter": "isValid(datum.lower) && isValid(datum.upper)"}],
            "mark": {"type": "rule", "color": "black"}, "encoding": across,
        })  # fmt: skip
    columns = min(MOST_ACROSS, len(panels))
    return {
        "data": {"values": rows}, "columns": columns,
        "facet": {"field": "panel", "type": "nominal", "sort": panels, "title": None},
        "spec": {"width": WIDTH // columns - 30, "height": {"step": 22}, "layer": layers},
    }  # fmt: skip


def _estimates(figure: Mapping[str, Any]) -> Spec | None:
    labels = _unique(row["label"] for row in figure["rows"])
    rows = [{**row, "label": label} for label, row in zip(labels, figure["rows"], strict=True)]
    if not any(row["estimate"] is not None for row in rows):
        return None
    x, y = _axis("estimate", clean(figure["x"]), {}), _labels(rows)
    x["scale"] = {"zero": figure["zero"] is not None, "padding": 12}
    span = [row for row in rows if row["lower"] is not None and row["upper"] is not None]
    layers = [
        _layer(span, {"type": "rule", "color": COLOURS[0], "strokeWidth": 2},
               {"x": {**x, "field": "lower"}, "x2": {"field": "upper"}, "y": y}),
        _layer(rows, {"type": "point", "filled": True, "color": COLOURS[0], "size": 70}, {"x": x, "y": y}),
    ]  # fmt: skip
    if figure["zero"] is not None:
        zero = {"type": "rule", "color": GREY, "strokeDash": [3, 3]}
        layers.append(_layer([{"zero": figure["zero"]}], zero, {"x": {**x, "field": "zero"}}))
    return {"width": WIDTH - 60, "height": {"step": 28}, "layer": layers}


_RUN: Spec = {"detail": {"field": "run", "type": "nominal"}}


def _runs(points: Iterable[dict[str, Any]], keys: tuple[str, ...]) -> Rows:
    """The points that show all these numbers; those that follow each other without a gap share a `run`."""
    found: Rows = []
    run, last = 0, ("", -2)
    for point in points:
        if any(point[key] is None for key in keys):
            continue
        here = (point["series"], point["place"])
        run += here != (last[0], last[1] + 1)
        last = here
        found.append({**point, "run": run})
    return found


def _stages(stages: Iterable[Mapping[str, Any]]) -> Rows:
    stages = list(stages)
    labels = _unique(stage["label"] for stage in stages)
    return [
        {**stage, "label": label, "said": _said(stage)} for label, stage in zip(labels, stages, strict=True)
    ]


def _said(stage: Mapping[str, Any]) -> str:
    count = str(Number(stage["count"], "count"))
    if stage["share"] is None:
        return count
    share, lower, upper = (Number(stage[key], "share") for key in ("share", "lower", "upper"))
    interval = "" if lower.value is None or upper.value is None else f", {lower} to {upper}"
    return f"{count} ({share}{interval})"


def _axis(field: str, title: str, axis: Spec) -> Spec:
    return {"field": field, "type": "quantitative", "scale": {"zero": True}, "axis": {"title": title, **axis}}


def _labels(rows: Rows) -> Spec:
    names = list(dict.fromkeys(row["label"] for row in rows))
    axis = {"title": None, "ticks": False, "domain": False}
    return {"field": "label", "type": "nominal", "sort": names, "scale": {"domain": names}, "axis": axis}


def _colours(names: list[str], *, compared: bool) -> Spec:
    """A colour and a dash for each series, grey dots for what they are compared with, and a legend for several."""
    own = len(names) - compared
    colours = [*islice(cycle(COLOURS), own), *[GREY] * compared]
    dashes = [*islice(cycle(DASHES), own), *[(1, 3)] * compared]
    series = {"field": "series", "type": "nominal", **({} if len(names) > 1 else {"legend": None})}
    return {
        "color": {**series, "scale": {"domain": names, "range": colours}},
        "strokeDash": {**series, "scale": {"domain": names, "range": dashes}},
    }


def _layer(rows: Rows, mark: Spec, encoding: Spec) -> Spec:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _unique(names: Iterable[object]) -> list[str]:
    """Names that a scale can tell apart."""
    return list(_told_apart(clean(name) or "–" for name in names))


def _told_apart(names: Iterable[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
