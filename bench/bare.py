"""What the product is compared with: a WSGI function, psycopg, orjson, and nothing else.

It runs the list's own SQL as the same role behind the same walls, on one connection a thread. It knows no
tokens, permissions, cursors or errors.
"""

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import psycopg

LIST = """
    SELECT p.id, p.cohort_id, p.membership_id, m.external_id,
           coalesce(m.chosen_name, m.name) AS name, coalesce(m.chosen_email, m.email) AS email, m.identifiers, p.state,
           p.state_since, p.state_reason, p.attributes, p.created_at, p.updated_at, p.version
      FROM participant p JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
     WHERE p.cohort_id = %s ORDER BY p.id LIMIT 51
"""
WALLS = (
    "SELECT set_config('app.tenant_id', %s, true), set_config('app.membership_id', '', true),"
    " set_config('app.person_id', '', true), set_config('app.reach', 'tenant', true)"
)
_here = threading.local()


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_here, "connection"):
        _here.connection = psycopg.connect(os.environ["DATABASE_URL"])
    found: psycopg.Connection[Any] = _here.connection
    return found


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """GET /<tenant>/<cohort>: the first fifty participants."""
    _, tenant, cohort = environ["PATH_INFO"].split("/")
    connection = _connection()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(WALLS, (tenant,))
        cursor.execute(LIST, (cohort,))
        names = [column.name for column in cursor.description or ()]
        items = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()[:50]]
    body = orjson.dumps({"items": items, "next_cursor": None})
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
