"""One decorator declares an operation: its permission, schemas, statuses and headers."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import orjson
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from api.fields import PageQuery
from api.group_words import kept_back
from api.serving import View, finished, guarded, in_living_group, paged, receiving, sending
from tenants.kernel.base import TenantRow
from tenants.kernel.errors import Invalid
from tenants.kernel.permissions import Permission


class JsonParser(FlaskParser):  # type: ignore[misc]
    """Bodies are JSON objects: 415 for another type, 400 for what is not JSON, unknown fields refused."""

    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str]] = {"json": RAISE, "query": RAISE}

    def _raw_load_json(self, req: Any) -> Any:
        if not req.mimetype and not req.get_data():
            return {}  # what is required is told to be missing
        if req.mimetype != "application/json":
            raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
        try:
            sent = req.get_data()
            if len(sent) == req.max_content_length:  # where a chunked body was cut off
                raise RequestEntityTooLarge
            body = orjson.loads(sent)
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from error
        if not isinstance(body, dict):
            raise Invalid.field("", "invalid", "The body must be a JSON object.")
        return body


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
        parent: type[TenantRow] | None = None,
        etag: bool = False,
        secrets: tuple[str, ...] = (),
        errors: tuple[int, ...] = (),
        of_ended: bool = False,
    ) -> Callable[[View], View]:
        """Declare an operation.

        `pages`: the view returns a SELECT, which becomes one page of `returns`, ordered by this column. `parent`:
        what the single id of a list's path names; 404 if there is none. `etag`: the view returns something with a
        `version`; a PATCH, PUT or DELETE then needs If-Match and gets it as `if_match`. `location`: the URL of what
        was made, with {id}, {number}, ids of the path. `secrets`: fields that a repeated request does not get
        again. `also`: a second status of success. `types`: what else the view may answer with, as a Response of its
        own. `errors`: statuses beyond the usual ones. `of_ended`: members do it in a group that has ended as well.
        """

        def decorate(view: View) -> View:
            act = view if of_ended or not _writes(method, path, allow) else in_living_group(view)
            pages_of = pages and returns and paged(view, returns, pages, parent)
            handler = pages_of or finished(act, etag, location, status)
            handler = self.response(status, None if pages else returns)(handler)
            if body is not None:
                handler = self.arguments(body(), required=_is_needed(body))(handler)
            if query is not None:
                handler = self.arguments(query(), location="query")(handler)
            edits = etag and method in ("PATCH", "PUT", "DELETE")
            blanked = (*secrets, *kept_back(returns))
            handler = guarded(handler, allow, edits, blanked, frozenset(query().fields if query else ()))
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
        accepts: tuple[str, ...],
        take: Callable[[UUID], Any],
        expected: Callable[..., object],
        returns: type[Schema],
        status: int = 200,
        location: str | None = None,
        errors: tuple[int, ...] = (),
    ) -> Callable[[View], View]:
        """Declare a PUT of a file.

        `expected(session, **path)` refuses a file that nobody waits for, before it is read. Then `take(tenant_id)`
        streams the body while no transaction is open, and the view gets the session, what was taken, and the path.
        """

        def decorate(view: View) -> View:
            handler = self.response(status, returns)(finished(view, False, location, status))
            content: dict[str, Any] = {
                each: {} for each in accepts
            }  # without a schema: the bytes as they are
            handler = self.doc(requestBody={"required": True, "content": content})(handler)
            handler = receiving(handler, allow, take, expected)
            handler._apidoc["peerloom"] = Operation(
                allow, False, False, False, location, status, returns, errors, "PUT"
            )
            self.route(path, methods=["PUT"], endpoint=view.__name__)(handler)
            return view

        return decorate

    def download(
        self,
        path: str,
        allow: Permission,
        *,
        types: tuple[str, ...],
        returns: type[Schema] | None = None,
        errors: tuple[int, ...] = (),
    ) -> Callable[[View], View]:
        """Declare a GET of a file of one of these types, or of JSON that `returns` describes: the view returns the
        `Download`, sent once the transaction has ended.
        """

        def decorate(view: View) -> View:
            handler = self.response(200, returns)(sending(view, allow))
            handler._apidoc["peerloom"] = Operation(
                allow, False, True, False, None, 200, returns, errors, "GET", None, types
            )
            self.route(path, methods=["GET"], endpoint=view.__name__)(handler)
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


def _writes(method: str, path: str, allow: Permission) -> bool:
    """Whether members of a group write something new by it."""
    in_group = allow is Permission.GROUP_CONTENT_WRITE and "<uuid:group_id>" in path
    return in_group and method in ("POST", "PUT", "PATCH")


def _is_needed(body: type[Schema]) -> bool:
    return any(field.required for field in body().fields.values())


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
