"""The OpenAPI 3.1 document: what flask-smorest knows, and what every operation has in common."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from apispec.ext.marshmallow.field_converter import FieldConverterMixin
from flask import Flask
from flask_smorest import Api
from marshmallow import Schema
from marshmallow.fields import Field

from api.blueprint import Operation
from api.errors import phrase
from api.fields import Object, Variant
from api.idempotent import HEADER, PATTERN
from api.limiting import HEADERS as LIMITS
from api.serving import IfMatch
from tenants.kernel.permissions import MEANING

USUAL = (400, 401, 403, 422, 429, 503)
DESCRIPTION = """\
Peer mentoring groups for early-career researchers: onboard a cohort, let a background job form groups,
give them a place, and pull reports that disclose nobody.

Every request carries a bearer token of one tenant (`POST /oauth/token`). Lists are pages of
`{"items": […], "next_cursor": …}`. Work in the background answers 202 with the resource, whose `state`
you poll. Errors are problem details (RFC 9457) with `errors: [{pointer, code, detail}]`. Requests are limited
for each client and each tenant: `RateLimit-Policy` says how many there may be, `RateLimit` what is left of them.
"""


def options(version: str) -> dict[str, Any]:
    """The document's head."""
    flow = {"tokenUrl": "/oauth/token", "scopes": {scope.value: text for scope, text in MEANING.items()}}
    return {
        "info": {
            "title": "Peerloom API",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This deployment"}],
        "components": {
            "securitySchemes": {
                "oauth": {"type": "oauth2", "flows": {"clientCredentials": flow}},
                "basic": {"type": "http", "scheme": "basic", "description": "A client's id and secret."},
            },
            "headers": _headers(),
        },
    }


def finish(api: Api, app: Flask) -> None:
    """Complete each operation of the document from its declaration."""
    paths = api.spec._paths
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "_apidoc", {}).get("peerloom")
        if operation is not None:
            if (
                operation.returns is not None
                and operation.returns.__name__ not in api.spec.components.schemas
            ):
                api.spec.components.schema(operation.returns.__name__, schema=operation.returns)
            path = _openapi_path(rule.rule)
            _complete(paths[path][operation.method.lower()], operation, rule.endpoint)
            if "{" in path or operation.method == "GET":  # a person's roles hide what they do not open
                paths[path][operation.method.lower()]["responses"]["404"] = _problem(404)
    for document in _operations(api):
        document["responses"].pop("default", None)  # flask-smorest's own, which is not ours
        document["responses"]["500"] = _problem(500)
    api.spec.components.responses.clear()
    _complete_schemas(api)


def _complete_schemas(api: Api) -> None:
    """Rules across fields and examples; and that an answer always has every field of its schema."""
    schemas = api.spec.components.schemas
    for (schema, *_), name in api.ma_plugin.converter.refs.items():
        if name == "PaginationMetadata":  # flask-smorest's own
            del schemas[name]
            continue
        schemas[name].update(getattr(schema, "across", {}))
        if example := getattr(schema, "example", None):
            schemas[name]["examples"] = [example]
    asked = _named([each.get("requestBody") for each in _operations(api)], schemas)
    for name in _named([each["responses"] for each in _operations(api)], schemas) - asked:
        schemas[name].setdefault("required", list(schemas[name]["properties"]))


def _operations(api: Api) -> list[dict[str, Any]]:
    """Every operation, without what a path says for all of its own."""
    return [each for path in api.spec._paths.values() for each in path.values() if isinstance(each, dict)]


def _named(node: Any, schemas: Mapping[str, Any]) -> set[str]:
    """The component schemas that a piece of the document refers to, through others as well."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            name = str(each.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found


def entries_of_object(converter: FieldConverterMixin, field: Field, **_: Any) -> dict[str, Any]:
    """What apispec leaves out: how many entries an `Object` has, and what their keys are like."""
    if not isinstance(field, Object):
        return {}
    return {"maxProperties": field.most, "propertyNames": converter.field2property(field.key_field)}


def schemas_of_variant(converter: FieldConverterMixin, field: Field, **_: Any) -> dict[str, Any]:
    """The schemas of which a `Variant` is one, and the field that tells which."""
    if not isinstance(field, Variant):
        return {}
    one_of = {word: converter.resolve_nested_schema(schema) for word, schema in field.schemas.items()}
    mapping = {word: schema["$ref"] for word, schema in one_of.items()}
    return {
        "oneOf": list(one_of.values()),
        "discriminator": {"propertyName": field.by, "mapping": mapping},
    }


def as_yaml(api: Api) -> str:
    """The document as it is committed."""
    return yaml.safe_dump(api.spec.to_dict(), sort_keys=False, allow_unicode=True, width=110)


def _openapi_path(rule: str) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def _complete(document: dict[str, Any], operation: Operation, endpoint: str) -> None:
    name = endpoint.rpartition(".")[2]
    document["operationId"] = name
    document["security"] = [{"oauth": [operation.allow.value]}]
    document.setdefault("summary", name.replace("_", " ").capitalize())
    parameters: list[dict[str, Any]] = document.setdefault("parameters", [])
    for parameter in parameters:
        parameter["schema"] = _never_null(parameter["schema"])
    if operation.method == "POST":
        said = "Repeat a request with the same key: the first answer comes again."
        parameters.append(_header(HEADER, said, pattern=PATTERN))
    if operation.edits:
        parameters.append(
            {
                **_header("If-Match", "The ETag of the version you edit.", pattern=IfMatch.PATTERN),
                "required": True,
            }
        )
    if operation.etag and operation.method == "GET":
        parameters.append(_header("If-None-Match", "The ETag you hold; 304 if it is still current."))
    responses: dict[str, Any] = document["responses"]
    done = responses[str(operation.status)]
    done["headers"] = header_refs(*_shown(operation))
    if operation.pages and operation.returns is not None:
        done["content"] = {"application/json": {"schema": _page_of(operation.returns)}}
    for media_type in operation.types:
        done.setdefault("content", {})[media_type] = {"schema": {"type": "string"}}
    if operation.also:
        responses[str(operation.also)] = {**done, "description": phrase(operation.also)}
    for status in sorted({*USUAL, *_more(operation, document)}):
        responses[str(status)] = _problem(status)
    if operation.etag and operation.method == "GET":
        responses["304"] = {"description": "Not Modified"}


def _shown(operation: Operation) -> list[str]:
    return [
        *(["ETag"] if operation.etag and operation.method != "DELETE" else []),
        *(["Location"] if operation.location else []),
        *(["Retry-After"] if operation.status == 202 else []),
        *(["Link"] if operation.pages else []),
        *LIMITS,
    ]


def _more(operation: Operation, document: dict[str, Any]) -> set[int]:
    more = set(operation.errors)
    if operation.method != "GET":
        more.add(409)
    if "requestBody" in document:
        more |= {413, 415}
    if operation.edits:
        more |= {412, 428}
    return more


def _page_of(returns: type[Schema]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "additionalProperties": False,
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{returns.__name__}"}},
            "next_cursor": {"type": ["string", "null"]},
        },
    }


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what is left out rather than null."""
    said = {key: value for key, value in schema.items() if (key, value) != ("default", None)}
    for key in said.keys() & {"type", "enum"}:
        if isinstance(said[key], list):
            rest = [each for each in said[key] if each not in (None, "null")]
            said[key] = rest[0] if key == "type" else rest
    return said


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    response: dict[str, Any] = {
        "description": phrase(status),
        "content": {"application/problem+json": {"schema": schema}},
    }
    if shown := {401: ("WWW-Authenticate",), 429: ("Retry-After", *LIMITS)}.get(status):
        response["headers"] = header_refs(*shown)
    return response


def header_refs(*names: str) -> dict[str, Any]:
    """Headers of the document by their names."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string", **schema}}


def _headers() -> dict[str, Any]:
    said = {
        "ETag": "The version, in quotes.",
        "Location": "The URL of what was made.",
        "Retry-After": "Seconds to wait before asking again.",
        "Link": 'The next page: rel="next".',
        "WWW-Authenticate": "How to authenticate.",
        "RateLimit-Policy": 'How many requests (q) in how many seconds (w), as in "client";q=1200;w=60.',
        "RateLimit": 'How many are left (r), and for how many seconds (t), as in "client";r=1199;t=60.',
    }
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in said.items()}
