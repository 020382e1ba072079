"""Rate limits over HTTP: from which quotas a request takes, and the headers that tell what is left.

The headers are those of draft-ietf-httpapi-ratelimit-headers-11.
"""

from ipaddress import IPv6Address, ip_address
from uuid import UUID

from flask import Response, current_app, g, request

from tenants.kernel.errors import RateLimited, Unavailable
from tenants.kernel.ids import digest
from tenants.kernel.limits import Count, Limiter, Quota, Quotas, caller_key

HEADERS = ("RateLimit-Policy", "RateLimit")
SECONDS_TO_COME_AGAIN = 2
IPV6_NETWORK_BITS = 64
"""A single household has so many addresses of its own."""


def limit_call(tenant_id: UUID, client_id: UUID, membership_id: UUID | None = None) -> None:
    """Count a request of a known caller, in this process while Valkey is away. Raises RateLimited."""
    quotas = _quotas()
    asked = (quotas.client, caller_key(client_id, membership_id)), (quotas.tenant, tenant_id.hex)
    _go_on(_limiter().take(*asked) or _limiter().take_here(*asked))


def limit_token_request(client_id: str) -> None:
    """Count a request for a token of the client that it claims to be. Raises RateLimited, or Unavailable.

    Kept for client and address together, so that no stranger uses up what is a client's.
    """
    address, quotas = _address(), _quotas()
    _count_or_refuse((quotas.token, _hidden(client_id, address)), (quotas.address, _hidden(address)))


def limit_sign_in(tenant: str) -> None:
    """Count a person's step to sign in to a tenant, however the request names it. Raises as for a token."""
    quotas = _quotas()
    _count_or_refuse((quotas.sign_in, _hidden(tenant)), (quotas.address, _hidden(_address())))


def limit_secret_link(what: str, secret: str) -> None:
    """Count a request for what a secret address opens, in this process while Valkey is away. Raises RateLimited."""
    address, quotas = _address(), _quotas()
    asked = (
        (quotas.token, _hidden(what, secret, address)),
        (quotas.address, _hidden(what, address)),
    )
    _go_on(_limiter().take(*asked) or _limiter().take_here(*asked))


def tell_limits(response: Response) -> Response:
    """After each request: how its quotas stand; of a refused one, those that are used up."""
    count: Count | None = g.get("rate")
    if count is not None:
        policies = [f'"{q.name}";q={q.most};w={q.seconds}' for q in (each.quota for each in count.standings)]
        told = (not count.granted and count.used_up) or count.standings
        limits = [f'"{each.quota.name}";r={each.left};t={each.lasts}' for each in told]
        for name, items in zip(HEADERS, (policies, limits), strict=True):
            response.headers[name] = ", ".join(items)
    return response


def _count_or_refuse(*asked: tuple[Quota, str]) -> None:
    """While nobody counts, nobody is let in."""
    count = _limiter().take(*asked)
    if count is None:
        raise Unavailable("Nobody can be let in just now.", retry_after=SECONDS_TO_COME_AGAIN)
    _go_on(count)


def _go_on(count: Count) -> None:
    g.rate = count
    if not count.granted:
        quotas = ", ".join(
            f"{q.name} ({q.most} in {q.seconds} s)" for q in (each.quota for each in count.used_up)
        )
        said = f"Too many requests, used up: {quotas}. Go on in {count.retry_after} s."
        raise RateLimited(said, retry_after=count.retry_after)


def _address() -> str:
    """Whence the request comes: an IPv4 address, or the network of an IPv6 address."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:  # a socket of the machine itself
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or int(address) >> (128 - IPV6_NETWORK_BITS))
    return str(address)


def _hidden(*said: str) -> str:
    """What strangers send is of any length, and addresses are nobody's business."""
    return digest("\n".join(said)).hex()


def _limiter() -> Limiter:
    found: Limiter = current_app.extensions["limiter"]
    return found


def _quotas() -> Quotas:
    found: Quotas = current_app.extensions["quotas"]
    return found
