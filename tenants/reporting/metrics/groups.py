"""Groups: their states, their sizes, and how mixed they are."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from tenants.groups.models import GROUP_STATES
from tenants.kernel.session import Session
from tenants.reporting.disclosure import Cell
from tenants.reporting.scope import PEOPLE, Metric, Scope
from tenants.reporting.tables import Breakdown, Tables, cells_of

BANDS = ("0-1", "2-4", "5-7", "8 or more")
VERDICTS = ("all_different", "repeated", "unknown")

_MEMBERS = f"""
WITH member AS (
    SELECT g.id, g.state, m.membership_id, m.participant_id,
           (m.left_at IS NULL OR m.left_at >= :end) AS present
      FROM peer_group g JOIN group_member m ON m.tenant_id = g.tenant_id AND m.group_id = g.id
     WHERE g.tenant_id = :tenant AND g.cohort_id = ANY(:cohorts) AND g.created_at < :end AND m.created_at < :end
       AND m.membership_id IN ({PEOPLE}))
"""  # noqa: S608 - a constant is put in
_COUNTS = f"""
{_MEMBERS}
SELECT s.state, CAST(s.size AS text) AS size, s.band,
       count(DISTINCT m.id) AS number, count(DISTINCT m.membership_id) AS people
  FROM member m
  JOIN (SELECT id, state, size, CASE WHEN size < 2 THEN '0-1' WHEN size < 5 THEN '2-4'
                                     WHEN size < 8 THEN '5-7' ELSE '8 or more' END AS band
          FROM (SELECT id, state, count(*) FILTER (WHERE present) AS size FROM member GROUP BY id, state) z) s
    ON s.id = m.id
 GROUP BY GROUPING SETS ((s.state), (s.size), (s.band), ())
"""  # noqa: S608 - a constant is put in
_ATTRIBUTES = """
SELECT a.key FROM attribute a
 WHERE a.tenant_id = :tenant AND a.program_id = :program AND NOT a.sensitive
   AND 'reporting' = ANY(a.uses) AND 'demographics' <> ALL(a.uses)
   AND a.kind IN ('categorical', 'ordinal', 'text')
   AND (a.key = 'institution' OR a.key IN (
        SELECT rule ->> 'attribute'
          FROM matching_run r CROSS JOIN LATERAL jsonb_array_elements(r.recipe -> 'rules') rule
         WHERE r.tenant_id = :tenant AND rule ->> 'rule' = 'cap'
           AND r.id IN (SELECT g.matching_run_id FROM peer_group g
                         WHERE g.tenant_id = :tenant AND g.cohort_id = ANY(:cohorts) AND g.created_at < :end)))
 ORDER BY a.key
"""
_SPREAD = f"""
{_MEMBERS},
judged AS (
    SELECT m.id, k.key,
           CASE WHEN count(DISTINCT p.attributes ->> k.key) FILTER (WHERE m.present)
                     < count(p.attributes ->> k.key) FILTER (WHERE m.present) THEN 'repeated'
                WHEN count(p.attributes ->> k.key) FILTER (WHERE m.present)
                     < greatest(1, count(*) FILTER (WHERE m.present)) THEN 'unknown'
                ELSE 'all_different' END AS verdict
      FROM member m CROSS JOIN unnest(CAST(:keys AS text[])) k(key)
      JOIN participant p ON p.tenant_id = :tenant AND p.id = m.participant_id
     GROUP BY m.id, k.key)
SELECT j.key, j.verdict, count(DISTINCT m.id) AS number, count(DISTINCT m.membership_id) AS people
  FROM judged j JOIN member m ON m.id = j.id
 GROUP BY j.key, j.verdict
"""  # noqa: S608 - a constant is put in


def compute(session: Session, scope: Scope) -> Tables:
    """Groups by state and by size, and for each attribute whether their members' values differ."""
    counts = session.execute(text(_COUNTS), scope.parameters).all()
    all_groups = next(row for row in counts if row.state is None and row.size is None and row.band is None)
    total = Cell("total", all_groups.number, all_groups.people)
    sizes = sorted((row.size for row in counts if row.size is not None), key=int)
    tables = {
        "by_state": Breakdown(cells_of(GROUP_STATES, _counted(counts, "state")), total),
        "by_size": Breakdown(
            cells_of(sizes, _counted(counts, "size")),
            total,
            outward=Breakdown(cells_of(BANDS, _counted(counts, "band")), total),
        ),
    }
    keys = list(session.scalars(text(_ATTRIBUTES), scope.parameters))
    spread = session.execute(text(_SPREAD), {**scope.parameters, "keys": keys}).all()
    for key in keys:
        judged = _counted((row for row in spread if row.key == key), "verdict")
        tables[f"spread_{key}"] = Breakdown(cells_of(VERDICTS, judged), total)
    return tables


def _counted(rows: Iterable[Any], by: str) -> dict[str, tuple[int, int]]:
    return {getattr(row, by): (row.number, row.people) for row in rows if getattr(row, by) is not None}


METRIC = Metric(
    name="groups",
    version=2,
    title="Groups, their size and spread",
    text="Groups formed by the report's date, by their present state, by size, and by spread. The size is the "
    "number of members who had not left by then; outside the tenant sizes are given in bands, so that members "
    "cannot be counted from them. Spread looks at the institution and at each attribute that a recipe "
    "capped, unless it is sensitive, demographic or not for reporting: all_different if no two members share a value, "
    "repeated if two do, unknown if no value is known to repeat but not everybody's is known. Values are the "
    "present ones. The people behind a number of groups are all who ever were members. A report that leaves the tenant "
    "knows only members who are not left out of it (see coverage): sizes and spread are of these, and a group of "
    "nobody else is not counted.",
    compute=compute,
)
