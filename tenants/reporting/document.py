"""A report as a plain document: its cover, and for each metric tables, figures and words. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.reporting.metric import Figure, Metric
from tenants.reporting.tables import Axis, ShownTable, together

NO_TABLE = "There is no table here: nothing of this kind was asked, or what was is not told."
FISCAL_YEAR = "United States federal government: October to September, named for the year in which it ends"
INWARD_NOTE = "This report shows every number whole. It is for the tenant itself and is not to be passed on."
OUTWARD_NOTE = (
    "Numbers from 1 to {threshold}, and those from which one could be worked out, are not shown. A number that "
    "could not move without telling of single people stands at the last value shown, with that value's day. "
    "Figures are computed from the numbers shown, and only from numbers of one day."
)


@dataclass(frozen=True)
class Section:
    """What a metric has to show. ``exact``: figures that were not computed from the tables, inside the tenant."""

    metric: Metric
    tables: Sequence[ShownTable]
    exact: Sequence[Figure] = ()


def document(
    said: Mapping[str, Any],
    cover: Mapping[str, Any],
    sections: Sequence[Section],
    *,
    threshold: int | None,
    only: Collection[str] | None = None,
    coverage: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The whole document; `said`: what identifies the report. threshold: of what leaves, None inside the tenant.
    only: the names of the metrics that are shown, all if None. coverage: where it does not follow from the sections.
    """
    shown = [each for each in sections if only is None or each.metric.name in only]
    if threshold is not None:
        shown = [each for each in shown if not each.metric.inside]
    note = INWARD_NOTE if threshold is None else OUTWARD_NOTE.format(threshold=threshold)
    return {
        **said,
        "cover": {
            "corrections": [],
            **cover,
            "fiscal_year": FISCAL_YEAR,
            "definitions": [each.metric.id for each in shown],
            "coverage": coverage or _coverage(sections),
            "suppression": note,
        },
        "definitions": [said_of_metric(each.metric) for each in shown],
        "sections": [_section(each) for each in shown],
        "notes": [note],
    }


def said_of_metric(metric: Metric) -> dict[str, Any]:
    """A metric's definition, in words."""
    return {
        "id": metric.id,
        "name": metric.name,
        "version": metric.version,
        "title": metric.title,
        "text": metric.text,
        "inputs": list(metric.inputs),
        "caveats": list(metric.caveats),
    }


def _section(section: Section) -> dict[str, Any]:
    shown = {each.name: each for each in section.tables}
    return {
        "id": section.metric.name,
        "title": section.metric.title,
        "definition": section.metric.id,
        "tables": [_table(each) for each in section.tables],
        "figures": [*section.metric.figures(shown), *section.exact],
        "notes": [
            *([] if section.tables else [NO_TABLE]),
            *section.metric.notes(shown),
            *section.metric.caveats,
        ],
    }


def _table(table: ShownTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "unit": table.unit,
        "dimensions": [_dimension(each) for each in table.axes],
        "cells": [
            {"at": dict(key), "value": printed.value, "as_of": printed.as_of, "frozen": printed.frozen}
            for key, printed in table.cells.items()
        ],
    }


def _dimension(axis: Axis) -> dict[str, Any]:
    codes = [{"code": each.code, "label": each.label, "above": each.above} for each in axis.codes]
    return {"name": axis.name, "title": axis.title, "total": True, "codes": codes}


def _coverage(sections: Iterable[Section]) -> dict[str, Any]:
    """How many people the report counts, of how many: both only where both are printed of one day."""
    shown = {each.name: each for section in sections for each in section.tables}
    eligible, counted = shown["coverage"].at(), shown["states"].at()
    numbers = together(counted, eligible)
    if numbers is None:
        return {
            "counted": None,
            "eligible": None,
            "text": "How many people are counted, of all, is not shown.",
        }
    return {
        "counted": numbers[0],
        "eligible": numbers[1],
        "text": f"{numbers[0]} of {numbers[1]} people are counted.",
    }
