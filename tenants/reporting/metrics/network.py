"""Who makes things with whom: pairs of people with a product of both, before the later of them joined and after."""

from tenants.reporting.counting import PEOPLE_WITH_OUTCOMES, Counting, Rows
from tenants.reporting.figures import stage
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.tables import Axis, Code

WHEN = Axis(
    "pair_products",
    "Products of both",
    (
        Code("before", "Only from before the later of them joined"),
        Code("before_and_after", "From before and after"),
        Code("after", "Only from after"),
    ),
)
# A product of a hundred is no sign that two of them work together, and makes thousands of pairs.
MOST_CONTRIBUTORS = 20
_PAIRS = f"""
WITH behind AS (
    SELECT c.product_id, c.membership_id, p.date, counted.joined_on,
           count(*) OVER (PARTITION BY c.product_id) AS contributors
      FROM ({PEOPLE_WITH_OUTCOMES}) people
      JOIN counted USING (membership_id)
      JOIN product_contributor c ON c.tenant_id = :tenant AND c.membership_id = people.membership_id
      JOIN product p ON p.tenant_id = c.tenant_id AND p.id = c.product_id
       AND p.visibility = ANY(:visibilities) AND p.date <= :as_of),
pair AS (
    SELECT one.membership_id AS first_id, other.membership_id AS second_id,
           bool_or(one.date < greatest(one.joined_on, other.joined_on)) AS before,
           bool_or(one.date >= greatest(one.joined_on, other.joined_on)) AS after
      FROM behind one JOIN behind other
        ON other.product_id = one.product_id AND other.membership_id > one.membership_id
     WHERE one.contributors BETWEEN 2 AND {MOST_CONTRIBUTORS}
       AND other.contributors BETWEEN 2 AND {MOST_CONTRIBUTORS}
     GROUP BY 1, 2)
SELECT CAST(md5(CAST(first_id AS text) || second_id) AS uuid) AS thing_id, membership_id,
       CASE WHEN before AND after THEN 'before_and_after' WHEN before THEN 'before' ELSE 'after' END AS pair_products
  FROM pair CROSS JOIN LATERAL (VALUES (first_id), (second_id)) both_of (membership_id)
"""  # noqa: S608 - constants are put in


def count(counting: Counting) -> Found:
    """Pairs of people of the report; both are behind a pair."""
    counting.stage("fact_pairs", _PAIRS)
    return Found(
        counting.tables(Rows("pairs", "Pairs of people", "pairs", "fact_pairs", (WHEN,), things=True))
    )


def figures(shown: Shown) -> list[Figure]:
    """The share of the pairs that were there before, that stayed, and that are new."""
    pairs = shown["pairs"]
    rows = [stage(code.label, pairs.at(pair_products=code.code), pairs.at()) for code in WHEN.codes]
    return [
        {
            "id": "pairs",
            "title": "Pairs of people who made something together",
            "kind": "multiples",
            "caption": "Share of all such pairs, with the 95 % Wilson interval, which takes pairs as independent "
            "of each other; they are not, so that it is too narrow.",
            "tables": ["pairs"],
            "panels": [{"label": "All pairs", "rows": rows}],
        }
    ]


METRIC = Metric(
    name="network",
    version=1,
    title="Making things together",
    text="Pairs of people of the report, whose outcomes may be reported, with at least one product of which both are "
    "contributors, by whether such products are dated before the day on which the later of them first joined the "
    "program, from that day on, or both. Counted once, whatever the number of their products. Only dated products "
    f"that the audience may know of, and of at most {MOST_CONTRIBUTORS} people of the report.",
    count=count,
    inputs=("products and their contributors", "participants"),
    caveats=(
        "Older products are recorded less often than new ones: a rise does not show that the program made it.",
        "The time before joining is longer for some than the time since, and for others shorter.",
    ),
    figures=figures,
)
