"""Invented report documents: one as a program would get it, and any that hypothesis makes up."""

from hypothesis import strategies as st

AS_OF = "2026-11-30"
LONG = "An institute of higher learning with a name that goes on and on " * 4


def code(name, label=None, above=None):
    return {"code": name, "label": label or name.replace("_", " ").capitalize(), "above": above}


def cell(value, *, as_of=AS_OF, frozen=False, **at):
    return {"at": at, "value": value, "as_of": as_of, "frozen": frozen}


def point(x, y, half, at_risk):
    known = y is not None
    return {"x": x, "y": y, "lower": max(0.0, y - half) if known else None,
            "upper": min(1.0, y + half) if known else None, "at_risk": at_risk}  # fmt: skip


def stage(label, count, share=None, half=0.04):
    known = share is not None
    return {"label": label, "count": count, "share": share, "lower": max(0.0, share - half) if known else None,
            "upper": min(1.0, share + half) if known else None}  # fmt: skip


def document(sections, **changes):
    """A document about nobody, with these sections."""
    ids = [section["definition"] for section in sections]
    return {
        "report_id": "01922b6e-0000-7000-8000-000000000001",
        "audience": "funder",
        "funder": "Invented Foundation",
        "as_of": AS_OF,
        "scope": {"program_id": "01922b6e-0000-7000-8000-000000000002", "program": "Invented Circles",
                  "cohort_id": None, "cohort": None},
        "cover": {
            "institution": "Invented University", "title": "Peer mentoring of early-career researchers",
            "period": {"since": "2023-10-01", "until": AS_OF}, "as_of": AS_OF,
            "fiscal_year": "of the funder, October to September", "definitions": ids,
            "approved_by": {"name": "Invented Person", "at": "2026-11-29"},
            "corrections": [{"addressee": None, "as_of": "2025-11-30", "sent_on": "2026-02-01", "cells": 1}],
            "coverage": {"counted": 412, "eligible": 460, "text": "36 of 40 awards reported."},
            "suppression": "Numbers from 1 to 10, and those from which one could be worked out, are not shown.",
        },
        "inputs": {"sha256": "ab" * 32},
        "definitions": [
            {"id": each, "version": 3, "title": f"Definition of {each}", "text": "Everybody is counted once.",
             "inputs": ["participants", "groups"], "caveats": ["People may have left unseen."]}
            for each in dict.fromkeys(ids)
        ],
        "sections": sections,
        "notes": ["No comparison: these numbers do not show effect."],
        **changes,
    }  # fmt: skip


def section(name, *, tables=(), figures=(), notes=()):
    return {"id": name, "title": name.replace("_", " ").capitalize(), "definition": f"{name}.v3",
            "tables": list(tables), "figures": list(figures), "notes": list(notes)}  # fmt: skip


def dimension(name, codes, *, total=True):
    return {"name": name, "title": name.capitalize(), "total": total, "codes": codes}


def table(name, unit, dimensions, cells):
    title = name.replace("_", " ").capitalize()
    return {"name": name, "title": title, "unit": unit, "dimensions": dimensions, "cells": cells}


def figure(kind, name, tables, **what):
    title = name.replace("_", " ").capitalize()
    return {"id": name, "kind": kind, "title": title, "caption": f"{title}, of those counted.", "tables": tables,
            **what}  # fmt: skip


def sample():
    """A report with every kind of figure, hidden and frozen numbers, a hierarchy, and a table over several pages."""
    states = [code(each) for each in ("eligible", "offered", "joined", "stayed")]
    regions = [code("west"), code("utah", above="west"), code("oregon", above="west"), code("east")]
    reach = table("reach", "people", [dimension("state", states)], [
        cell(460, state="eligible"), cell(412, state="offered"),
        cell(301, state="joined", as_of="2025-11-30", frozen=True),
        cell(None, state="stayed"), cell(1540),
    ])  # fmt: skip
    by_region = table("reach_by_region", "people", [dimension("region", regions), dimension("state", states)], [
        cell(None if (place + row) % 4 == 1 else 40 * place + 17 * row + 11, region=region["code"], state=state["code"])
        for row, region in enumerate(regions) for place, state in enumerate(states)
    ])  # fmt: skip
    institutes = [code(f"ic{n}", f"Institute no. {n} of invented studies") for n in range(60)]
    awards = table("awards", "products", [dimension("institute", institutes)], [
        cell(n * 3 if n > 3 else None, institute=f"ic{n}") for n in range(60)
    ])  # fmt: skip
    survey = [code(each) for each in ("baseline", "mid", "end")]
    items = [code(f"item{n}", f"Item {n}") for n in range(4)]
    kinds = [code(each) for each in ("formal", "informal")]
    cube = table("answers", "people", [dimension("wave", survey), dimension("item", items), dimension("role", kinds)], [
        cell(20 + a * b + c, wave=w["code"], item=i["code"], role=k["code"])
        for a, w in enumerate(survey) for b, i in enumerate(items) for c, k in enumerate(kinds)
    ])  # fmt: skip
    curve = figure("curve", "time_to_award", ["awards"], x="Years since the K award", y="Share with a major award",
        series=[
            {"name": name, "points": [point(n, None if n > 8 + hidden else 1 - 0.9 ** (n * pace), 0.01 * n + 0.02,
                                            None if n > 7 else 240 - 20 * n) for n in range(11)],
             "median": {"estimate": 6.5, "lower": 5.25, "upper": None, "within": 10}}
            for name, pace, hidden in (("Joined a circle", 1.1, 2), ("Waited", 0.8, 0))
        ],
        reference={"label": "Base rate 2010–2020",
                   "points": [{"x": n, "y": 1 - 0.94 ** n} for n in range(11)]})  # fmt: skip
    funnel = figure("funnel", "from_eligible_to_stayed", ["reach"], stages=[
        stage("Eligible", 460), stage("Offered", 412, 0.8957), stage("Joined", 301, 0.7306), stage("Stayed", None),
    ])  # fmt: skip
    multiples = figure("multiples", "joined_by_region", ["reach_by_region"], panels=[
        {"label": region,
         "rows": [stage("Offered", 100 + n, 0.8 - n / 10), stage("Joined", 60, 0.6), stage("Stayed", None)]}
        for n, region in enumerate(("Utah", "Oregon", "East"))
    ])  # fmt: skip
    change = figure("estimates", "change_since_baseline", ["answers"], x="Standardised mean change", zero=0.0, rows=[
        {"label": "Attitude to one's own mentors", "estimate": 0.31, "lower": 0.12, "upper": 0.5, "n": 120},
        {"label": "Wellbeing", "estimate": -0.05, "lower": -0.2, "upper": 0.1, "n": 118},
        {"label": "Network", "estimate": None, "lower": None, "upper": None, "n": None},
    ])  # fmt: skip
    return document([
        section("reach", tables=[reach, by_region], figures=[funnel, multiples], notes=["People are counted once."]),
        section("groups"),
        section("major_awards", tables=[awards], figures=[curve]),
        section("survey", tables=[cube], figures=[change]),
    ])  # fmt: skip


HOSTILE = (
    "=cmd()", "+1", "-2", "@SUM(A1)", "\t=1", "＝1", "<script>alert(1)</script>", "\"'><img src=x onerror=1>", "]]>",
    "#eval(1)", "$x$", "\u202eevil", "שלום עולם", "مرحبا", "漢字", "😀👩🔬", "a" * 300, LONG, "", " ", "\x01\x7f",
    "{{ 7*7 }}", "datum.x", "https://example.org", "&amp;", "–", "Stayed",
)  # fmt: skip
names = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
shares = st.none() | st.floats(0, 1, allow_nan=False)
counts = st.none() | st.integers(0, 10**7)
numbers = st.none() | st.floats(-1e4, 1e4, allow_nan=False)
units = st.sampled_from(["people", "products", "groups", "meetings"])


@st.composite
def tables(draw, number):
    dims = []
    for place in range(draw(st.integers(0, 3))):
        codes = [code(f"c{n}", draw(names)) for n in range(draw(st.integers(1, (8, 2, 1)[place])))]
        for n, each in enumerate(codes[1:], 1):
            each["above"] = draw(st.none() | st.sampled_from([f"c{m}" for m in range(n)]))
        dims.append({"name": f"d{place}", "title": draw(names), "total": True, "codes": codes})
    all_at = [{}]
    for each in dims:
        all_at = [
            {**at, **more}
            for at in all_at
            for more in ({}, *({each["name"]: c["code"]} for c in each["codes"]))
        ]
    cells = [
        cell(
            draw(counts),
            as_of=draw(st.sampled_from([AS_OF, "2025-11-30", None])),
            frozen=draw(st.booleans()),
            **at,
        )
        for at in all_at
    ]
    return {
        "name": f"t{number}",
        "title": draw(names),
        "unit": draw(units),
        "dimensions": dims,
        "cells": cells,
    }


@st.composite
def figures(draw, number):
    kind = draw(st.sampled_from(["curve", "funnel", "multiples", "estimates"]))
    rows = st.lists(st.fixed_dictionaries({"label": names, "count": counts, "share": shares, "lower": shares,
                                           "upper": shares}), max_size=5)  # fmt: skip
    xs = st.lists(st.integers(0, 12), max_size=6, unique=True).map(sorted)
    what = {}
    if kind == "curve":
        what = {"x": draw(names), "y": draw(names), "reference": None, "series": [
            {"name": draw(names), "median": draw(st.none() | st.fixed_dictionaries(
                {"estimate": numbers, "lower": numbers, "upper": numbers})),
             "points": [{"x": x, "y": draw(shares), "lower": draw(shares), "upper": draw(shares),
                         "at_risk": draw(counts)} for x in draw(xs)]}
            for _ in range(draw(st.integers(0, 3)))
        ]}  # fmt: skip
        if draw(st.booleans()):
            points = [{"x": x, "y": draw(st.floats(0, 1))} for x in draw(xs)]
            what["reference"] = {"label": draw(names), "points": points}
    elif kind == "funnel":
        what = {"stages": draw(rows)}
    elif kind == "multiples":
        what = {
            "panels": [{"label": draw(names), "rows": draw(rows)} for _ in range(draw(st.integers(0, 3)))]
        }
    else:
        row = {"label": names, "estimate": numbers, "lower": numbers, "upper": numbers, "n": counts}
        what = {"x": draw(names), "rows": draw(st.lists(st.fixed_dictionaries(row), max_size=4)),
                "zero": draw(st.none() | st.just(0.0))}  # fmt: skip
    return {
        "id": f"f{number}",
        "kind": kind,
        "title": draw(names),
        "caption": draw(names),
        "tables": [],
        **what,
    }


@st.composite
def documents(draw):
    sections = []
    for number in range(draw(st.integers(0, 2))):
        inner = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        sections.append({
            "id": f"s{number}", "title": draw(names), "definition": draw(names),
            "tables": [draw(tables(f"{number}{n}")) for n in range(inner[0])],
            "figures": [draw(figures(f"{number}{n}")) for n in range(inner[1])],
            "notes": draw(st.lists(names, max_size=1)),
        })  # fmt: skip
    made = document(sections, notes=draw(st.lists(names, max_size=2)))
    made["cover"] |= {"institution": draw(names), "title": draw(names), "approved_by": None,
                      "coverage": {"counted": draw(counts), "eligible": draw(counts), "text": draw(names)}}  # fmt: skip
    return made
