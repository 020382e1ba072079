"""Is it alive, is it ready, and where is it written down: four public pages."""

from pathlib import Path

import flask_swagger_ui
import redis
from flask import Response, abort, current_app, jsonify, send_from_directory
from flask_smorest import Blueprint
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.serving import database

blp = Blueprint("Service", __name__, description="Health and documentation; no token needed.")
ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
SHOWN = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Peerloom API</title>
<link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="api"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>"""
START = 'SwaggerUIBundle({url: "/v1/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null});'
STATUS = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}


@blp.route("/healthz", methods=["GET"])
@blp.response(200, STATUS)
@blp.doc(operationId="get_health", summary="The process is alive", security=[])
def get_health() -> Response:
    """Answers while the process does."""
    return jsonify(status="ok")


@blp.route("/readyz", methods=["GET"])
@blp.response(200, STATUS)
@blp.alt_response(503, schema=STATUS)
@blp.doc(operationId="get_readiness", summary="PostgreSQL and Valkey answer", security=[])
def get_readiness() -> tuple[Response, int]:
    """Whether requests can be served."""
    try:
        with database().nobody() as session:
            session.execute(text("SELECT 1"))
        valkey: redis.Redis = current_app.extensions["valkey"]
        valkey.ping()
    except (SQLAlchemyError, redis.RedisError) as error:
        return jsonify(status=f"{type(error).__name__}: not ready"), 503
    return jsonify(status="ready"), 200


@blp.route("/v1/openapi.json", methods=["GET"])
@blp.response(200, {"type": "object"})
@blp.doc(operationId="get_openapi", summary="This document", security=[])
def get_openapi() -> Response:
    """The OpenAPI document of this version."""
    return Response(current_app.extensions["openapi_json"], content_type="application/json")


def docs() -> Response:
    """The interactive documentation."""
    return Response(PAGE, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": CSP})


def docs_asset(name: str) -> Response:
    """What the documentation page loads; all of it ours to serve."""
    if name == "start.js":
        return Response(START, content_type="text/javascript")
    if name not in SHOWN:
        abort(404)
    return send_from_directory(ASSETS, name, max_age=86400)
