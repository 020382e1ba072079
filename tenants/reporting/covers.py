"""Covers of reports: what a reader should know first, but for what `document` says of its sections."""

import datetime as dt
from typing import Any

from sqlalchemy import func, select

from tenants.cohorts.models import Cohort, Program
from tenants.kernel.session import Session
from tenants.reporting.models import Report
from tenants.reporting.release_models import Release


def cover_of(session: Session, report: Report, *, institution: str) -> dict[str, Any]:
    """The cover of a report that nobody has approved yet.

    The period begins when the program did, by the days that its cohorts were planned for: a day on which somebody
    joined would tell of her. An internal report lists what was corrected since the one before it.
    """
    program = session.get_one(Program, (session.tenant_id, report.program_id))
    cohort = session.get_one(Cohort, (session.tenant_id, report.cohort_id)) if report.cohort_id else None
    return {
        "institution": institution,
        "title": f"{program.name}, {cohort.name}" if cohort else program.name,
        "period": {"since": _since(session, report), "until": report.as_of.isoformat()},
        "as_of": report.as_of.isoformat(),
        "approved_by": None,
        "corrections": _corrections(session, report) if report.audience == "internal" else [],
    }


def _since(session: Session, report: Report) -> str | None:
    """When the first of its cohorts opened or, where that is not said, began; None if on no day before the report's."""
    first: Any = func.min(func.coalesce(Cohort.opens_on, Cohort.kick_off_on))
    days = select(first).where(Cohort.program_id == report.program_id)
    if report.cohort_id is not None:
        days = days.where(Cohort.id == report.cohort_id)
    since: dt.date | None = session.scalar(days)
    return since.isoformat() if since is not None and since <= report.as_of else None


def _corrections(session: Session, report: Report) -> list[dict[str, Any]]:
    """The releases of the program that corrected another since the last internal report of the same scope."""
    last = (
        select(func.max(Report.created_at))
        .where(
            Report.audience == "internal",
            Report.program_id == report.program_id,
            Report.cohort_id.is_not_distinct_from(report.cohort_id),
            Report.created_at < report.created_at,
        )
        .scalar_subquery()
    )
    rows = (
        select(Release.addressee_name, Report.as_of, Release.sent_at, Release.corrections)
        .join(Report, (Report.tenant_id == Release.tenant_id) & (Report.id == Release.report_id))
        .where(
            Release.program_id == report.program_id,
            Release.supersedes_id.is_not(None),
            Release.sent_at > func.coalesce(last, dt.datetime.min.replace(tzinfo=dt.UTC)),
        )
        .order_by(Release.sent_at, Release.id)
    )
    return [
        {
            "addressee": row.addressee_name,
            "as_of": row.as_of.isoformat(),
            "sent_on": row.sent_at.date().isoformat(),
            "cells": len(row.corrections or []),
        }
        for row in session.execute(rows)
    ]
