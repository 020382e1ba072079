"""Demographics: what those who agreed to it answered, declined or were not asked."""

from collections import defaultdict
from typing import Any

from sqlalchemy import text

from tenants.cohorts.covered import covered
from tenants.kernel.session import Session
from tenants.reporting.scope import PEOPLE, Metric, Scope
from tenants.reporting.tables import Breakdown, Tables, people_breakdown

ANSWERED, SEVERAL, NONE, OTHER = "answered: ", "several answers", "no answer applies", "other answers"
DECLINED, NOT_ASKED = "declined", "not asked"

_ATTRIBUTES = """
SELECT a.key, a.kind, a.sensitive, a.levels FROM attribute a
 WHERE a.tenant_id = :tenant AND a.program_id = :program AND 'demographics' = ANY(a.uses)
   AND a.kind IN ('categorical', 'ordinal', 'boolean', 'set')
 ORDER BY a.key
"""
_ANSWERS = f"""
WITH people AS ({PEOPLE} AND membership_id IN ({covered("demographics")})),
answer AS (
    SELECT k.key, p.attributes -> k.key AS value
      FROM (SELECT DISTINCT ON (membership_id) attributes FROM participant
             WHERE tenant_id = :tenant AND cohort_id = ANY(:cohorts)
               AND membership_id IN (SELECT membership_id FROM people)
             ORDER BY membership_id, id DESC) p
     CROSS JOIN unnest(CAST(:keys AS text[])) k(key))
SELECT key, count(*) AS people,
       CASE jsonb_typeof(value)
            WHEN 'null' THEN '{DECLINED}'
            WHEN 'array' THEN CASE jsonb_array_length(value) WHEN 0 THEN '{NONE}'
                                   WHEN 1 THEN '{ANSWERED}' || (value ->> 0) ELSE '{SEVERAL}' END
            ELSE coalesce('{ANSWERED}' || (value #>> '{{}}'), '{NOT_ASKED}') END AS label
  FROM answer GROUP BY key, label
"""  # noqa: S608 - constants are put in
_NUMBER = f"SELECT count(*) FROM ({PEOPLE}) p"  # noqa: S608 - a constant is put in


def compute(session: Session, scope: Scope) -> Tables:
    """A table for each attribute that is for demographics."""
    attributes = session.execute(text(_ATTRIBUTES), scope.parameters).all()
    known = {**scope.parameters, "keys": [attribute.key for attribute in attributes]}
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    for row in session.execute(text(_ANSWERS), known):
        counted[row.key][row.label] = row.people
    among = session.execute(text(_NUMBER), scope.parameters).scalar_one()
    return {attribute.key: _table(attribute, counted[attribute.key], among=among) for attribute in attributes}


def _table(attribute: Any, people: dict[str, int], *, among: int) -> Breakdown:
    answers = (
        ("true", "false") if attribute.kind == "boolean" else [level["key"] for level in attribute.levels]
    )
    labels = [f"{ANSWERED}{answer}" for answer in answers]
    labels += [SEVERAL, NONE] if attribute.kind == "set" else []
    labels += [OTHER, DECLINED, NOT_ASKED]
    others = sum(number for label, number in people.items() if label not in labels)
    counted = people_breakdown(labels, {**people, OTHER: others})
    return Breakdown(counted.cells, counted.total, among=among, sensitive=attribute.sensitive)


METRIC = Metric(
    name="demographics",
    version=1,
    title="Demographic answers",
    text="For each attribute that is marked for demographics, the people of the report who agreed that their "
    "answers are counted, by their present answer, those who declined to answer, and those who were not asked "
    "or did not say. Of several answers none is counted by itself; other answers are levels that there are no "
    "more. Nothing is read of people who did not agree "
    "(see coverage). Outside the tenant nothing is shown where the others among the people of the report are 1 "
    "to 10; of attributes marked sensitive, zeros and answers that all gave are hidden too.",
    compute=compute,
)
