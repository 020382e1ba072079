"""Which pages of others may read our answers: those of the origins that a token's client has registered.

A browser asks before it sends a token (a preflight), when nobody knows whose client it is; so that is always
answered with yes. What it asked for carries the origin's name only if the client's list has it: without it the
browser gives the page nothing. Cookies are never part of it.
"""

from flask import Flask, Response, g, request

METHODS = "GET, POST, PUT, PATCH, DELETE"
SENT = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, traceparent, X-Request-Id"
SHOWN = (
    "Deprecation, ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, Sunset,"
    " WWW-Authenticate, X-Request-Id"
)
SECONDS_KNOWN = "600"
_PROGRAMS = ("/v1/", "/oauth/token", "/oauth/revoke", "/.well-known/")
_PUBLIC = ("/v1/openapi.json", "/.well-known/oauth-authorization-server")


def register(app: Flask) -> None:
    """Teach the app to answer pages of other origins."""
    app.before_request(_preflight)
    app.after_request(_named)


def admit(origins: tuple[str, ...]) -> None:
    """Say whose client this request is: pages of these origins may read its answer."""
    g.cors_origins = origins


def _preflight() -> Response | None:
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not asks or "Origin" not in request.headers or not request.path.startswith(_PROGRAMS):
        return None
    answer = {
        "Access-Control-Allow-Origin": request.headers["Origin"],
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": SENT,
        "Access-Control-Max-Age": SECONDS_KNOWN,
        "Vary": "Origin",
    }
    return Response(status=204, headers=answer)


def _named(response: Response) -> Response:
    origin = request.headers.get("Origin")
    if not request.path.startswith(_PROGRAMS) or request.method == "OPTIONS":
        return response
    response.vary.add("Origin")
    # A 401 says nothing but that a token is to be renewed, which its page must learn.
    open_to_all = request.path in _PUBLIC or response.status_code == 401
    if origin and (open_to_all or origin in g.get("cors_origins", ())):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = SHOWN
    return response
