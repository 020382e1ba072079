"""What each audience may see of an exact table: the one place that decides. Pure.

Outside the tenant no number from 1 to 10 is shown, whether it counts people, groups or events, nor one that
is a difference of shown ones; a hidden number is None.
"""

from collections.abc import Iterable
from typing import Any

from tenants.reporting.disclosure import (
    THRESHOLD,
    Cell,
    ReleasedCurve,
    protect_breakdown,
    protect_curve,
)
from tenants.reporting.survival import Curve, at_whole_years
from tenants.reporting.tables import FOLLOWED, Breakdown, Tables, TimeToEvent

Shown = dict[str, Any]


def shown(tables: Tables, *, audience: str) -> Shown:
    """A metric's tables as this audience may have them. Every number of people, groups or events stands
    under a key count, n, at_risk or events."""
    internal = audience == "internal"
    found: Shown = {}
    for name, table in tables.items():
        if isinstance(table, TimeToEvent):
            found |= _whole_curve(table) if internal else _released_curve(table)
        else:
            found[name] = _whole_breakdown(table) if internal else _released_breakdown(table)
    return found


def _whole_breakdown(table: Breakdown) -> Shown:
    with_people = table.population is not None

    def exact(cell: Cell) -> Shown:
        return {"count": cell.count, **({"n": cell.people} if with_people else {})}

    return {
        "cells": [{"label": cell.label, **exact(cell)} for cell in table.cells],
        "total": exact(table.total),
    }


def _released_breakdown(table: Breakdown) -> Shown:
    leaving = table.outward or table
    counts, total = _released_counts(leaving)
    if leaving.among is not None and 1 <= leaving.among - leaving.total.people <= THRESHOLD:
        counts, total = [None] * len(counts), None
    cells: list[Shown] = [
        {"label": cell.label, "count": count} for cell, count in zip(leaving.cells, counts, strict=True)
    ]
    sums: Shown = {"count": total}
    if leaving.population is not None:
        for shown_cell, cell in zip(cells, leaving.cells, strict=True):
            shown_cell["n"] = _released_people(shown_cell["count"], cell, leaving.population, ())
        parts = [each["n"] for each in cells if each["n"] is not None]
        sums["n"] = _released_people(total, leaving.total, leaving.population, parts)
        # Whoever is behind several parts is counted in each of them: that surplus must not be small either.
        if len(parts) == len(cells) and 1 <= sum(parts) - leaving.total.people <= THRESHOLD:
            sums["n"] = None
    return {"cells": cells, "total": sums}


def _released_counts(table: Breakdown) -> tuple[list[int | None], int | None]:
    """Protected twice: by the people behind a number, and as if each were a number of people itself."""
    counted = [Cell(cell.label, cell.count, cell.count) for cell in table.cells]
    total = table.total
    by_people, people_total = protect_breakdown(table.cells, total, sensitive=table.sensitive)
    number = Cell(total.label, total.count, total.count)
    by_count, count_total = protect_breakdown(counted, number, sensitive=table.sensitive)
    cells = [
        None if one.count is None else other.count for one, other in zip(by_people, by_count, strict=True)
    ]
    return cells, None if people_total is None else count_total


def _released_people(count: int | None, cell: Cell, population: int, parts: Iterable[int]) -> int | None:
    """How many people are behind a shown number, unless the others among the population, or those behind
    none of the shown parts, are few."""
    derivable = (cell.people, population - cell.people, *(cell.people - part for part in parts))
    few = any(1 <= number <= THRESHOLD for number in derivable)
    return None if count is None or few else cell.people


def _whole_curve(table: TimeToEvent) -> Shown:
    return {
        "people": _whole_breakdown(table.people),
        "curve": None if table.curve is None else _exact(table.curve),
    }


def _exact(curve: Curve) -> Shown:
    rows = zip(
        curve.time,
        curve.survival,
        curve.lower,
        curve.upper,
        curve.at_risk,
        curve.events,
        curve.censored,
        strict=True,
    )
    steps = [
        {
            "time": time,
            "survival": survival,
            "lower": lower,
            "upper": upper,
            "at_risk": at_risk,
            "events": events,
            "censored": {"n": censored},
        }
        for time, survival, lower, upper, at_risk, events, censored in rows
    ]
    years = [
        {
            "year": row.year,
            "cumulative_incidence": row.cumulative_incidence,
            "lower": row.lower,
            "upper": row.upper,
            "at_risk": row.at_risk,
            "events": row.events,
            "entered": {"n": row.entered},
            "censored": {"n": row.censored},
        }
        for row in at_whole_years(curve)
    ]
    return {
        "n": curve.n,
        "events": sum(curve.events),
        "median": curve.median,
        "median_interval": curve.median_interval,
        "collapsed_at": curve.collapsed_at,
        "gaps": curve.gaps,
        "steps": steps,
        "years": years,
    }


def _released_curve(table: TimeToEvent) -> Shown:
    people = _released_breakdown(table.people)
    # The curve's counts say how many are followed: where that must stay unknown, so must they.
    hidden = any(cell["label"] == FOLLOWED and cell["count"] is None for cell in people["cells"])
    released = None
    if table.curve is not None and not hidden:
        released = protect_curve(at_whole_years(table.curve))
    return {"people": people, "curve": _released(released)}


def _released(curve: ReleasedCurve | None) -> Shown:
    if curve is None:
        return {"start": None, "at_risk": None, "median": None, "intervals": []}
    intervals = [
        {
            "after": row.after,
            "until": row.until,
            "at_risk": row.at_risk,
            "events": row.events,
            "entered": {"n": row.entered},
            "censored": {"n": row.censored},
            "cumulative_incidence": row.cumulative_incidence,
            "lower": row.lower,
            "upper": row.upper,
        }
        for row in curve.intervals
    ]
    return {"start": curve.start, "at_risk": curve.at_risk, "median": curve.median, "intervals": intervals}
