"""The two cookies of a browser: its session, and the secret that ties a sign-in under way to it.

Both are sent over https only (browsers count 127.0.0.1 as such), to nobody else, and to no script.
"""

import hmac
import re
import secrets
from uuid import UUID

from flask import Request, Response

from tenants.access.models import SESSION_PREFIX
from tenants.access.sign_in import ATTEMPT_LIFETIME, SESSION_LIFETIME
from tenants.kernel.ids import tenant_of

SESSION = "__Host-session"
BROWSER = "__Host-sign-in"
CSRF_FIELD = "csrf_token"
_SECRET = re.compile(r"[0-9a-f]{64}")


def session_in(request: Request) -> tuple[UUID, str] | None:
    """The tenant of the browser's session, and its token; None if it has none."""
    token = request.cookies.get(SESSION, "")
    tenant_id = tenant_of(token, SESSION_PREFIX)
    return None if tenant_id is None else (tenant_id, token)


def browser_in(request: Request) -> str | None:
    """The secret of the browser that began a sign-in."""
    secret = request.cookies.get(BROWSER, "")
    return secret if _SECRET.fullmatch(secret) else None


def new_browser() -> str:
    """A secret for a browser that has none. 256 random bits."""
    return secrets.token_hex(32)


def keep_browser(response: Response, secret: str) -> Response:
    """Tie the browser to its sign-in, for as long as that may take."""
    return _kept(response, BROWSER, secret, int(ATTEMPT_LIFETIME.total_seconds()))


def keep_session(response: Response, token: str) -> Response:
    """Sign the browser in."""
    response.delete_cookie(BROWSER, secure=True, httponly=True, samesite="Lax")
    return _kept(response, SESSION, token, int(SESSION_LIFETIME.total_seconds()))


def drop_session(response: Response) -> Response:
    """Sign the browser out."""
    response.delete_cookie(SESSION, secure=True, httponly=True, samesite="Lax")
    return response


def csrf_token(session_token: str) -> str:
    """What only a page of this session's knows."""
    return hmac.digest(session_token.encode(), b"csrf", "sha256").hex()


def is_forged(request: Request, session_token: str) -> bool:
    """Whether a form was sent, or a link that says the token in `link` was followed, from somebody else's page."""
    sent = request.form.get(CSRF_FIELD) or request.args.get("link", "")
    return not hmac.compare_digest(sent.encode(), csrf_token(session_token).encode())


def _kept(response: Response, name: str, value: str, seconds: int) -> Response:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax")
    return response
