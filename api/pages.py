"""Lists: pages by opaque cursor, their JSON built by PostgreSQL from what the schema declares."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import Schema, fields
from sqlalchemy import ColumnElement, Select, Subquery, Text, bindparam, cast, func, literal, select

from api.fields import Timestamp
from tenants.kernel.errors import Invalid
from tenants.kernel.session import Session


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
    statement = select(found.c[key], cast(json_of(found, schema), Text)).order_by(found.c[key])
    listed = session.execute(statement, parameters).all()
    cursor = signer.dumps(_portable(listed[limit - 1][0])) if len(listed) > limit else None
    return _response([row[1] for row in listed[:limit]], cursor)


def json_of(row: Subquery, schema: type[Schema]) -> ColumnElement[Any]:
    """The JSON object that `schema.dump` would make of this row, as SQL."""
    pairs: list[Any] = []
    for name, field in _fields(schema).items():
        pairs += [literal(name), _json_value(row.c[field.attribute or name], field)]
    return func.json_build_object(*pairs)


def _json_value(column: ColumnElement[Any], field: fields.Field[Any]) -> ColumnElement[Any]:
    if isinstance(field, Timestamp):
        return func.to_char(func.timezone("UTC", column), Timestamp.SQL_FORMAT)
    return column


@cache
def _fields(schema: type[Schema]) -> dict[str, fields.Field[Any]]:
    return {name: field for name, field in schema().fields.items() if not field.load_only}


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
        raise Invalid.field(
            "?cursor", "invalid_cursor", "This cursor is not one that this list with these filters gave out."
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
