"""Ordering reports."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from tenants.cohorts.models import Cohort, Program
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_named
from tenants.kernel.session import Session
from tenants.reporting.models import FORMATS, Report


def order_report(
    session: Session,
    *,
    audience: str,
    cohort_id: UUID | None = None,
    program_id: UUID | None = None,
    as_of: dt.date | None = None,
    formats: Sequence[str] = FORMATS,
) -> Report:
    """Order a report on one cohort, or on a whole program, as of a day (UTC; today if none is said).

    Raises Invalid unless exactly one of the two is named and known, and for a day in the future.
    """
    today = now().date()
    if as_of is not None and as_of > today:
        raise Invalid.field("/as_of", "in_the_future", f"Today is {today} (UTC); a report cannot be later.")
    if (cohort_id is None) == (program_id is None):
        raise Invalid.field("/cohort_id", "one_scope", "Give either cohort_id or program_id.")
    if cohort_id is not None:
        program_id = row_named(session, Cohort, cohort_id, pointer="/cohort_id").program_id
    elif program_id is not None:
        row_named(session, Program, program_id, pointer="/program_id")
    report_id = new_id()
    job = jobs.enqueue(session, "report", subject_id=report_id)
    session.flush()
    report = Report(
        id=report_id,
        cohort_id=cohort_id,
        program_id=program_id,
        job_id=job.id,
        audience=audience,
        as_of=as_of or today,
        formats=sorted(set(formats), key=FORMATS.index),
    )
    session.add(report)
    session.flush()
    events.record(session, "report.ordered", subject=report)
    return report
