"""Lists: pages by opaque cursor, their JSON built by PostgreSQL from what the schema declares."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import Schema
from sqlalchemy import Select, bindparam, literal_column, select

from api.fields import Timestamp
from tenants.kernel.errors import FieldError, Invalid
from tenants.kernel.session import Session


class BadCursor(Invalid):
    """The cursor was not given out by this list."""


def page(
    session: Session, rows: Select[Any], schema: type[Schema], query: Mapping[str, Any], *, key: str = "id"
) -> Response:
    """One page of `rows` in the order of their unique `key`, as `{"items": […], "next_cursor": …}`.

    `rows` selects a column for every field of `schema`, by its name. `query` holds cursor, limit and the
    filters; the cursor is signed for this tenant, path and these filters.
    """
    limit: int = query["limit"]
    signer = _signer(session.tenant_id, query)
    inner = rows
    parameters: dict[str, Any] = {"page_limit": limit + 1}
    ordered_by = rows.selected_columns[key]
    if query["cursor"] is not None:
        parameters["page_after"] = _last_key(signer, query["cursor"])
        inner = inner.where(ordered_by > bindparam("page_after", type_=ordered_by.type))
    found = inner.order_by(ordered_by).limit(bindparam("page_limit")).subquery("r")
    page_of = select(literal_column(f"r.{key}"), literal_column(_json_of_row(schema)))
    statement = page_of.select_from(found).order_by(literal_column(f"r.{key}"))
    listed = session.connection().execute(statement, parameters).all()
    cursor = signer.dumps(_portable(listed[limit - 1][0])) if len(listed) > limit else None
    return _response([row[1] for row in listed[:limit]], cursor)


@cache
def _json_of_row(schema: type[Schema]) -> str:
    """The SQL of the JSON that `schema.dump` would make of the row `r`.

    Text rather than expressions, which would be built anew for every request.
    """
    pairs = []
    for name, field in schema().fields.items():
        value = f'r."{field.attribute or name}"'
        if isinstance(field, Timestamp):
            value = f"to_char({value} AT TIME ZONE 'UTC', '{Timestamp.SQL_FORMAT}')"
        pairs.append(f"'{name}', {value}")
    return f"CAST(json_build_object({', '.join(pairs)}) AS text)"


def _signer(tenant_id: UUID, query: Mapping[str, Any]) -> URLSafeSerializer:
    filters = sorted((name, str(value)) for name, value in query.items() if name not in ("cursor", "limit"))
    bound_to = f"{tenant_id} {request.path} {filters}"
    return URLSafeSerializer(
        current_app.config["SECRET_KEY"], salt=bound_to, signer_kwargs={"digest_method": sha256}
    )


def _portable(key: UUID | int) -> str | int:
    return key.hex if isinstance(key, UUID) else key


def _last_key(signer: URLSafeSerializer, cursor: str) -> UUID | int:
    try:
        key: str | int = signer.loads(cursor)
        return UUID(hex=key) if isinstance(key, str) else key
    except (BadSignature, ValueError) as error:
        raise BadCursor(
            FieldError("?cursor", "invalid_cursor", "This list with these filters gave out no such cursor.")
        ) from error


def _response(items: list[str], cursor: str | None) -> Response:
    next_cursor = f'"{cursor}"' if cursor else "null"
    response = Response(
        f'{{"items":[{",".join(items)}],"next_cursor":{next_cursor}}}', content_type="application/json"
    )
    if cursor:
        arguments = request.args.to_dict() | {"cursor": cursor}
        response.headers["Link"] = f'<{request.path}?{urlencode(arguments)}>; rel="next"'
    return response
