"""The document of a report that leaves, from the exact tables and what was released of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from tenants.reporting.counting import shares
from tenants.reporting.document import Section, document
from tenants.reporting.metrics import metrics_by
from tenants.reporting.models import Report
from tenants.reporting.releasing import Released, cells_of
from tenants.reporting.tables import COHORT, YES, CountTable


@dataclass(frozen=True)
class Frozen:
    """What a report says beside its numbers, and how many tables each metric has, in their order."""

    said: Mapping[str, Any]
    cover: Mapping[str, Any]
    tables: Sequence[int]

    @property
    def text(self) -> str:
        """As JSON, in which the order of keys is kept."""
        return orjson.dumps([self.said, self.cover, self.tables]).decode()

    @classmethod
    def of(cls, text: str) -> Frozen:
        """The inverse of `text`."""
        return cls(*orjson.loads(text))


def leaving_document(
    report: Report,
    frozen: Frozen,
    tables: Sequence[Sequence[CountTable]],
    leaving: Released,
    threshold: int,
) -> dict[str, Any]:
    """The whole document of a report's part of what is released. ``tables``: by metric, as counted."""
    cells, also = cells_of(leaving.document), _part(report)
    sections = []
    for metric, counted in zip(metrics_by(report.award_list), tables, strict=True):
        mine = {each.name: each for each in counted if _is_for(each, report)}
        told = [each.shown(cells if _tells_of(each, report) else {}, *also) for each in mine.values()]
        shown = [replace(each, threshold=threshold) for each in told]
        sections.append(Section(metric, shown))
    return document(frozen.said, frozen.cover, sections, threshold=threshold, only=report.metrics)


def _part(report: Report) -> list[tuple[str, str]]:
    """Which part of a snapshot a report shows."""
    cohort = [(COHORT, str(report.cohort_id))] if report.cohort_id else []
    return [*cohort, *([(shares(report.funder), YES)] if report.funder else [])]


def _tells_of(table: CountTable, report: Report) -> bool:
    """Whether it has numbers of the report's cohort, if that is on one."""
    return not report.cohort_id or COHORT in {name for name, _ in table.within} | {
        each.name for each in table.spread
    }


def _is_for(table: CountTable, report: Report) -> bool:
    """Whether it is of the report's cohort and funder, or of all."""
    of_cohort = dict(table.within).get(COHORT)
    if None not in (of_cohort, report.cohort_id) and of_cohort != str(report.cohort_id):
        return False
    funder, funders = report.funder, {each.name for each in table.spread} - {COHORT}
    return funder is None or not funders or shares(funder) in funders
