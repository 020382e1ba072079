"""The same list with 5 tenants in the database and with 5,000 of the same size."""

from bench.load import Target, requests_per_second
from bench.product import Product, running
from bench.rows import cohort_of
from tenants.kernel.ids import new_id

AT_MOST = 1.15
PEOPLE = 60
FEW, MANY = 5, 5000


def main() -> bool:
    """Print the ratio; whether it holds. Few and many stand in two databases and are read in turn."""
    with running() as few, running() as many:
        targets = [_filled(few, FEW), _filled(many, MANY)]
        rates: list[list[float]] = [[], []]
        for number in range(9):
            for place in (0, 1) if number % 2 else (1, 0):
                rates[place].append(requests_per_second(targets[place], seconds=1.5))
    ratios = sorted(a / b for a, b in zip(rates[0][1:], rates[1][1:], strict=True))
    ratio = ratios[len(ratios) // 2]
    print(f"list of 50 with {MANY} tenants v. {FEW}: {ratio:.2f} times slower (at most {AT_MOST})")
    return ratio <= AT_MOST


def _filled(product: Product, tenants: int) -> Target:
    tenant_id, token = product.tenant()
    cohort_id = cohort_of(product.database, tenant_id, people=PEOPLE)
    for _ in range(tenants - 1):
        cohort_of(product.database, new_id(), people=PEOPLE)
    with product.superuser() as connection:
        connection.execute("VACUUM ANALYZE")
    return Target(product.port, f"/v1/cohorts/{cohort_id}/participants?limit=50", token)
