"""The document of a pooled report: the numbers of all institutions together, and who contributed. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenants.reporting.document import Section, document
from tenants.reporting.lifting import INSTITUTION
from tenants.reporting.metrics import metrics_by
from tenants.reporting.pools.models import PooledReport
from tenants.reporting.pools.summing import Given, Pool
from tenants.reporting.releasing import Released, cells_of
from tenants.reporting.suppression.model import Key, Printed, key_of
from tenants.reporting.tables import CountTable


def pooled_document(report: PooledReport, pool: Pool, leaving: Released, given: Given) -> dict[str, Any]:
    """The whole document, from what is released alone."""
    cells = cells_of(leaving.document)
    sections = []
    for metric in metrics_by(report.award_list):
        if tables := pool.tables.get(metric.id):
            mine = {each.name: replace(each.shown(cells), threshold=pool.threshold) for each in tables}
            sections.append(Section(metric, list(mine.values())))
    people = next((each for tables in pool.tables.values() for each in tables if each.unit == "people"), None)
    sources = [
        {"institution": one.name, "declared": one.declared, "counted": _counted(cells, people, institution)}
        for institution, one in sorted(given.items(), key=lambda each: each[1].name)
    ]
    names = sorted(f"{one.name} (declared)" if one.declared else one.name for one in given.values())
    said = {
        "report_id": str(report.id),
        "audience": "funder",
        "funder": report.funder,
        "as_of": report.as_of.isoformat(),
        "scope": {"program_id": None, "program": "Several institutions", "cohort_id": None, "cohort": None},
        "inputs": {"sha256": pool.snapshot},
    }
    cover = {
        "institution": "; ".join(names),
        "title": report.title,
        "period": {"since": None, "until": report.as_of.isoformat()},
        "as_of": report.as_of.isoformat(),
        "approved_by": None,
        "sources": sources,
    }
    coverage = _coverage(_counted(cells, people), len(sources))
    return document(said, cover, sections, threshold=pool.threshold, coverage=coverage)


def _counted(cells: Mapping[Key, Printed], people: CountTable | None, institution: str = "") -> int | None:
    """How many people are counted, of all or of one institution, as far as it is shown."""
    if people is None:
        return None
    whose = {INSTITUTION: institution} if institution else {}
    printed = cells.get(key_of({**dict(people.within), **whose}))
    return printed.value if printed else None


def _coverage(counted: int | None, number: int) -> dict[str, Any]:
    text = (
        f"How many people of {number} institutions are counted is not shown."
        if counted is None
        else f"{counted} people of {number} institutions are counted."
    )
    return {"counted": counted, "eligible": None, "text": text}
