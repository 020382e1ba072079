"""Pages for people who sign in: a template each, closed to frames and to everybody else's scripts."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.errors import status_of
from api.limiting import limit_sign_in
from tenants.kernel.errors import DomainError

TEMPLATES = Path(__file__).parent / "templates"
_TEMPLATES = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
_TENANT = re.compile(r"([0-9a-f]{32})_")
"""In every bearer of ours, and in a connection's address."""
_CSP = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {}"


def blueprint(name: str) -> Blueprint:
    """Routes of pages: counted before anything else, and their errors are pages too."""
    pages = Blueprint(name, __name__)
    pages.before_request(_count)
    pages.register_error_handler(DomainError, explain)
    return pages


def _count() -> None:
    named = request.view_args or {}
    slug = named.get("slug")
    words = (*named.values(), *request.args.values(), *request.cookies.values())
    found = (_TENANT.search(str(word)) for word in words)
    limit_sign_in(slug or next((match[1] for match in found if match), ""))


def page(template: str, /, status: int = 200, *, form_goes_to: str | None = None, **values: Any) -> Response:
    """A page from its template. `form_goes_to` is where the answer to its form may redirect to, beside ourselves."""
    goes_to = "'self'" if form_goes_to is None else f"'self' {_origin(form_goes_to)}"
    return Response(
        _TEMPLATES.get_template(f"{template}.html").render(values),
        status,
        {"Content-Security-Policy": _CSP.format(goes_to), "Referrer-Policy": "no-referrer"},
        content_type="text/html; charset=utf-8",
    )


def see(url: str) -> Response:
    """Go on with another page."""
    response = Response(status=303)
    response.headers["Location"] = url
    return response


def style() -> Response:
    """What the pages look like."""
    css = (TEMPLATES / "style.css").read_text()
    return Response(css, content_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=86400"})


def explain(error: DomainError) -> Response:
    """The page for an error of the domain."""
    page = refusal(status_of(error), error.detail)
    if (seconds := getattr(error, "retry_after", None)) is not None:
        page.headers["Retry-After"] = str(seconds)
    return page


def refusal(status: int, said: str) -> Response:
    """A page that says why not."""
    return page("refusal", status, said=said)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
