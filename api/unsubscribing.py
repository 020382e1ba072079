"""Where the link in a letter leads that turns letters of its kind off.

To follow it only asks: programs that look through mail follow links. A POST does it, by the button or by a mail
program of its own (RFC 8058); it needs no session and no token of a form, as the link itself is what allows it.
"""

from uuid import UUID

from flask import Blueprint, Response

from api.auth.pages import explain, page
from api.limiting import limit_secret_link
from api.serving import database
from tenants.kernel.errors import DomainError, NotFound
from tenants.kernel.ids import tenant_of
from tenants.notices import unsubscribing

blp = Blueprint("unsubscribing", __name__)
blp.register_error_handler(DomainError, explain)
WHAT = {
    "digest": "the digest of what goes on in your groups",
    "meeting_reminders": "reminders of meetings",
    "action_reminders": "reminders of what waits",
    "announcements": "letters of announcements, and what a digest says of them,",
}


@blp.get("/unsubscribe/<token>")
def ask(token: str) -> Response:
    """Which letters would be turned off, and a button."""
    with database().tenant(_tenant_id(token)) as session:
        kind = unsubscribing.kind_of(session, token)
        session.commit()
    return _private(page("unsubscribe", what=WHAT[kind], action=f"/unsubscribe/{token}"))


@blp.post("/unsubscribe/<token>")
def turn_off(token: str) -> Response:
    """Turn them off, whatever the body says; once more it is the same."""
    with database().tenant(_tenant_id(token)) as session:
        kind = unsubscribing.unsubscribe(session, token)
        session.commit()
    said = f"You are sent {WHAT[kind]} no more. In your preferences you can have them again."
    return _private(page("notice", heading="You have unsubscribed", said=said))


def _tenant_id(token: str) -> UUID:
    limit_secret_link("unsubscribe", token)
    tenant_id = tenant_of(token, unsubscribing.PREFIX)
    if tenant_id is None:
        raise NotFound("link")
    return tenant_id


def _private(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex"
    return response
