"""Who makes things with whom: pairs of people with a product of both, before the later of them joined and after."""

from tenants.reporting.counting import Counting, Rows
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
SELECT one, other,
       CASE WHEN first >= later THEN 'after' WHEN last < later THEN 'before'
            ELSE 'before_and_after' END AS pair_products
  FROM (SELECT one, other, first, last, greatest(c.joined_on, d.joined_on) AS later
          FROM (SELECT one, other, min(date) AS first, max(date) AS last
                  FROM (SELECT contributors[i] AS one, contributors[j] AS other,
                               coalesce(least(dates[i], dates[j]), date) AS date
                          FROM (SELECT *, generate_series(i + 1, cardinality(contributors)) AS j
                                  FROM (SELECT contributors, dates, date, generate_subscripts(contributors, 1) AS i
                                          FROM fact_products
                                         WHERE cardinality(contributors) BETWEEN 2 AND {MOST_CONTRIBUTORS}) a) b) made
                 WHERE date IS NOT NULL GROUP BY one, other) pair
          JOIN counted c ON c.membership_id = one
          JOIN counted d ON d.membership_id = other) known
"""  # noqa: S608 - a constant is put in
_BEHIND = """
(SELECT uuid_send(one) || uuid_send(other) AS thing_id, pair_products, unnest(ARRAY[one, other]) AS membership_id
   FROM fact_pairs) f
"""


def count(counting: Counting) -> Found:
    """Pairs of people of the report, by the products that were counted; both are behind a pair."""
    counting.stage("fact_pairs", _PAIRS)
    return Found(
        counting.tables(
            Rows("pairs", "Pairs of people", "pairs", _BEHIND, (WHEN,), things=True, each="fact_pairs")
        )
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
    version=3,
    title="Making things together",
    text="Pairs of people of the report, whose outcomes may be reported, with at least one product of which both are "
    "contributors, by whether such products are dated before the day on which the later of them first joined the "
    "program, from that day on, or both. Counted once, whatever the number of their products. Only dated products "
    f"that the audience may know of, and of at most {MOST_CONTRIBUTORS} people of the report; of one that was "
    "recorded more than once the date is the first of those records that one of the two is behind. A funder is told of "
    "pairs of whom both agreed to be shared with it.",
    count=count,
    inputs=("products and their contributors", "participants"),
    caveats=(
        "Older products are recorded less often than new ones: a rise does not show that the program made it.",
        "The time before joining is longer for some than the time since, and for others shorter.",
    ),
    figures=figures,
)
