"""Every documented operation, as tests call them that try all of them: with an id for each parameter, and a body."""

import re
from typing import Any

from psycopg import sql
from sqlalchemy import Uuid

from tenants.kernel.ids import new_id
from tenants.tables import METADATA
from tests.contract import document

METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [
    (method, path, operation)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]
GUARDED = [each for each in OPERATIONS if each[2].get("security")]
WITH_IDS = [each for each in GUARDED if re.search(r"\{\w+_id\}", each[1])]


_FORMATTED = {
    "uuid": lambda: str(new_id()),
    "date": lambda: "2026-01-01",
    "email": lambda: "ada@amberbay.example",
    "local-date-time": lambda: "2026-01-01T10:00:00",
}


def sample(schema: dict[str, Any]) -> Any:
    """The smallest value that a schema admits."""
    if "$ref" in schema:
        return sample(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    made = {
        "object": lambda: {name: sample(schema["properties"][name]) for name in schema.get("required", ())},
        "array": lambda: [sample(schema["items"])] * schema.get("minItems", 0),
        "string": _FORMATTED.get(schema.get("format", ""), lambda: "abc"),
        "integer": lambda: schema.get("minimum", 1),
        "number": lambda: 1.0,
        "boolean": lambda: False,
    }
    return made[kind[0] if isinstance(kind, list) else kind]()


def call(api: Any, method: str, url: str, operation: dict[str, Any]) -> Any:
    """Call an operation as its document asks for, with a body that it would accept."""
    content = operation.get("requestBody", {}).get("content", {})
    sent: dict[str, Any] = {"headers": {"If-Match": '"1"'} if method in ("put", "patch", "delete") else {}}
    if "application/json" in content:
        sent["json"] = sample(content["application/json"]["schema"])
    elif content:
        sent |= {"data": b"person_id\r\n1\r\n", "content_type": next(iter(content))}
    return api.open(url, method=method.upper(), **sent)


def parameters() -> set[str]:
    return {name for _, path, _ in WITH_IDS for name in re.findall(r"\{(\w+_id)\}", path)}


def belongings(superuser: Any, tenant_id: Any) -> dict[str, Any]:
    """A fingerprint of everything a tenant owns; events are counted, for the sealer numbers them. Rounds that come by
    the clock are left out.
    """
    prints = {}
    for name, table in METADATA.tables.items():
        key = "tenant_id" if "tenant_id" in table.c else "id"
        if not isinstance(table.c[key].type, Uuid):  # of nobody's
            continue
        said = "count(*)::text" if name == "event" else "md5(string_agg(t::text, '' ORDER BY t::text))"
        clockwork = sql.SQL(" AND kind <> 'notices'" if name == "job" else "")
        query = sql.SQL("SELECT {} FROM {} t WHERE {} = %s{}")
        query = query.format(sql.SQL(said), sql.Identifier(name), sql.Identifier(key), clockwork)
        prints[name] = superuser.execute(query, [tenant_id]).fetchone()
    return prints
