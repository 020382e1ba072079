"""Pages for people who sign in: a template each, closed to frames and to everybody else's scripts."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.errors import status_of
from tenants.kernel.errors import DomainError

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
_CSP = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {}"


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


def explain(error: DomainError) -> Response:
    """The page for an error of the domain."""
    return refusal(status_of(error), error.detail)


def refusal(status: int, said: str) -> Response:
    """A page that says why not."""
    return page("refusal", status, said=said)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
