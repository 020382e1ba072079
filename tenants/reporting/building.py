"""Building a report in the background: compute every metric, protect it, write the files."""

from typing import Any

from tenants.cohorts.models import Cohort, Program
from tenants.kernel import events
from tenants.kernel.claims import Claim
from tenants.kernel.files import FileStore
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session, expect_many_rows
from tenants.reporting.files import add_files, write_files
from tenants.reporting.metrics import METRICS
from tenants.reporting.models import Report
from tenants.reporting.protection import shown
from tenants.reporting.rendering import RENDER
from tenants.reporting.scope import scope_of

OUTWARD_NOTE = (
    "Numbers from 1 to 10, and those from which one could be worked out, are not shown: they are null. "
    "Only products visible to the funder are counted, and only people whom the program may report on outside."
)
INTERNAL_NOTE = (
    "This report shows every number whole. It is for the tenant itself and is not to be passed on."
)


def build_report(claim: Claim) -> None:
    """Build the claimed report and write its files, once."""
    with claim.session(snapshot=True) as session:  # so that the totals of all metrics agree
        expect_many_rows(session)
        report = row_of(session, Report, claim.subject_id)
        document = _document(session, report, claim)
    contents = {form: [RENDER[form](document)] for form in report.formats}
    files = FileStore.of(claim.settings)
    written = write_files(files, tenant_id=claim.tenant_id, contents=contents)
    with claim.effect() as session:
        add_files(session, report_id=report.id, written=written)
        events.record(session, "report.built", subject=report)


def _document(session: Session, report: Report, claim: Claim) -> dict[str, Any]:
    scope = scope_of(session, report)
    metrics = {}
    for done, metric in enumerate(METRICS, start=1):
        metrics[metric.id] = shown(metric.compute(session, scope), audience=report.audience)
        claim.progress(done / (len(METRICS) + 1))
    return {
        "report_id": str(report.id),
        "audience": report.audience,
        "funder": report.funder,
        "as_of": report.as_of.isoformat(),
        "scope": _said_of_scope(session, report),
        "definitions": [
            {"id": metric.id, "version": metric.version, "title": metric.title, "text": metric.text}
            for metric in METRICS
        ],
        "metrics": metrics,
        "notes": [INTERNAL_NOTE if report.audience == "internal" else OUTWARD_NOTE],
    }


def _said_of_scope(session: Session, report: Report) -> dict[str, str | None]:
    program = row_of(session, Program, report.program_id)
    cohort = row_of(session, Cohort, report.cohort_id) if report.cohort_id else None
    return {
        "program_id": str(program.id),
        "program": program.name,
        "cohort_id": str(cohort.id) if cohort else None,
        "cohort": cohort.name if cohort else None,
    }
