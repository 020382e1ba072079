"""Every error leaves as problem details (RFC 9457); this is the one table from domain error to status."""

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
from flask import Flask, Response, g, request
from flask_smorest import Api
from gunicorn.http.errors import ParseException
from marshmallow import Schema as BaseSchema
from marshmallow import fields
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from api.pages import BadCursor
from tenants.kernel import errors

log = logging.getLogger(__name__)

STATUS: dict[type[errors.DomainError], int] = {
    errors.NotFound: 404,
    errors.Invalid: 422,
    BadCursor: 400,
    errors.Conflict: 409,
    errors.StaleVersion: 412,
    errors.Forbidden: 403,
    errors.Unauthenticated: 401,
    errors.PreconditionRequired: 428,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
}
MOST_NAMED = 100
"""Broken fields in one answer, which would else be far longer than the request."""
LOCK_NOT_AVAILABLE = "55P03"
LOST_RACES = ("23503", "23505")
"""PostgreSQL's foreign_key_violation and unique_violation: every rule that they keep is checked before."""
BEHIND_A_WALL = "42501"
"""PostgreSQL's insufficient_privilege, which is what a policy says of a row that may not be written."""
CHALLENGE = 'Bearer realm="peerloom"'


class FieldProblem(BaseSchema):
    """One field and the rule it breaks."""

    pointer = fields.String(required=True, metadata={"description": "JSON pointer, or ?name for the query."})
    code = fields.String(required=True)
    detail = fields.String(required=True)


class Problem(BaseSchema):
    """Problem details, RFC 9457."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldProblem))


class ProblemApi(Api):  # type: ignore[misc]
    """flask-smorest's Api, with problem details that keep the exception's own headers."""

    ERROR_SCHEMA = Problem

    def handle_http_exception(self, error: HTTPException) -> Response:
        """405 keeps Allow, 401 WWW-Authenticate, 503 Retry-After."""
        data = getattr(error, "data", None) or {}
        own = {
            name: value
            for name, value in error.get_headers()
            if name.lower() not in {"content-type", "content-length"}
        }
        own.update(data.get("headers") or {})
        if "messages" in data:
            broken = list(islice(_flat(data["messages"]), MOST_NAMED))
            return problem(422, "invalid", "The input breaks rules; see errors.", broken)
        status = error.code or 500
        code = data.get("code") or phrase(status).lower().replace(" ", "_")
        return problem(status, code, data.get("detail") or error.description or "", headers=own)


def phrase(status: int) -> str:
    """What a status is called. Python's own names for some differ by its version."""
    return HTTP_STATUS_CODES.get(status, "Unknown Error")


def request_id() -> str:
    """What the log calls this request as well."""
    found: str = g.get("request_id", "")
    return found


def problem(
    status: int,
    code: str,
    detail: str,
    broken: list[errors.FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The response for one error."""
    body: dict[str, Any] = {
        "type": f"urn:peerloom:problem:{code}",
        "title": phrase(status),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id(),
    }
    if broken:
        body["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in broken]
    return Response(orjson.dumps(body), status, headers, content_type="application/problem+json")


def register(app: Flask) -> None:
    """Teach the app the table."""
    app.register_error_handler(errors.DomainError, _domain_error)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(IntegrityError, _lost_race)
    app.register_error_handler(ProgrammingError, _out_of_reach)
    app.register_error_handler(ParseException, _garbled)
    for broken in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(broken, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: errors.DomainError) -> int:
    """The table, by the nearest class in it."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _domain_error(error: errors.DomainError) -> Response:
    status = status_of(error)
    broken = list(error.errors) if isinstance(error, errors.Invalid) else None
    headers = _challenge(status, error.code)
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return problem(status, error.code, error.detail, broken, headers)


def _challenge(status: int, code: str) -> dict[str, str]:
    """RFC 6750, 3: no error is named to whoever sent no token."""
    named = f', error="{code}"' if code in ("invalid_token", "insufficient_scope") else ""
    return {"WWW-Authenticate": CHALLENGE + named} if status == 401 or named else {}


def _out_of_reach(error: ProgrammingError) -> Response:
    """The walls are the guard: what a role may write is said nowhere else, and told here. And whoever left a group by
    another request, while this one was under way, is a stranger to it.
    """
    behind = getattr(error.orig, "sqlstate", None) == BEHIND_A_WALL
    if behind and g.get("limited"):
        return problem(403, "insufficient_role", "Your roles do not reach that far.")
    if behind and "group_id" in (request.view_args or {}):
        log.warning("a write in a group was refused by its wall: %s", request.endpoint)
        return problem(404, "not_found", "There is no such group.")
    return _unexpected(error)


def _stale(_: StaleDataError) -> Response:
    if g.get("limited") and request.method == "DELETE":  # a policy lets a row stay without a word
        return problem(403, "insufficient_role", "Your roles do not reach that far.")
    status, code = (412, "stale_version") if "If-Match" in request.headers else (409, "conflict")
    return problem(status, code, "Somebody changed this resource meanwhile; read it again.")


def _lost_race(error: IntegrityError) -> Response | HTTPException:
    if getattr(error.orig, "sqlstate", None) not in LOST_RACES:
        return _unexpected(error)
    return problem(
        409, "conflict", "Another request came first at this moment; read again, then repeat yours."
    )


def _garbled(error: ParseException) -> Response:
    """What gunicorn says of a chunked body, which is read only once the request is being answered."""
    return problem(400, "bad_request", f"The body cannot be read: {error}.")


def _unavailable(error: Exception) -> Response:
    if getattr(getattr(error, "orig", None), "sqlstate", None) == LOCK_NOT_AVAILABLE:
        said = "Somebody else is writing this just now, an import perhaps; try again shortly."
        return problem(503, "busy", said, headers={"Retry-After": "5"})
    log.error("the database does not answer: %s", getattr(error, "orig", error))
    return problem(503, "unavailable", "The service is not available just now.", headers={"Retry-After": "2"})


def _unexpected(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException):
        return error
    # The rule and not the path, in which an invitation has its secret.
    log.error(
        "unexpected error in %s %s (%s)", request.method, request.url_rule, request_id(), exc_info=error
    )
    return problem(500, "internal_error", "Something went wrong on our side. Tell us the request_id.")


def _flat(messages: Any, pointer: str = "") -> Iterator[errors.FieldError]:
    """webargs' tree of messages as one error per field."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if pointer == "" and key in ("json", "query", "headers"):
                yield from _flat(inner, "?" if key == "query" else "/" if key == "json" else "#")
            elif key == "_schema":
                yield from _flat(inner, pointer)
            else:
                yield from _flat(inner, pointer + str(key) + ("/" if pointer.startswith("/") else ""))
    elif isinstance(messages, list):
        for message in messages:
            yield from _flat(message, pointer)
    else:
        yield errors.FieldError(pointer.rstrip("/"), _code(str(messages)), str(messages))


def _code(message: str) -> str:
    known = {
        "Missing data": "required",
        "Unknown field": "unknown_field",
        "Field may not be null": "not_null",
    }
    return next((code for start, code in known.items() if message.startswith(start)), "invalid")
