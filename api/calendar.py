"""The calendar at a secret address, for programs that send no token."""

from hashlib import sha256

from flask import Blueprint, Response, request

from api.limiting import limit_secret_link
from api.serving import database
from tenants.access.sign_in import refuse_closed_tenant
from tenants.kernel.errors import NotFound
from tenants.kernel.ids import tenant_of
from tenants.meetings.calendars import TYPE
from tenants.meetings.feeds import read_feed
from tenants.meetings.models import FEED_PREFIX

blp = Blueprint("calendar", __name__)
SECONDS_FRESH = 900


@blp.get("/calendar/<secret>.ics")
def show(secret: str) -> Response:
    """When somebody's groups meet."""
    limit_secret_link("calendar", secret)
    tenant_id = tenant_of(secret, FEED_PREFIX)
    if tenant_id is None:
        raise NotFound("calendar")
    with database().tenant(tenant_id) as session:
        refuse_closed_tenant(session)
        written = read_feed(session, secret)
        session.commit()
    response = Response(written, content_type=f"{TYPE}; charset=utf-8")
    response.headers["Cache-Control"] = f"private, max-age={SECONDS_FRESH}"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    response.set_etag(sha256(written).hexdigest())
    return response.make_conditional(request)
