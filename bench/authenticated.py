"""What it costs to know the caller: an authenticated no-op v. a public route that runs one indexed SELECT."""

from bench.calls import NOTHING, PUBLIC
from bench.load import Target, paired, requests_per_second
from bench.product import beside, running

AT_LEAST = 0.6


def main() -> bool:
    """Print the ratio; whether it holds."""
    with running() as product:
        tenant_id, token = product.tenant()
        client_id = product.call("GET", "/v1/clients", token=token)["items"][0]["id"]
        with beside(product, "bench.calls:application()") as port:
            nothing = Target(port, NOTHING, token)
            public = Target(port, f"{PUBLIC}/{tenant_id}/{client_id}")
            ratio, with_token, without = paired(
                lambda: requests_per_second(nothing, seconds=2),
                lambda: requests_per_second(public, seconds=2),
            )
    print(
        f"nothing, authenticated: {with_token:.0f}/s v. one public indexed SELECT {without:.0f}/s:"
        f" {ratio:.2f} of it (at least {AT_LEAST})"
    )
    return ratio >= AT_LEAST
