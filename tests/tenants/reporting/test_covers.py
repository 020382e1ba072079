"""What the covers of reports say. Everybody is invented."""

import datetime as dt

from tenants.reporting.actions import order_report
from tenants.reporting.covers import cover_of
from tenants.reporting.forms.reading import cover_rows
from tenants.reporting.release_models import Release

NOON = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)


def ordered(circle, days, *, audience="internal", **scope):
    """A report that was ordered so many days after noon of that day."""
    report = order_report(circle.session, audience=audience, **(scope or {"program_id": circle.program.id}))
    report.created_at = NOON + dt.timedelta(days=days)
    circle.session.flush()
    return report


def corrected(circle, days, cells, addressee=None):
    """A release that corrected another, sent so many days after."""
    report = ordered(circle, days, audience="public")
    before = circle.add(Release(program_id=circle.program.id, report_id=report.id, state="superseded"))
    again = ordered(circle, days, audience="public")
    sent = {"state": "sent", "sent_at": NOON + dt.timedelta(days=days), "addressee_name": addressee}
    fixed = {"program_id": circle.program.id, "report_id": again.id, "supersedes_id": before.id}
    circle.add(Release(**fixed, **sent, corrections=[{}] * cells))


def cover(circle, report):
    return cover_of(circle.session, report, institution="Invented University")


def test_an_internal_report_lists_what_was_corrected_since_the_one_before(circle):
    corrected(circle, 1, 3)
    ordered(circle, 2)
    corrected(circle, 3, 1, "Invented Foundation")
    corrected(circle, 4, 2)
    ordered(circle, 5, cohort_id=circle.cohorts[0].id)
    found = cover(circle, ordered(circle, 6))["corrections"]
    day = dt.datetime.now(dt.UTC).date().isoformat()
    assert found == [
        {"addressee": "Invented Foundation", "as_of": day, "sent_on": "2026-09-04", "cells": 1},
        {"addressee": None, "as_of": day, "sent_on": "2026-09-05", "cells": 2},
    ]
    first = ordered(circle, 7, cohort_id=circle.cohorts[1].id)
    assert [each["cells"] for each in cover(circle, first)["corrections"]] == [3, 1, 2]
    assert cover(circle, ordered(circle, 8))["corrections"] == []
    assert cover(circle, ordered(circle, 9, audience="public"))["corrections"] == []


def test_the_cover_prints_corrections_where_there_are_any(circle):
    made = {
        "audience": "internal",
        "funder": None,
        "scope": {"program": "Circles", "cohort": None},
        "inputs": {"sha256": "0"},
        "cover": {
            **cover(circle, ordered(circle, 0)),
            "fiscal_year": "any",
            "definitions": [],
            "coverage": {"counted": 1, "eligible": 1, "text": ""},
            "suppression": "",
        },
    }
    assert "Corrections since the last report" not in dict(cover_rows(made))
    said = [{"addressee": None, "as_of": "2026-08-01", "sent_on": "2026-09-01", "cells": 1}]
    made["cover"]["corrections"] = said
    told = dict(cover_rows(made))["Corrections since the last report"]
    assert told == "The public, as of 2026-08-01: 1 number, sent on 2026-09-01"


def test_the_period_begins_on_the_first_day_that_cohorts_were_planned_for(circle):
    circle.joined(created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    report = ordered(circle, 0)
    assert cover(circle, report)["period"]["since"] is None
    circle.cohorts[0].opens_on = dt.date(2025, 3, 1)
    circle.cohorts[1].kick_off_on = dt.date(2024, 9, 1)
    circle.session.flush()
    assert cover(circle, report)["period"]["since"] == "2024-09-01"
    of_one = ordered(circle, 1, cohort_id=circle.cohorts[0].id, audience="public")
    assert cover(circle, of_one)["period"]["since"] == "2025-03-01"
    circle.cohorts[0].opens_on = dt.date(2999, 1, 1)
    circle.session.flush()
    assert cover(circle, of_one)["period"]["since"] is None
