"""Products by kind and role, and people by how many they are behind."""

from tenants.outcomes.identity_sql import thing_of
from tenants.outcomes.models import PRODUCT_KINDS
from tenants.reporting.counting import PEOPLE_WITH_OUTCOMES, Counting, Rows
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
_PRODUCTS = f"""
SELECT {thing_of("p")} AS thing_id, min(p.kind) AS product_kind, min(p.date) AS date,
       CASE WHEN bool_or(c.role = 'formal') THEN 'formal' ELSE 'informal' END AS product_role,
       array_agg(DISTINCT c.membership_id ORDER BY c.membership_id) AS contributors
  FROM ({PEOPLE_WITH_OUTCOMES}) people
  JOIN product_contributor c ON c.tenant_id = :tenant AND c.membership_id = people.membership_id
  JOIN product p ON p.tenant_id = c.tenant_id AND p.id = c.product_id
   AND p.visibility = ANY(:visibilities) AND (p.date IS NULL OR p.date <= :as_of)
 GROUP BY 1
"""  # noqa: S608 - constants are put in
_BEHIND = """
(SELECT thing_id, product_kind, product_role, membership_id
   FROM fact_products CROSS JOIN LATERAL unnest(contributors) c (membership_id)) f
"""
_PEOPLE = f"""
SELECT membership_id, CASE WHEN number IS NULL THEN 'none' WHEN number = 1 THEN '1'
                           WHEN number < 5 THEN '2-4' ELSE '5 or more' END AS product_number
  FROM ({PEOPLE_WITH_OUTCOMES}) people
  LEFT JOIN (SELECT membership_id, count(*) AS number FROM {_BEHIND} GROUP BY membership_id) n USING (membership_id)
"""  # noqa: S608 - constants are put in
THINGS = f"""
WITH known AS (
    SELECT {thing_of("p")} AS thing_id, jsonb_agg(jsonb_build_object(
           'kind', p.kind, 'doi', p.doi, 'pmid', p.pmid, 'project_number', p.project_number)) AS records
      FROM product p
     WHERE p.tenant_id = :tenant AND p.visibility = ANY(:visibilities) AND (p.date IS NULL OR p.date <= :as_of)
     GROUP BY 1)
SELECT f.product_kind, known.records,
       ARRAY(SELECT membership_id FROM counted WHERE membership_id = ANY(f.contributors)
                AND CAST(:funder AS text) = ANY(agreed) ORDER BY membership_id) AS people
  FROM fact_products f JOIN known USING (thing_id) ORDER BY thing_id
"""  # noqa: S608 - constants are put in
"""SQL of the products that were counted, with what each is known by, and who of those behind it agreed to :funder."""


def count(counting: Counting) -> Found:
    """The products that the audience may know of, and who is behind how many."""
    counting.stage("fact_products", _PRODUCTS)
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
    version=5,
    title="Products",
    text="Distinct products dated up to the report's date, or undated, with at least one contributor among the people "
    "of the report, by kind; inside the tenant also by role: formal if one of these people is a formal contributor, "
    "informal if all of them only helped; and these people by how many they are behind. One thing that was recorded "
    "twice is one product, by its DOI, PMID or core project number. An internal report counts products that are "
    "visible to the program or its funder; one that leaves the tenant, only those visible to the funder. What "
    "somebody keeps to themselves or to their group is never counted, nor is anything of those whose outcomes the "
    "program's basis does not cover. Outside the tenant a product counts with the cohort of the contributor who "
    "joined first, and for a funder if any of its contributors agreed to be shared with it; nothing is told there of "
    "roles, which would tell of those who did not.",
    count=count,
    inputs=("products and their contributors",),
    caveats=("Products are recorded by people and programs, and not all are.",),
)
