"""Ordering reports."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from tenants.cohorts.models import Cohort, Program
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_named, row_of
from tenants.kernel.session import Session
from tenants.reporting.ledger import list_released
from tenants.reporting.models import FORMATS, PLAIN, Report


def order_report(
    session: Session,
    *,
    audience: str,
    funder: str | None = None,
    cohort_id: UUID | None = None,
    program_id: UUID | None = None,
    as_of: dt.date | None = None,
    formats: Sequence[str] = PLAIN,
    metrics: Sequence[str] | None = None,
    award_list: str | None = None,
) -> Report:
    """Order a report on one cohort, or on a whole program, as of a day (UTC; today if none is said).

    One for a funder is for the one named, who must be among the program's: it is about those who agreed to that.
    `metrics`: the names of those that it shows, all if none is given. `award_list`: by which major awards are counted,
    if not by the usual ones; what leaves of a program, by those by which something did first.
    Raises Invalid unless exactly one of the two is named and known, for a day in the future, and for a funder
    that is missing, unknown or not asked for, or a list other than the one that is fixed.
    """
    today = now().date()
    if as_of is not None and as_of > today:
        raise Invalid.field("/as_of", "in_the_future", f"Today is {today} (UTC); a report cannot be later.")
    program = program_of(session, cohort_id, program_id)
    _check_funder(program, audience, funder)
    if audience != "internal":
        _check_list(session, program, award_list)
    report_id = new_id()
    job = jobs.enqueue(session, "report", subject_id=report_id)
    session.flush()
    report = Report(
        id=report_id,
        cohort_id=cohort_id,
        program_id=program.id,
        job_id=job.id,
        audience=audience,
        funder=funder,
        as_of=as_of or today,
        formats=sorted(set(formats), key=FORMATS.index),
        metrics=None if metrics is None else list(metrics),
        award_list=award_list,
    )
    session.add(report)
    session.flush()
    events.record(session, "report.ordered", subject=report)
    return report


def program_of(session: Session, cohort_id: UUID | None, program_id: UUID | None) -> Program:
    """The program that is named, or that of the cohort that is. Raises Invalid unless one of the two is."""
    if cohort_id is not None and program_id is None:
        cohort = row_named(session, Cohort, cohort_id, pointer="/cohort_id")
        return row_of(session, Program, cohort.program_id)
    if program_id is not None and cohort_id is None:
        return row_named(session, Program, program_id, pointer="/program_id")
    raise Invalid.field("/cohort_id", "one_scope", "Give either cohort_id or program_id.")


def _check_funder(program: Program, audience: str, funder: str | None) -> None:
    if audience != "funder" and funder is not None:
        raise Invalid.field("/funder", "not_for_this_audience", "Only a report for a funder names one.")
    if audience == "funder" and funder is None:
        raise Invalid.field(
            "/funder", "required", "Name the funder: people agree to be shared with it by name."
        )
    if funder is not None and funder not in program.funders:
        raise Invalid.field("/funder", "unknown", "The program has no funder of this name.")


def _check_list(session: Session, program: Program, award_list: str | None) -> None:
    fixed = list_released(session, program_id=program.id)
    if award_list is not None and fixed not in (None, award_list):
        raise Invalid.field(
            "/award_list", "fixed", f"What leaves of this program counts by {fixed} for good."
        )
