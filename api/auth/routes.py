"""The token endpoint and the server's metadata."""

from uuid import UUID

from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Response, current_app, g, jsonify, make_response, request
from flask_smorest import Blueprint
from marshmallow import fields

from api.errors import Problem, phrase
from api.fields import Schema
from api.limiting import HEADERS, limit_token_request
from api.openapi import header_refs
from api.serving import database
from tenants.access.models import CLIENT_PREFIX
from tenants.kernel.ids import tenant_of
from tenants.kernel.permissions import Permission

blp = Blueprint("OAuth", __name__, description="Getting a token.")
NOBODY = UUID(int=0)
PROBLEM = "application/problem+json"


class Token(Schema):
    """An access token. Opaque: do not look into it."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})
    scope = fields.String(required=True)


class OAuthError(Schema):
    """An error as OAuth 2.0 (RFC 6749, 5.2) words it."""

    error = fields.String(required=True)
    error_description = fields.String()
    error_uri = fields.String()


_FORM = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "enum": ["client_credentials"]},
                    "scope": {
                        "type": "string",
                        "description": "Space-separated; all of the client's if absent.",
                    },
                    "client_id": {"type": "string", "description": "Unless sent by HTTP Basic."},
                    "client_secret": {"type": "string", "description": "Unless sent by HTTP Basic."},
                },
            }
        }
    },
}


@blp.route("/oauth/token", methods=["POST"])
@blp.response(200, Token, headers=header_refs(*HEADERS))
@blp.alt_response(400, schema=OAuthError)
@blp.alt_response(401, schema=OAuthError)
@blp.alt_response(413, schema=Problem, description=phrase(413), content_type=PROBLEM)
@blp.alt_response(
    429,
    schema=Problem,
    description=phrase(429),
    content_type=PROBLEM,
    headers=header_refs("Retry-After", *HEADERS),
)
@blp.alt_response(
    503, schema=Problem, description=phrase(503), content_type=PROBLEM, headers=header_refs("Retry-After")
)
@blp.doc(
    operationId="create_token", summary="Get an access token", requestBody=_FORM, security=[{"basic": []}, {}]
)
def create_token() -> Response:
    """A client's id and secret for a token of 15 minutes."""
    sent = request.authorization.username if request.authorization else request.form.get("client_id")
    claimed = sent or ""
    limit_token_request(claimed)
    fault = _fault()
    if fault is not None:
        return make_response(jsonify(error="invalid_request", error_description=fault), 400)
    with database().tenant(tenant_of(claimed, CLIENT_PREFIX) or NOBODY) as session:
        g.oauth_session = session
        server: AuthorizationServer = current_app.extensions["oauth"]
        response: Response = server.create_token_response()
        session.commit()
    return response


def _fault() -> str | None:
    """What is wrong with the request as a whole (RFC 6749, 2.3 and 3.2); Authlib reads on."""
    form = request.form
    if request.mimetype not in ("", "application/x-www-form-urlencoded") or request.args:
        return "Send the parameters in the body, as application/x-www-form-urlencoded."
    repeated = [name for name in form if len(form.getlist(name)) > 1]
    if repeated:
        return f"Send each parameter once: {', '.join(repeated)}."
    if "Authorization" in request.headers and "client_secret" in form:
        return "Send the client's secret in one way only."
    return None


@blp.route("/.well-known/oauth-authorization-server", methods=["GET"])
@blp.response(200, {"type": "object"})
@blp.doc(operationId="get_oauth_metadata", summary="Authorization server metadata (RFC 8414)", security=[])
def get_oauth_metadata() -> Response:
    """What this authorization server can do."""
    issuer = current_app.config["PUBLIC_URL"]
    return jsonify(
        issuer=issuer,
        token_endpoint=f"{issuer}/oauth/token",
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        grant_types_supported=["client_credentials"],
        response_types_supported=[],
        scopes_supported=[permission.value for permission in Permission],
        service_documentation=f"{issuer}/docs",
    )
