"""What happens in every request: authenticate, authorise, parse, act, commit, once."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from flask import Response, current_app, g, request
from marshmallow import Schema
from werkzeug.exceptions import BadRequest

from api.auth.bearer import Caller, caller_of, token_in
from api.cors import admit
from api.idempotent import HEADER, answered_once, done_once
from api.limiting import limit_call
from api.pages import page
from api.uploads import send
from tenants.groups.queries import refuse_ended, refuse_strangers
from tenants.kernel.base import TenantRow
from tenants.kernel.errors import FieldError, Invalid, PreconditionRequired, StaleVersion
from tenants.kernel.kept import delete_dropped
from tenants.kernel.permissions import PRIVATE, Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Database, Session

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The ETag of the version that a caller is ready to change."""

    PATTERN: ClassVar[str] = '^"[!#-~]*"$'
    tag: str

    def check(self, version: int) -> None:
        """Raise StaleVersion unless it is this one's."""
        if self.tag != f'"{version}"':
            raise StaleVersion("This resource has changed since you read it; read it again.")


def database() -> Database:
    """The app's way into PostgreSQL."""
    found: Database = current_app.extensions["database"]
    return found


def traceless(view: View) -> View:
    """Mark a view of a POST: what is kept so that it does nothing twice leads to nobody."""
    view.traceless = True  # type: ignore[attr-defined]
    return view


def parting(view: View) -> View:
    """Mark a view of a POST by which a member leaves her group: repeated, it is answered to whoever has left."""
    view.parting = True  # type: ignore[attr-defined]
    return view


def guarded(
    handler: View, allow: Permission, edits: bool, secrets: tuple[str, ...], known_arguments: frozenset[str]
) -> View:
    """Authenticate, authorise, act, commit: in one transaction of the caller's tenant."""

    @functools.wraps(handler)
    def guarded(**path: Any) -> Response:
        tenant_id, token = token_in(request)
        if request.method != "GET":
            request.get_data()  # whoever sends slowly holds no transaction meanwhile
        with database().tenant(tenant_id) as session:
            caller = _admitted(session, token, allow)
            _refuse_unknown_arguments(known_arguments)
            if edits:
                path["if_match"] = _if_match()
            if allow in PRIVATE:
                _refuse_who_left(session, handler, path)
            response = _answer(session, caller, functools.partial(handler, session, **path), secrets)
            session.commit()  # reads too: psycopg forgets its prepared statements at a rollback
        delete_dropped(session, current_app.extensions["files"])
        return response

    return guarded


def _admitted(session: Session, token: str, allow: Permission, *, again: bool = False) -> Caller:
    caller = caller_of(session, token)
    admit(caller.cors_origins)
    if not again:
        limit_call(session.tenant_id, caller.client_id, caller.membership_id)
    where = caller.require(allow, reading=request.method == "GET")
    if not where.whole:
        session.limit(programs=where.programs, cohorts=where.cohorts)
        g.limited = True
    session.info["actor"] = caller.actor
    g.caller = caller
    return caller


def receiving(
    handler: View, allow: Permission, take: Callable[[UUID], Any], expected: Callable[..., object]
) -> View:
    """Authorise, let go of the database, take the file in, and act: in a second transaction."""

    @functools.wraps(handler)
    def receiving(**path: Any) -> Response:
        tenant_id, token = token_in(request)
        with database().tenant(tenant_id) as session:
            _admitted(session, token, allow)
            _refuse_unknown_arguments(frozenset())
            expected(session, **path)
        upload = take(tenant_id)
        with database().tenant(tenant_id) as session, upload.kept():
            _admitted(session, token, allow, again=True)
            response: Response = handler(session, upload, **path)
            session.commit()
        delete_dropped(session, current_app.extensions["files"])
        return response

    return receiving


def sending(handler: View, allow: Permission) -> View:
    """Authorise, find the file, let go of the database, and only then send it."""

    @functools.wraps(handler)
    def sending(**path: Any) -> Response:
        tenant_id, token = token_in(request)
        with database().tenant(tenant_id) as session:
            _admitted(session, token, allow)
            _refuse_unknown_arguments(frozenset())
            found = handler(session, **path)
            session.commit()
        return send(tenant_id, found)

    return sending


def _refuse_who_left(session: Session, view: View, path: dict[str, Any]) -> None:
    """What was answered to a member is not answered again once she has left."""
    repeatable = request.method == "POST" and HEADER in request.headers
    if repeatable and "group_id" in path and not getattr(view, "parting", False):
        refuse_strangers(session, path["group_id"])


def _answer(
    session: Session, caller: Caller, act: functools.partial[Response], secrets: tuple[str, ...]
) -> Response:
    if getattr(act.func, "traceless", False):
        return done_once(session, caller, request, act)
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


def paged(view: View, schema: type[Schema], key: str, parent: type[TenantRow] | None) -> View:
    @functools.wraps(view)
    def paged(session: Session, query: dict[str, Any], **path: Any) -> Response:
        filters = {name: value for name, value in query.items() if name not in ("cursor", "limit")}
        rows = view(session, **filters, **path)
        if isinstance(rows, Response):
            return rows
        found = page(session, rows, schema, {**query, **path}, key=key)
        if parent is not None and not found.items:  # rows have a parent, by foreign key; none may lack one
            row_of(session, parent, *path.values())
        return found.response()

    return paged


def in_living_group(view: View) -> View:
    """Refuse a member whose group has ended."""

    @functools.wraps(view)
    def in_living_group(session: Session, *args: Any, **path: Any) -> Any:
        refuse_ended(session, path["group_id"])
        return view(session, *args, **path)

    return in_living_group


def finished(view: View, etag: bool, location: str | None, status: int) -> View:
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
            if request.method == "GET" and request.if_none_match.contains_weak(str(result.version)):
                return Response(status=304, headers=headers)
        if location:
            made = {"id": result.id, "number": getattr(result, "number", None)}
            headers["Location"] = location.format(**{**path, **made})
        if code == 202:
            headers["Retry-After"] = "1"
        return result, code, headers

    return finished
