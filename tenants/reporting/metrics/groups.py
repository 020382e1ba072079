"""Groups: their states, their sizes, and how mixed they are."""

from tenants.groups.models import GROUP_STATES
from tenants.reporting.counting import PEOPLE, Counting, Rows
from tenants.reporting.metric import Found, Metric
from tenants.reporting.tables import CountTable, axis

BANDS = ("0-1", "2-4", "5-7", "8 or more")
VERDICTS = ("all_different", "repeated", "unknown")

_GROUPS = f"""
SELECT g.id AS thing_id, m.membership_id, m.participant_id, g.state AS group_state,
       m.left_at IS NULL OR m.left_at >= :end AS present
  FROM peer_group g JOIN group_member m ON m.tenant_id = g.tenant_id AND m.group_id = g.id
 WHERE g.tenant_id = :tenant AND g.cohort_id = ANY(:cohorts) AND g.created_at < :end AND m.created_at < :end
   AND m.membership_id IN ({PEOPLE})
"""  # noqa: S608 - a constant is put in
_SIZES = """
SELECT thing_id, membership_id, CASE WHEN size < 2 THEN '0-1' WHEN size < 5 THEN '2-4'
                                     WHEN size < 8 THEN '5-7' ELSE '8 or more' END AS group_size
  FROM fact_groups JOIN (SELECT thing_id, count(*) FILTER (WHERE present) AS size FROM fact_groups GROUP BY 1) s
 USING (thing_id)
"""
_ATTRIBUTES = """
SELECT a.key, a.label FROM attribute a
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
_SPREAD = """
SELECT m.thing_id, m.membership_id, j."{name}"
  FROM fact_groups m JOIN (
    SELECT f.thing_id, CASE WHEN count(DISTINCT p.attributes ->> :key) FILTER (WHERE f.present)
                               < count(p.attributes ->> :key) FILTER (WHERE f.present) THEN 'repeated'
                          WHEN count(p.attributes ->> :key) FILTER (WHERE f.present)
                               < greatest(1, count(*) FILTER (WHERE f.present)) THEN 'unknown'
                          ELSE 'all_different' END AS "{name}"
      FROM fact_groups f JOIN participant p ON p.tenant_id = :tenant AND p.id = f.participant_id
     GROUP BY f.thing_id) j USING (thing_id)
"""


def count(counting: Counting) -> Found:
    """Groups by state and by size, and for each attribute whether their members' values differ."""
    counting.stage("fact_groups", _GROUPS)
    counting.stage("fact_group_sizes", _SIZES)
    states = axis("group_state", "State", GROUP_STATES)
    sizes = axis("group_size", "Members", BANDS)
    tables: list[CountTable] = [
        *counting.tables(
            Rows("group_states", "Groups by state", "groups", "fact_groups", (states,), things=True)
        ),
        *counting.tables(
            Rows("group_sizes", "Groups by size", "groups", "fact_group_sizes", (sizes,), things=True)
        ),
    ]
    for place, attribute in enumerate(counting.run(_ATTRIBUTES).all()):
        facts, name = f"fact_spread_{place}", f"spread_{attribute.key}"
        counting.stage(facts, _SPREAD.format(name=name), key=attribute.key)
        verdicts = axis(name, f"{attribute.label} of the members", VERDICTS)
        title = f"Groups by {attribute.label}"
        tables += counting.tables(
            Rows(name, title, "groups", facts, (verdicts,), things=True, breakdown=True)
        )
    return Found(tables)


METRIC = Metric(
    name="groups",
    version=5,
    title="Groups",
    text="Groups formed by the report's date, by their present state, by size, and by spread. The size is the "
    "number of members who had not left by then. Spread looks at the institution and at each attribute that a "
    "recipe capped, unless it is sensitive, demographic or not for reporting: all_different if no two "
    "members share a value, repeated if two do, unknown if no value is known to repeat but not everybody's is "
    "known. Values are the present ones. A report that leaves the tenant knows only members who may be "
    "reported on: sizes and spread are of these, and a group of nobody else is not counted. One for a funder "
    "tells of the groups of which all of these agreed to be shared with it. Outside the tenant a table of spread "
    "is left out for good if more than half of its cells are too small when it is to leave first.",
    count=count,
    inputs=("groups and their members", "attributes for reporting"),
    caveats=("Whether values differ says nothing of whether people fit together.",),
)
