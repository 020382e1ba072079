"""Lists: pages by opaque cursor, their JSON built by PostgreSQL from what the schema declares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import Schema
from sqlalchemy import Row, Select, bindparam, literal_column, select

from api.fields import Timestamp
from api.group_words import SealedWords, sealed_in
from tenants.groups.private import ENCRYPTED, Words
from tenants.kernel.errors import FieldError, Invalid
from tenants.kernel.session import Session


class BadCursor(Invalid):
    """The cursor was not given out by this list."""


@dataclass(frozen=True, slots=True)
class Page:
    """Items as JSON text, and the cursor of the next page if there is one."""

    items: list[str]
    cursor: str | None

    def response(self) -> Response:
        """`{"items": […], "next_cursor": …}`, and a Link to the next page."""
        next_cursor = f'"{self.cursor}"' if self.cursor else "null"
        response = Response(
            f'{{"items":[{",".join(self.items)}],"next_cursor":{next_cursor}}}',
            content_type="application/json",
        )
        if self.cursor:
            arguments = request.args.to_dict() | {"cursor": self.cursor}
            response.headers["Link"] = f'<{request.path}?{urlencode(arguments)}>; rel="next"'
        return response


def page(
    session: Session, rows: Select[Any], schema: type[Schema], given: Mapping[str, Any], *, key: str = "id"
) -> Page:
    """One page of `rows` in the order of their unique `key`.

    `rows` selects a column for every field of `schema`, by its name; for one that is kept encrypted, its ciphertext,
    and then the id and group_id of each row as well. `given` holds cursor, limit and the
    filters, which are also the parameters of `rows`; the cursor is signed for this tenant, path and filters.
    """
    limit: int = given["limit"]
    signer = _signer(session.tenant_id, given)
    parameters = {**given, "page_limit": limit + 1}
    if given["cursor"] is not None:
        parameters["page_after"] = _last_key(signer, given["cursor"])
    statement = _page_of(rows, schema, key, "page_after" in parameters)
    listed = session.connection().execute(statement, parameters).all()
    cursor = signer.dumps(_portable(listed[limit - 1][0])) if len(listed) > limit else None
    return Page(_opened(session, schema, listed[:limit]), cursor)


def _opened(session: Session, schema: type[Schema], listed: Sequence[Row[Any]]) -> list[str]:
    """The JSON of each row, its encrypted words put in."""
    sealed, mixed = sealed_in(schema), _mixed_in(schema)
    if not listed or not (sealed or mixed):
        return [row[1] for row in listed]
    keys = Words(session, schema.__name__)
    keys.find_keys({row.group_id for row in listed})
    words = {table: keys.of(table) for table in {*sealed.values(), *(row.kind for row in listed if mixed)}}
    items = []
    for row in listed:
        item: str = row[1]
        for name, table in sealed.items():
            column = ENCRYPTED + name
            word = words[table].word(column, getattr(row, column), group_id=row.group_id, row_id=row.id)
            item = _with(item, name, word)
        for name in mixed:
            item = _with(item, name, _all_words(words[row.kind], row))
        items.append(item)
    return items


def _with(item: str, name: str, word: Any) -> str:
    return f"{item[:-1]}, {orjson.dumps(name).decode()} : {orjson.dumps(word).decode()}}}"


def _all_words(words: Words, row: Row[Any]) -> dict[str, Any]:
    """The words of a row, by name."""
    known = {"group_id": row.group_id, "row_id": row.id}
    return {
        column.removeprefix(ENCRYPTED): words.word(column, bytes.fromhex(ciphertext), **known)
        for column, ciphertext in row.sealed.items()
        if ciphertext is not None
    }


def _mixed_in(schema: type[Schema]) -> list[str]:
    return [name for name, field in schema().fields.items() if isinstance(field, SealedWords)]


@lru_cache(maxsize=256)
def _page_of(rows: Select[Any], schema: type[Schema], key: str, further: bool) -> Select[Any]:
    """The statement of a page. A query that is itself kept, as the busiest lists' are, finds it here."""
    ordered_by = rows.selected_columns[key]
    if further:
        rows = rows.where(ordered_by > bindparam("page_after", type_=ordered_by.type))
    found = rows.order_by(ordered_by).limit(bindparam("page_limit")).subquery("r")
    columns = [literal_column(f"r.{key}").label(key), literal_column(_json_of_row(schema))]
    if sealed := sealed_in(schema):
        needed = ("id", "group_id", *(ENCRYPTED + name for name in sealed))
        columns += [found.c[name] for name in needed if name != key]
    if _mixed_in(schema):
        columns += [found.c[name] for name in ("id", "group_id", "kind", "sealed") if name != key]
    return select(*columns).select_from(found).order_by(columns[0])


@cache
def _json_of_row(schema: type[Schema]) -> str:
    """The SQL of the JSON that `schema.dump` would make of the row `r`.

    Text rather than expressions, which would be built anew for every request.
    """
    pairs, sealed = [], sealed_in(schema)
    for name, field in schema().fields.items():
        if name in sealed or isinstance(field, SealedWords):
            continue
        value = f'r."{field.attribute or name}"'
        if isinstance(field, Timestamp):
            value = f"to_char({value} AT TIME ZONE 'UTC', '{Timestamp.SQL_FORMAT}')"
        pairs.append(f"'{name}', {value}")
    return f"CAST(json_build_object({', '.join(pairs)}) AS text)"


def _signer(tenant_id: UUID, given: Mapping[str, Any]) -> URLSafeSerializer:
    filters = sorted((name, str(value)) for name, value in given.items() if name not in ("cursor", "limit"))
    bound_to = f"{tenant_id} {request.path} {filters}"
    config = current_app.config
    keys = [*config["SECRET_KEY_FALLBACKS"], config["SECRET_KEY"]]  # the last one signs
    return URLSafeSerializer(keys, salt=bound_to, signer_kwargs={"digest_method": sha256})


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
