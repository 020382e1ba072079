"""A test client that holds every response it sees against the OpenAPI document."""

import functools
import json
import re
from typing import Any
from urllib.parse import quote

import jsonschema
import jsonschema_rs
import referencing
from flask.testing import FlaskClient
from referencing.jsonschema import DRAFT202012
from werkzeug.test import TestResponse

from api.app import openapi_document


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    served: dict[str, Any] = json.loads(json.dumps(openapi_document()))
    return served


@functools.cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path)) + r"\Z"), path) for path in paths]


@functools.cache
def _validator(pointer: str) -> jsonschema.Draft202012Validator:
    resource = referencing.Resource(contents=document(), specification=DRAFT202012)
    registry = referencing.Registry().with_resource("urn:openapi", resource)
    return jsonschema.Draft202012Validator(
        {"$ref": "urn:openapi#" + pointer}, registry=registry, format_checker=jsonschema.FormatChecker()
    )


@functools.cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([("urn:openapi", document())], draft=jsonschema_rs.Draft202012)


@functools.cache
def _compiled(pointer: str) -> jsonschema_rs.Draft202012Validator:
    """The same schema for a validator that takes a fortieth of the time. What it refuses the other judges and words."""
    schema = {"$ref": "urn:openapi#" + quote(pointer, safe="/~")}
    return jsonschema_rs.Draft202012Validator(schema, registry=_registry(), validate_formats=True)


def violations(method: str, path: str, response: TestResponse) -> list[str]:
    """In what this response breaks the document; empty if it keeps it."""
    found = next((template for pattern, template in _routes() if pattern.match(path)), None)
    if found is None or method.lower() not in document()["paths"][found]:
        return []
    responses = document()["paths"][found][method.lower()]["responses"]
    status = str(response.status_code)
    if status not in responses:
        return [f"{method} {found}: status {status} is not declared"]
    promised = set(responses[status].get("headers", ())) - {"Link"}  # which only a page with a next one has
    if missing := sorted(name for name in promised if name not in response.headers):
        return [f"{method} {found}: {status} lacks the headers {missing}"]
    return [
        f"{method} {found} {status}: {what}" for what in _of_body(found, method, response, responses[status])
    ]


def _of_body(path: str, method: str, response: TestResponse, declared: dict[str, Any]) -> list[str]:
    content = declared.get("content")
    if content is None:
        return ["no body is declared"] if response.data else []
    if response.mimetype not in content:
        return [f"{response.mimetype} is not declared"]
    if not response.mimetype.endswith("json"):
        return []
    status, kind = str(response.status_code), response.mimetype
    pointer = ("paths", path, method.lower(), "responses", status, "content", kind, "schema")
    escaped = "/".join(part.replace("~", "~0").replace("/", "~1") for part in pointer)
    body = response.get_json()
    if _compiled("/" + escaped).is_valid(body):
        return []
    errors = _validator("/" + escaped).iter_errors(body)
    return [f"{error.json_path}: {error.message}" for error in errors]


class ContractClient(FlaskClient):
    """Refuses a response that breaks the document, and speaks with a bearer token once given one."""

    token: str | None = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if self.token:
            headers = dict(kwargs.pop("headers", None) or {})
            kwargs["headers"] = {"Authorization": f"Bearer {self.token}", **headers}
        response = super().open(*args, **kwargs)
        broken = violations(response.request.method, response.request.path, response)
        assert not broken, "\n".join(broken)
        return response


def edit(api: ContractClient, url: str, /, **changes: Any) -> TestResponse:
    """What is answered to a change of a resource as it is now."""
    return api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})


def remove(api: ContractClient, url: str, /) -> TestResponse:
    """What is answered to its being deleted."""
    return api.delete(url, headers={"If-Match": api.get(url).headers["ETag"]})
