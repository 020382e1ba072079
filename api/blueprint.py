"""One decorator declares an operation; everything every request has in common happens here, once."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from flask import Response, current_app, g, request
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from api.auth.bearer import Caller, caller_of, token_in
from api.fields import PageQuery
from api.idempotent import answered_once
from api.pages import page
from api.uploads import received
from tenants.kernel.errors import FieldError, Invalid, PreconditionRequired, StaleVersion
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Database, Session

View = Callable[..., Any]


class JsonParser(FlaskParser):  # type: ignore[misc]
    """Bodies are JSON objects: 415 for another type, 400 for what is not JSON, unknown fields refused."""

    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str]] = {"json": RAISE, "query": RAISE}

    def _raw_load_json(self, req: Any) -> Any:
        if req.mimetype != "application/json":
            raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
        try:
            body = orjson.loads(req.get_data())
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from error
        if not isinstance(body, dict):
            raise Invalid.field("", "invalid", "The body must be a JSON object.")
        return body


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The ETag of the version that a caller is ready to change."""

    PATTERN: ClassVar[str] = '^"[!#-~]*"$'
    tag: str

    def check(self, version: int) -> None:
        """Raise StaleVersion unless it is this one's."""
        if self.tag != f'"{version}"':
            raise StaleVersion("This resource has changed since you read it; read it again.")


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """Routes of one URL noun. A view gets the tenant's session, then query and body, then path ids."""

    ARGUMENTS_PARSER = JsonParser()

    def __init__(self, name: str, *, description: str) -> None:
        super().__init__(name, __name__, url_prefix="/v1", description=description)

    def operation(
        self,
        method: str,
        path: str,
        allow: Permission,
        *,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        returns: type[Schema] | None = None,
        status: int = 200,
        also: int | None = None,
        types: tuple[str, ...] = (),
        location: str | None = None,
        pages: str | None = None,
        etag: bool = False,
        secrets: tuple[str, ...] = (),
        errors: tuple[int, ...] = (),
    ) -> Callable[[View], View]:
        """Declare an operation.

        `pages`: the view returns a SELECT, which becomes one page of `returns`, ordered by this column.
        `etag`: the view returns something with a `version`; a PATCH, PUT or DELETE then needs If-Match and
        gets it as `if_match`. `location`: the URL of what was made, with {id}. `secrets`: response fields
        that a repeated request does not get again. `also`: a second status of success. `types`: what else the
        view may answer with, as a Response of its own. `errors`: statuses beyond the usual ones.
        """

        def decorate(view: View) -> View:
            handler = (
                _paged(view, returns, pages) if pages and returns else _finished(view, etag, location, status)
            )
            handler = self.response(status, None if pages else returns)(handler)
            if body is not None:
                handler = self.arguments(body)(handler)
            if query is not None:
                handler = self.arguments(query, location="query")(handler)
            edits = etag and method in ("PATCH", "PUT", "DELETE")
            handler = _guarded(handler, allow, edits, secrets, frozenset(query().fields if query else ()))
            operation = Operation(
                allow, bool(pages), etag, edits, location, status, returns, errors, method, also, types
            )
            handler._apidoc["peerloom"] = operation
            self.route(path, methods=[method], endpoint=view.__name__)(handler)
            return view

        return decorate

    def upload(
        self,
        path: str,
        allow: Permission,
        *,
        accepts: str,
        expected: Callable[..., object],
        returns: type[Schema],
        location: str,
        errors: tuple[int, ...] = (),
    ) -> Callable[[View], View]:
        """Declare a PUT of a file for work in the background.

        `expected(session, **path)` refuses a file that nobody waits for, before it is read. Then the body is
        streamed while no transaction is open, and the view gets the session, the `Upload` and the path.
        """

        def decorate(view: View) -> View:
            handler = self.response(202, returns)(_finished(view, False, location, 202))
            content = {accepts: {"schema": {"type": "string"}}}
            handler = self.doc(requestBody={"required": True, "content": content})(handler)
            handler = _receiving(handler, allow, accepts, expected)
            handler._apidoc["peerloom"] = Operation(
                allow, False, False, False, location, 202, returns, errors, "PUT"
            )
            self.route(path, methods=["PUT"], endpoint=view.__name__)(handler)
            return view

        return decorate

    get = functools.partialmethod(operation, "GET")
    post = functools.partialmethod(operation, "POST")
    patch = functools.partialmethod(operation, "PATCH")
    put = functools.partialmethod(operation, "PUT")
    delete = functools.partialmethod(operation, "DELETE")

    def list(self, path: str, allow: Permission, **kwargs: Any) -> Callable[[View], View]:
        """A GET that pages."""
        return self.operation("GET", path, allow, **{"pages": "id", "query": PageQuery, **kwargs})


@dataclass(frozen=True, slots=True)
class Operation:
    """What the OpenAPI document says of an operation beyond its schemas."""

    allow: Permission
    pages: bool
    etag: bool
    edits: bool
    location: str | None
    status: int
    returns: type[Schema] | None
    errors: tuple[int, ...]
    method: str
    also: int | None = None
    types: tuple[str, ...] = ()


def database() -> Database:
    """The app's way into PostgreSQL."""
    found: Database = current_app.extensions["database"]
    return found


def _guarded(
    handler: View, allow: Permission, edits: bool, secrets: tuple[str, ...], known_arguments: frozenset[str]
) -> View:
    """Authenticate, authorise, act, commit: in one transaction of the caller's tenant."""

    @functools.wraps(handler)
    def guarded(**path: Any) -> Response:
        tenant_id, token = token_in(request)
        with database().tenant(tenant_id) as session:
            caller = _admitted(session, token, allow)
            _refuse_unknown_arguments(known_arguments)
            if edits:
                path["if_match"] = _if_match()
            response = _answer(session, caller, functools.partial(handler, session, **path), secrets)
            if request.method != "GET":
                session.commit()
        return response

    return guarded


def _admitted(session: Session, token: str, allow: Permission) -> Caller:
    caller = caller_of(session, token)
    caller.require(allow)
    session.info["actor"] = str(caller.client_id)
    g.caller = caller
    return caller


def _receiving(handler: View, allow: Permission, accepts: str, expected: Callable[..., object]) -> View:
    """Authorise, let go of the database, take the file in, and act: in a second transaction."""

    @functools.wraps(handler)
    def receiving(**path: Any) -> Response:
        tenant_id, token = token_in(request)
        with database().tenant(tenant_id) as session:
            _admitted(session, token, allow)
            _refuse_unknown_arguments(frozenset())
            expected(session, **path)
        with received(tenant_id, accepts=accepts) as upload, database().tenant(tenant_id) as session:
            _admitted(session, token, allow)
            response: Response = handler(session, upload, **path)
            session.commit()
        return response

    return receiving


def _answer(
    session: Session, caller: Caller, act: Callable[[], Response], secrets: tuple[str, ...]
) -> Response:
    if request.method == "POST":
        return answered_once(session, caller, request, act, secrets)
    return act()


def _refuse_unknown_arguments(known: frozenset[str]) -> None:
    unknown = [name for name in request.args if name not in known]
    repeated = [name for name in request.args if len(request.args.getlist(name)) > 1]
    broken = [
        FieldError(f"?{name}", "unknown_parameter", "There is no such query parameter.") for name in unknown
    ]
    broken += [FieldError(f"?{name}", "repeated", "Give this query parameter once.") for name in repeated]
    if broken:
        raise Invalid(*broken)


def _if_match() -> IfMatch:
    tag = request.headers.get("If-Match")
    if tag is None:
        raise PreconditionRequired("Say which version you edit: If-Match with the ETag that you read.")
    if not re.fullmatch(IfMatch.PATTERN, tag):
        raise BadRequest('If-Match takes one ETag, in quotes as you read it: If-Match: "3".')
    return IfMatch(tag)


def _paged(view: View, schema: type[Schema], key: str) -> View:
    @functools.wraps(view)
    def paged(session: Session, query: dict[str, Any], **path: Any) -> Response:
        filters = {name: value for name, value in query.items() if name not in ("cursor", "limit")}
        rows = view(session, **filters, **path)
        return rows if isinstance(rows, Response) else page(session, rows, schema, query, key=key)

    return paged


def _finished(view: View, etag: bool, location: str | None, status: int) -> View:
    """Flush, so that a rule broken only now is this request's error; then add the headers of the result."""

    @functools.wraps(view)
    def finished(session: Session, *args: Any, **path: Any) -> Any:
        result = view(session, *args, **path)
        if request.method != "GET":
            session.flush()
        headers: dict[str, str] = {}
        if isinstance(result, tuple):
            result, code = result
        else:
            code = status
        if etag and result is not None:
            headers["ETag"] = f'"{result.version}"'
            if request.method == "GET" and str(result.version) in request.if_none_match.as_set(
                include_weak=True
            ):
                return Response(status=304, headers=headers)
        if location:
            headers["Location"] = location.format(id=result.id)
        if code == 202:
            headers["Retry-After"] = "1"
        return result, code, headers

    return finished


__all__ = ["Blueprint", "IfMatch", "database"]
