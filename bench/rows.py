"""Invented rows, written straight into the tables."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tenants.kernel.ids import new_id
from tenants.kernel.session import Database

ATTRIBUTES = {
    "institution": "Invented University of Northmere",
    "institution_state": "ME",
    "activity_code": "K23",
    "institute": "NHLBI",
    "award_year": "2",
    "degree": ["MD", "PhD"],
    "rank": "assistant",
    "problem_area": "cardiometabolic",
}
_TABLES = (
    "INSERT INTO program (tenant_id, id, name, labels) VALUES (:t, :p, 'Invented program', '{}')",
    "INSERT INTO cohort (tenant_id, id, program_id, name) VALUES (:t, :c, :p, 'Invented cohort')",
    (
        "INSERT INTO membership (tenant_id, id, external_id, name, email)"
        " SELECT :t, gen_random_uuid(), 'INV-' || n, 'Invented Person ' || n, 'p' || n || '@example.org'"
        "   FROM generate_series(1, :people) n"
    ),
    (
        "INSERT INTO participant (tenant_id, id, cohort_id, membership_id, state, state_since, attributes)"
        " SELECT :t, gen_random_uuid(), :c, m.id, 'eligible', now(), CAST(:attributes AS jsonb) FROM membership m"
    ),
)


def cohort_of(database: Database, tenant_id: UUID, *, people: int) -> UUID:
    """A cohort with `people` invented participants in it; its id."""
    known: dict[str, Any] = {"t": tenant_id, "p": new_id(), "c": new_id(), "people": people}
    known["attributes"] = json.dumps(ATTRIBUTES)
    with database.tenant(tenant_id) as session:
        for statement in _TABLES:
            session.execute(text(statement), known)
        session.commit()
    cohort: UUID = known["c"]
    return cohort
