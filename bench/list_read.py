"""A list of 50 rows, read through the API and through a bare WSGI function, under one server's settings."""

from bench.load import Target, paired, requests_per_second
from bench.product import beside, running
from bench.rows import cohort_of

AT_LEAST = 0.45


def main() -> bool:
    """Print the ratio; whether it holds."""
    with running() as product:
        tenant_id, token = product.tenant()
        cohort_id = cohort_of(product.database, tenant_id, people=2000)
        with beside(product, "bench.bare:application") as port:
            ours = Target(product.port, f"/v1/cohorts/{cohort_id}/participants?limit=50", token)
            theirs = Target(port, f"/{tenant_id}/{cohort_id}")
            ratio, product_rate, bare_rate = paired(
                lambda: requests_per_second(ours, seconds=2), lambda: requests_per_second(theirs, seconds=2)
            )
    print(
        f"list of 50, authenticated: {product_rate:.0f}/s v. bare psycopg + orjson {bare_rate:.0f}/s:"
        f" {ratio:.2f} of it (at least {AT_LEAST})"
    )
    return ratio >= AT_LEAST
