"""Coverage: how many people the numbers of a report leave out, and why."""

from sqlalchemy import text

from tenants.cohorts.covered import standing
from tenants.kernel.session import Session
from tenants.people.consent import STATES
from tenants.reporting.scope import LEFT_OUT, Metric, Scope
from tenants.reporting.tables import Tables, people_breakdown

COVERED = "covered"
PURPOSES = ("outcomes", "demographics")
LABELS = (COVERED, *(state for state in STATES if state != "granted"))

_STANDING = " UNION ALL ".join(
    f"SELECT '{purpose}' AS purpose, s.state, s.covered FROM ({standing(purpose)}) s"  # noqa: S608 - constants
    for purpose in PURPOSES
)
_INWARD = f"""
SELECT purpose, CASE WHEN covered THEN '{COVERED}' ELSE state END AS label, count(*) AS people
  FROM ({_STANDING}) t GROUP BY 1, 2
"""  # noqa: S608 - constants are put in
_OUTWARD = f"SELECT count(*) FROM ({LEFT_OUT}) t"  # noqa: S608 - a constant is put in


def compute(session: Session, scope: Scope) -> Tables:
    """Of everybody, who is covered for what; outside the tenant only how many are not in the report at all."""
    if scope.outward:
        number = session.execute(text(_OUTWARD), scope.parameters).scalar_one()
        return {"left_out": people_breakdown(("left_out",), {"left_out": number})}
    counted = session.execute(text(_INWARD), scope.parameters).all()
    return {
        purpose: people_breakdown(
            LABELS, {row.label: row.people for row in counted if row.purpose == purpose}
        )
        for purpose in PURPOSES
    }


METRIC = Metric(
    name="coverage",
    version=1,
    title="Whom the numbers leave out",
    text="An internal report counts everybody who is or was a participant in reach and groups. Products and "
    "careers are counted of those whose outcomes the program's basis covers, demographic answers of those who "
    "agreed to that: covered. The others are left out of these numbers, by why: not_asked (where consent is "
    "needed), objected or withdrawn. A report that leaves the tenant leaves out, of everything, whoever's "
    "outcomes are not covered; one for a funder also whoever did not agree to be shared with it by name. Outside "
    "the tenant only the number of all who are left out is told. What people said by the time the report is "
    "built counts, whatever the report's date.",
    compute=compute,
)
