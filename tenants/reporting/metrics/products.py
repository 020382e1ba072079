"""Products by kind and role, and people by how many they are behind."""

from tenants.outcomes.identity_sql import project_id_of, thing_of
from tenants.outcomes.models import PRODUCT_KINDS
from tenants.reporting.counting import BY_ANY, PEOPLE_WITH_OUTCOMES, TOLD, Counting, Rows
from tenants.reporting.metric import Found, Metric
from tenants.reporting.tables import Axis, Code, axis

NUMBERS = ("none", "1", "2-4", "5 or more")
ROLE = Axis(
    "product_role",
    "Role",
    (
        Code("formal", "Somebody's by name"),
        Code("informal", "Helped with only"),
    ),
)
_RECORDS = f"""
SELECT p.id AS thing_id, {project_id_of("p")} AS project_id, p.kind AS product_kind, p.date,
       CASE WHEN bool_or(c.role = 'formal') THEN 'formal' ELSE 'informal' END AS product_role,
       array_agg(c.membership_id ORDER BY c.membership_id) AS contributors,
       CAST(NULL AS text[]) AS kinds, CAST(NULL AS date[]) AS dates
  FROM ({PEOPLE_WITH_OUTCOMES}) people
  JOIN product_contributor c ON c.tenant_id = :tenant AND c.membership_id = people.membership_id
  JOIN product p ON p.tenant_id = c.tenant_id AND p.id = c.product_id
   AND p.visibility = ANY(:visibilities) AND (p.date IS NULL OR p.date <= :as_of)
 GROUP BY p.tenant_id, p.id
"""  # noqa: S608 - constants are put in
# Of a thing with several records: of what kind, and since when, it is by those records that each is behind.
_ONCE = """
WITH record AS (
    DELETE FROM fact_products WHERE project_id IS NOT NULL
    RETURNING project_id, product_kind, date, product_role, contributors),
behind AS (
    SELECT project_id, membership_id, min(product_kind) AS kind, min(date) AS date, min(product_role) AS role
      FROM (SELECT *, unnest(contributors) AS membership_id FROM record) r
     GROUP BY project_id, membership_id)
INSERT INTO fact_products (thing_id, product_kind, product_role, contributors, kinds, dates)
SELECT project_id, min(kind), min(role), array_agg(membership_id ORDER BY membership_id),
       array_agg(kind ORDER BY membership_id), array_agg(date ORDER BY membership_id)
  FROM behind GROUP BY project_id
"""
_BEHIND = """
(SELECT thing_id, product_kind, product_role, membership_id, coalesce(kind = product_kind, true) AS tells
   FROM (SELECT *, unnest(contributors) AS membership_id, unnest(kinds) AS kind FROM fact_products) b) f
"""
_PEOPLE = f"""
SELECT membership_id, CASE WHEN number IS NULL THEN 'none' WHEN number = 1 THEN '1'
                           WHEN number < 5 THEN '2-4' ELSE '5 or more' END AS product_number
  FROM ({PEOPLE_WITH_OUTCOMES}) people
  LEFT JOIN (SELECT membership_id, count(*) AS number
               FROM (SELECT unnest(contributors) AS membership_id FROM fact_products) b
              GROUP BY membership_id) n USING (membership_id)
"""  # noqa: S608 - constants are put in
THINGS = f"""
WITH {TOLD.format(facts=_BEHIND, **BY_ANY)},
record AS (
    SELECT {thing_of("p")} AS thing_id, p.kind, p.doi, p.pmid, p.project_number FROM product p
     WHERE p.tenant_id = :tenant AND p.visibility = ANY(:visibilities) AND (p.date IS NULL OR p.date <= :as_of)
       AND p.id IN (SELECT c.product_id FROM product_contributor c
                     WHERE c.tenant_id = :tenant AND c.membership_id IN (
                           SELECT membership_id FROM counted WHERE covered AND CAST(:funder AS text) = ANY(agreed)))),
known AS (SELECT thing_id, jsonb_agg(to_jsonb(record) - 'thing_id') AS records FROM record GROUP BY thing_id)
SELECT product_kind, records, array_agg(membership_id ORDER BY membership_id) AS people
  FROM told JOIN known USING (thing_id) WHERE herself
 GROUP BY thing_id, product_kind, records ORDER BY thing_id
"""  # noqa: S608 - constants are put in
"""SQL of the products that :funder is told of, as they are known to those who agreed to it, and who of these is behind
them. Asked after `count`."""


def count(counting: Counting) -> Found:
    """The products that the audience may know of, and who is behind how many."""
    counting.stage("fact_products", _RECORDS)
    counting.run(_ONCE)
    counting.stage("fact_contributors", _PEOPLE)
    kinds = axis("product_kind", "Kind", PRODUCT_KINDS)
    numbers = axis("product_number", "Products", NUMBERS)
    products = Rows(
        "products",
        "Products by kind and role",
        "products",
        _BEHIND,
        (kinds,) if counting.scope.outward else (kinds, ROLE),
        things=True,
        by_any=True,
        each="fact_products",
    )
    people = Rows("contributors", "People by their products", "people", "fact_contributors", (numbers,))
    return Found((*counting.tables(products), *counting.tables(people)))


METRIC = Metric(
    name="products",
    version=6,
    title="Products",
    text="Distinct products dated up to the report's date, or undated, with at least one contributor among the people "
    "of the report, by kind; inside the tenant also by role: formal if one of these people is a formal contributor, "
    "informal if all of them only helped; and these people by how many they are behind. One thing that was recorded "
    "twice is one product, by its DOI, PMID or core project number. An internal report counts products that are "
    "visible to the program or its funder; one that leaves the tenant, only those visible to the funder. What "
    "somebody keeps to themselves or to their group is never counted, nor is anything of those whose outcomes the "
    "program's basis does not cover. Of two kinds it counts as that which comes first by name. Outside the tenant it "
    "counts with the cohort of the contributor who joined first; and for a funder if one who agreed to be shared with "
    "it counts with that cohort and is behind a record of that kind, so that nothing is told of it that only others "
    "know. Nothing is told there of roles, which would tell of those who did not agree.",
    count=count,
    inputs=("products and their contributors",),
    caveats=("Products are recorded by people and programs, and not all are.",),
)
