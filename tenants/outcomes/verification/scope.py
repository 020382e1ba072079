"""Whose outcomes a verification may look at."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from tenants.cohorts.covered import covered, standing
from tenants.cohorts.models import Cohort
from tenants.kernel.session import Session
from tenants.outcomes.verification.models import Verification
from tenants.outcomes.verification.whose import Somebody

_OF_SCOPE = (
    "SELECT DISTINCT p.membership_id FROM participant p WHERE p.cohort_id = ANY (CAST(:cohorts AS uuid[]))"
    " AND (CAST(:one AS uuid) IS NULL OR p.membership_id = CAST(:one AS uuid))"
)
_NEXT = text(
    f"""
SELECT m.id, coalesce(m.chosen_name, m.name) AS name, m.identifiers ->> 'orcid' AS orcid,
       (SELECT p.attributes ->> :attribute FROM participant p
         WHERE p.membership_id = m.id AND p.cohort_id = ANY (CAST(:cohorts AS uuid[]))
           AND jsonb_typeof(p.attributes -> :attribute) = 'string' ORDER BY p.id DESC LIMIT 1) AS institution
  FROM membership m
 WHERE m.id IN ({_OF_SCOPE}) AND m.id IN ({covered("outcomes")})
   AND (CAST(:after AS uuid) IS NULL OR m.id > CAST(:after AS uuid))
 ORDER BY m.id LIMIT 1
"""  # noqa: S608 - constants are put in
)
_COUNT = text(
    f"""
SELECT count(*) AS everybody, count(*) FILTER (WHERE s.membership_id IN ({covered("outcomes")})) AS covered
  FROM ({_OF_SCOPE}) s
"""  # noqa: S608 - as above
)
_FORGET = text(
    f"""
DELETE FROM finding f
 WHERE f.state = 'open' AND f.membership_id IN ({_OF_SCOPE})
   AND NOT EXISTS (SELECT FROM participant p JOIN cohort c ON c.id = p.cohort_id
                    WHERE p.membership_id = f.membership_id AND c.id <> ALL (CAST(:cohorts AS uuid[])))
   AND f.membership_id NOT IN ({covered("outcomes")})
"""  # noqa: S608 - as above
)
_COVERED = text(
    f"SELECT coalesce(bool_or(s.covered), false) FROM ({standing('outcomes')}) s WHERE s.membership_id = :her"  # noqa: S608
)


def cohorts_of(session: Session, verification: Verification) -> list[UUID]:
    """The cohorts of its scope, all of one program."""
    if verification.cohort_id is not None:
        return [verification.cohort_id]
    every = select(Cohort.id).where(Cohort.program_id == verification.program_id).order_by(Cohort.id)
    return list(session.scalars(every))


def next_person(
    session: Session, verification: Verification, cohorts: list[UUID]
) -> tuple[UUID, Somebody] | None:
    """Whom to look for next: the first behind the last one whose outcomes may be looked at now; None: all are done."""
    row = session.execute(_NEXT, _known(verification, cohorts)).one_or_none()
    return None if row is None else (row.id, Somebody(row.name, row.orcid, row.institution))


def counted(session: Session, verification: Verification, cohorts: list[UUID]) -> tuple[int, int]:
    """How many people there are in its scope, and how many of them are covered."""
    row = session.execute(_COUNT, _known(verification, cohorts)).one()
    return row.everybody, row.covered


def forget_uncovered(session: Session, verification: Verification, cohorts: list[UUID]) -> None:
    """Remove what was found for people of the scope, and not decided, whose outcomes may not be looked at any more."""
    session.execute(_FORGET, _known(verification, cohorts))


def covers(session: Session, membership_id: UUID) -> bool:
    """Whether any program that she takes part in may look at her outcomes."""
    places = text(
        "SELECT c.program_id, array_agg(c.id) AS cohorts FROM participant p JOIN cohort c ON c.id = p.cohort_id"
        " WHERE p.membership_id = :her GROUP BY c.program_id"
    )
    rows = session.execute(places, {"her": membership_id}).all()
    asked = ({"cohorts": row.cohorts, "her": membership_id} for row in rows)
    return any(session.execute(_COVERED, each).scalar_one() for each in asked)


def _known(verification: Verification, cohorts: list[UUID]) -> dict[str, Any]:
    return {
        "cohorts": cohorts,
        "one": verification.membership_id,
        "after": verification.after_id,
        "attribute": verification.institution_attribute,
    }
