"""The intake of a cohort: until when people answer of themselves, who has, and reminders of it.

Its days are the cohort's own. It opens when `opens_on` begins in the cohort's time zone and closes when `closes_on`
has ended there; a day that is not set is no limit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenants.cohorts.models import Cohort
from tenants.cohorts.values import is_time_zone
from tenants.kernel import jobs
from tenants.kernel.errors import Invalid, NotFound
from tenants.kernel.session import Session
from tenants.people.invitations import REACHABLE

ASKED = ("eligible", "invited", "applied", "waitlisted")
"""Participants in these states are asked to answer, once they have been invited or have joined."""
REMINDER_HOUR = 9
"""When on its day a reminder goes out, in the cohort's time zone."""

_INTAKE = text("""
    SELECT c.id AS cohort_id, c.opens_on, c.closes_on, c.time_zone, c.reminders, c.version,
           CAST(c.opens_on AS timestamp) AT TIME ZONE c.time_zone AS opens_at,
           CAST(c.closes_on + 1 AS timestamp) AT TIME ZONE c.time_zone AS closes_at,
           coalesce(c.opens_on <= day, true) AND coalesce(day <= c.closes_on, true) AS open
      FROM cohort c CROSS JOIN LATERAL CAST(now() AT TIME ZONE c.time_zone AS date) AS day
     WHERE c.id = :cohort
""")
REQUIRED = (
    "ARRAY(SELECT a.key FROM attribute a WHERE a.program_id = c.program_id AND a.required"
    " AND a.answered_by <> 'roster')"
)
"""SQL of the keys that somebody of the cohort c must answer, or have answered for her."""
_COUNTS = text(f"""
    SELECT count(*) AS asked, count(*) FILTER (WHERE p.attributes ?& {REQUIRED}) AS answered
      FROM cohort c JOIN participant p ON p.tenant_id = c.tenant_id AND p.cohort_id = c.id
      JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
     WHERE c.id = :cohort AND p.state = ANY (:asked) AND {REACHABLE}
""")  # noqa: S608 - constants of ours are put in
_COMING = text("""
    SELECT DISTINCT moment FROM cohort c CROSS JOIN unnest(c.reminders) AS days
     CROSS JOIN LATERAL (SELECT (CAST(c.closes_on - days AS timestamp) + make_interval(hours => :hour))
                                AT TIME ZONE c.time_zone AS moment) of
     WHERE c.id = :cohort AND moment > now() ORDER BY moment
""")
_CALL_OFF = text("""
    UPDATE job SET state = 'cancelled', finished_at = now()
     WHERE kind = 'intake_reminder' AND subject_id = :cohort AND state = 'queued' AND not_before > now()
       AND not_before <> ALL (CAST(:coming AS timestamptz[]))
""")
_PLANNED = text("""
    SELECT not_before FROM job WHERE kind = 'intake_reminder' AND subject_id = :cohort AND state <> 'cancelled'
""")
_KNOWN_ZONE = text("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = :zone)")


def intake(session: Session, *, cohort_id: UUID) -> dict[str, Any]:
    """A cohort's days, the moments that they mean, whether it is `open`, and of those asked how many have answered.

    Raises NotFound.
    """
    found = days_of(session, cohort_id)
    counted = session.execute(_COUNTS, {"cohort": cohort_id, "asked": list(ASKED)}).one()
    missing = counted.asked - counted.answered
    return {**found._mapping, **counted._mapping, "missing": missing}


def days_of(session: Session, cohort_id: UUID) -> Row[Any]:
    """As `intake`, without the counts."""
    found = session.execute(_INTAKE, {"cohort": cohort_id}).one_or_none()
    if found is None:
        raise NotFound("cohort")
    return found


def check_intake(session: Session, cohort: Cohort, changed: Sequence[str]) -> None:
    """Raises Invalid at a time zone that nobody knows, and at the last day where reminders hang on it."""
    if "time_zone" in changed and not (
        is_time_zone(cohort.time_zone) and session.scalar(_KNOWN_ZONE, {"zone": cohort.time_zone})
    ):
        raise Invalid.field("/time_zone", "unknown", "Use an IANA name such as America/Chicago.")
    if cohort.reminders and cohort.closes_on is None:
        message = "Reminders come so many days before the intake closes: say on which day it does."
        raise Invalid.field("/closes_on", "required", message)


def plan_reminders(session: Session, *, cohort_id: UUID) -> None:
    """Have a job for each reminder that is still to come, and none for one that is not wanted any more.

    What has gone out does not go out again, unless the intake now closes later and its time is yet to come.
    """
    known = {"cohort": cohort_id, "hour": REMINDER_HOUR}
    coming: list[datetime] = list(session.scalars(_COMING, known))
    session.execute(_CALL_OFF, {**known, "coming": coming})
    planned = set(session.scalars(_PLANNED, known))
    for moment in coming:
        if moment not in planned:
            jobs.enqueue(session, "intake_reminder", subject_id=cohort_id, not_before=moment)
