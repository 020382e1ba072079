"""Products by kind, and the people behind them."""

from sqlalchemy import text

from tenants.kernel.session import Session
from tenants.outcomes.models import PRODUCT_KINDS
from tenants.reporting.disclosure import Cell
from tenants.reporting.scope import PEOPLE_WITH_OUTCOMES, Metric, Scope
from tenants.reporting.tables import Breakdown, Tables, cells_of

_PRODUCTS = f"""
WITH people AS ({PEOPLE_WITH_OUTCOMES})
SELECT p.kind, count(DISTINCT p.id) AS number, count(DISTINCT c.membership_id) AS people,
       (SELECT count(*) FROM people) AS population
  FROM people
  JOIN product_contributor c ON c.tenant_id = :tenant AND c.membership_id = people.membership_id
  JOIN product p ON p.tenant_id = c.tenant_id AND p.id = c.product_id
   AND p.visibility = ANY(:visibilities) AND (p.date IS NULL OR p.date <= :as_of)
 GROUP BY GROUPING SETS ((p.kind), ())
"""  # noqa: S608 - a constant is put in


def compute(session: Session, scope: Scope) -> Tables:
    """The products that the audience may know of."""
    counted = {
        row.kind: (row.number, row.people, row.population)
        for row in session.execute(text(_PRODUCTS), scope.parameters)
    }
    count, people, population = counted.pop(None)
    cells = cells_of(PRODUCT_KINDS, {kind: found[:2] for kind, found in counted.items()})
    return {"by_kind": Breakdown(cells, Cell("total", count, people), population=population)}


METRIC = Metric(
    name="products",
    version=2,
    title="Products by kind",
    text="Distinct products dated up to the report's date, or undated, with at least one contributor among "
    "the people of the report; n is how many of these people are behind them. An internal report counts "
    "products that are visible to the program or its funder; one for a funder or the public, only those "
    "visible to the funder. What somebody keeps to themselves or to their group is never counted, nor is anything of "
    "those whose outcomes the program's basis does not cover.",
    compute=compute,
)
