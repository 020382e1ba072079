"""Reach: participants by state."""

from sqlalchemy import text

from tenants.cohorts.models import PARTICIPANT_STATES
from tenants.kernel.session import Session
from tenants.reporting.scope import PEOPLE, Metric, Scope
from tenants.reporting.tables import Tables, people_breakdown

_STATES = f"""
SELECT state, count(*) AS people FROM (
    SELECT coalesce((SELECT c.state FROM participant_change c
                      WHERE c.tenant_id = :tenant AND c.participant_id = p.id AND c.state IS NOT NULL
                        AND c.created_at < :end ORDER BY c.created_at DESC, c.id DESC LIMIT 1),
                    (SELECT c.state FROM participant_change c
                      WHERE c.tenant_id = :tenant AND c.participant_id = p.id AND c.state IS NOT NULL
                      ORDER BY c.created_at, c.id LIMIT 1),
                    p.state) AS state
      FROM (SELECT DISTINCT ON (membership_id) id, state FROM participant
             WHERE tenant_id = :tenant AND cohort_id = ANY(:cohorts) AND membership_id IN ({PEOPLE})
             ORDER BY membership_id, id DESC) p) s
 GROUP BY state
"""  # noqa: S608 - a constant is put in


def compute(session: Session, scope: Scope) -> Tables:
    """The people of the scope, each in one state."""
    counted = {row.state: row.people for row in session.execute(text(_STATES), scope.parameters)}
    return {"by_state": people_breakdown(PARTICIPANT_STATES, counted)}


METRIC = Metric(
    name="reach",
    version=2,
    title="Participants by state",
    text="Distinct people who are or were participants, by the state that their participation was in at the "
    "end of the report's date (UTC). Somebody entered later counts in the state they were entered in; "
    "somebody in several cohorts, in the state of the cohort they joined last. A report that leaves the tenant "
    "is about those alone who are not left out of it (see coverage).",
    compute=compute,
)
