"""The whole wiring, on one screen."""

import os
import re
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import orjson
import redis
from flask import Flask, Response, g, request
from flask.json.provider import JSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

import tenants.tables  # noqa: F401
from api import calendar, cors, errors, health, openapi, unsubscribing
from api.auth import account, authorize, invited, sign_in
from api.auth import routes as oauth
from api.auth.oidc import Providers
from api.auth.pages import style
from api.auth.server import create_server
from api.errors import ProblemApi
from api.limiting import tell_limits
from api.v1 import RESOURCES
from tenants.kernel.doorbell import open_database
from tenants.kernel.files import FileStore
from tenants.kernel.limits import Limiter, Quotas
from tenants.kernel.outgoing import Outgoing
from tenants.kernel.settings import Settings

LARGEST_BODY = 1 << 20
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class OrjsonProvider(JSONProvider):
    """JSON in and out through orjson; keys keep their order."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


def create_app(settings: Settings | None = None) -> Flask:
    """The API, from settings or from the environment. Raises SettingsError and RoleTooStrong."""
    settings = settings or Settings.from_environment(os.environ)
    app = Flask("peerloom", static_folder=None)
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)
    app.json = OrjsonProvider(app)
    app.config.update(
        SECRET_KEY=settings.secret_key[0],
        SECRET_KEY_FALLBACKS=settings.secret_key[1:],
        PUBLIC_URL=settings.public_url,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        API_TITLE="Peerloom API",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        PROPAGATE_EXCEPTIONS=False,
    )
    app.extensions["settings"] = settings
    # An import holds the rows that it writes; nobody's threads are all to wait for it.
    app.extensions["database"] = open_database(settings, lock_seconds=10)
    app.extensions["valkey"] = redis.Redis.from_url(settings.redis_url, socket_timeout=2)
    app.extensions["limiter"] = Limiter(settings.redis_url)
    app.extensions["quotas"] = Quotas.of(settings)
    app.extensions["files"] = FileStore.of(settings)
    app.extensions["oauth"] = create_server(app)
    app.extensions["providers"] = Providers(Outgoing(allow_private=settings.allow_private_providers))
    errors.register(app)
    cors.register(app)
    app.before_request(_name_request)
    app.after_request(_sign_response)
    app.after_request(tell_limits)
    api = register(app)
    app.extensions["openapi_json"] = orjson.dumps(api.spec.to_dict())
    return app


def register(app: Flask) -> ProblemApi:
    """Every route, in the order of the document."""
    app.url_map.merge_slashes = False  # 404 rather than a redirect to whatever Host the caller names
    api = ProblemApi(app, spec_kwargs=openapi.options(version("peerloom")))
    api.ma_plugin.converter.add_attribute_function(openapi.entries_of_object)
    api.ma_plugin.converter.add_attribute_function(openapi.schemas_of_variant)
    for blueprint in (*RESOURCES, oauth.blp, health.blp):
        api.register_blueprint(blueprint)
    for pages in (authorize.blp, sign_in.blp, invited.blp, account.blp, calendar.blp, unsubscribing.blp):
        app.register_blueprint(pages)
    app.add_url_rule("/sign-in/style.css", view_func=style)
    app.add_url_rule("/docs", view_func=health.docs)
    app.add_url_rule("/docs/<name>", view_func=health.docs_asset)
    openapi.finish(api, app)
    return api


def openapi_document() -> dict[str, Any]:
    """What is served at /v1/openapi.json; needs no database."""
    document: dict[str, Any] = _documented().spec.to_dict()
    return document


def openapi_yaml() -> str:
    """The document that openapi/v1.yaml holds; needs no database."""
    return openapi.as_yaml(_documented())


def _documented() -> ProblemApi:
    app = Flask("peerloom", static_folder=None)
    app.config.update(API_TITLE="Peerloom API", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    return register(app)


def _name_request() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    trace = request.headers.get("traceparent", "")
    g.traceparent = trace if _TRACEPARENT.fullmatch(trace) else f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"


def _sign_response(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    response.headers["traceparent"] = g.get("traceparent", "")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
