"""What is known of those whom a document may name, and nothing of anybody else.

Named are those who agreed to `named_documents` and whose `outcomes` the program may use; of what came of it, what is
visible to the funder. Why somebody was away or left is kept nowhere; that she was is not read here either.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from tenants.cohorts.covered import covered
from tenants.cohorts.models import Attribute, Cohort
from tenants.kernel.session import Session
from tenants.reporting.named.listing import Facts, Person
from tenants.reporting.named.models import NamedDocument
from tenants.reporting.scope import OUTWARD

NEVER_TOOK_PART = ("ineligible", "declined")
_NAMED = f"membership_id IN ({covered('named_documents')}) AND membership_id IN ({covered('outcomes')})"
_TAKING_PART = """
  FROM participant WHERE tenant_id = :tenant AND cohort_id = ANY(:cohorts) AND state <> ALL(:never)
   AND CAST(created_at AT TIME ZONE 'UTC' AS date) <= :as_of
"""
_COUNTED = f"SELECT count(DISTINCT membership_id) {_TAKING_PART}"
_PEOPLE = f"""
SELECT m.id, coalesce(m.chosen_name, m.name, m.external_id) AS name, m.identifiers, q.attributes, q.since
  FROM (SELECT DISTINCT ON (membership_id) membership_id, attributes,
               CAST(min(created_at) OVER (PARTITION BY membership_id) AT TIME ZONE 'UTC' AS date) AS since
          {_TAKING_PART} AND {_NAMED}
         ORDER BY membership_id, id DESC) q
  JOIN membership m ON m.tenant_id = :tenant AND m.id = q.membership_id
 ORDER BY q.since, name, m.id
"""  # noqa: S608 - constants are put in
_PRODUCTS = """
SELECT p.id, p.kind, p.title, p.date, p.doi, p.pmid, p.project_number, p.state,
       array_agg(c.membership_id) AS contributors, array_agg(c.relation) AS relations, array_agg(c.id) AS told_by
  FROM product p JOIN product_contributor c ON c.tenant_id = p.tenant_id AND c.product_id = p.id
 WHERE p.tenant_id = :tenant AND p.visibility = ANY(:visibilities) AND c.role = 'formal' AND NOT c.private
   AND c.membership_id = ANY(:named) AND (p.date IS NULL OR p.date <= :as_of)
 GROUP BY p.tenant_id, p.id ORDER BY p.date NULLS LAST, p.title, p.id
"""
_EVENTS = """
SELECT id, membership_id, kind, code, date, project_number FROM career_event
 WHERE tenant_id = :tenant AND visibility = ANY(:visibilities) AND membership_id = ANY(:named)
   AND kind IN ('award', 'appointment', 'promotion') AND date <= :as_of
 ORDER BY date, id
"""


def facts_for(session: Session, document: NamedDocument) -> Facts:
    """All that a document may tell."""
    known = _parameters(session, document)
    words = _Words(session, document.program_id)
    people = [
        Person(row.id, row.name, row.identifiers, words.told(row.attributes), row.since)
        for row in session.execute(text(_PEOPLE), known)
    ]
    known |= {"named": [each.id for each in people], "visibilities": list(OUTWARD)}
    products = session.execute(text(_PRODUCTS), known).all()
    events = session.execute(text(_EVENTS), known).all()
    return Facts(session.scalars(text(_COUNTED), known).one(), people, products, events)


def _parameters(session: Session, document: NamedDocument) -> dict[str, Any]:
    every = select(Cohort.id).where(Cohort.program_id == document.program_id)
    cohorts = [document.cohort_id] if document.cohort_id else list(session.scalars(every))
    return {
        "tenant": session.tenant_id,
        "cohorts": cohorts,
        "never": list(NEVER_TOOK_PART),
        "as_of": document.as_of,
    }


class _Words:
    """A program's attributes for reporting, in words; of the sensitive and demographic ones it knows nothing."""

    def __init__(self, session: Session, program_id: UUID) -> None:
        rows = session.scalars(select(Attribute).where(Attribute.program_id == program_id))
        self._levels = {
            row.key: {level["key"]: level["label"] for level in row.levels}
            for row in rows
            if "reporting" in row.uses and not row.sensitive and not row.for_demographics
        }

    def told(self, attributes: Mapping[str, Any]) -> dict[str, str]:
        """Each value that is known."""
        found = {}
        for key, levels in self._levels.items():
            value = attributes.get(key)
            parts = value if isinstance(value, list) else [] if value is None else [value]
            found[key] = ", ".join(str(levels.get(part, part)) for part in parts)
        return found
