"""Rows put past every wall by a superuser, so that tests can say what the walls then show of them."""

import datetime as dt
import re
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tenants.kernel.ids import new_id

_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL), a.attnotnull AND NOT a.atthasdef
      FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""
_CHECKS = (
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"
)
_MADE: dict[str, Any] = {
    "uuid": new_id,
    "text": lambda: f"invented-{new_id().hex}",
    "timestamp with time zone": lambda: dt.datetime.now(dt.UTC),
    "timestamp without time zone": lambda: dt.datetime(2024, 5, 1, 10),  # noqa: DTZ001 - a local time
    "date": lambda: dt.date(2024, 5, 1),
    "boolean": lambda: False,
    "integer": lambda: 1,
    "bigint": lambda: 1,
    "double precision": lambda: 0.5,
    "jsonb": lambda: Jsonb({}),
    "text[]": list,
    "uuid[]": list,
    "integer[]": list,
    "bytea": lambda: b"invented",
}


def plant(cursor: psycopg.Cursor[Any], table: str, **known: Any) -> UUID:
    """Insert a row of `known` values; what else may not be null is made up. Returns its id."""
    named = sql.Identifier(table).as_string()
    columns = cursor.execute(_COLUMNS, [named]).fetchall()
    checks = " ".join(row[0] for row in cursor.execute(_CHECKS, [named]))
    row = {"id": new_id()} | {
        name: _first_allowed(checks, name) or _least_allowed(checks, name) or _MADE[type_]()
        for name, type_, needed in columns
        if needed
    }
    row |= known
    if "id" not in [name for name, *_ in columns]:
        del row["id"]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    cursor.execute(statement, row)
    return row.get("id", UUID(int=0))


def _first_allowed(checks: str, column: str) -> str | None:
    found = re.search(rf"\(\(?\"?{column}\"?\)? = ANY \(ARRAY\['([^']*)'", checks)
    return found[1] if found else None


def _least_allowed(checks: str, column: str) -> int | None:
    found = re.search(rf'\(\(?"?{column}"? >= (\d+)\)', checks)
    return int(found[1]) if found else None
