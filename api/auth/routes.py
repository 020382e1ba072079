"""The endpoints of our OAuth server that programs call, and its metadata; `authorize` is for people."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Response, current_app, g, jsonify, make_response, request
from flask_smorest import Blueprint
from marshmallow import fields

from api.auth.grants import EVERY_METHOD, Revocation
from api.auth.server import basic_in_request
from api.errors import Problem, phrase
from api.fields import Schema
from api.limiting import HEADERS, limit_token_request
from api.openapi import header_refs
from api.serving import database
from tenants.access.models import CLIENT_PREFIX
from tenants.kernel.ids import tenant_of
from tenants.kernel.permissions import Permission

blp = Blueprint("OAuth", __name__, description="Getting a token.")
GRANT_TYPES = ("client_credentials", "authorization_code", "refresh_token")
NOBODY = UUID(int=0)
PROBLEM = "application/problem+json"


class Token(Schema):
    """An access token. Opaque: do not look into it."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})
    scope = fields.String(required=True)
    refresh_token = fields.String(
        metadata={"description": "Serves once and brings the next; with people's tokens."}
    )


class OAuthError(Schema):
    """An error as OAuth 2.0 (RFC 6749, 5.2) words it."""

    error = fields.String(required=True)
    error_description = fields.String()
    error_uri = fields.String()


def _form(required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    own = {
        "client_id": {"type": "string", "description": "Unless sent by HTTP Basic."},
        "client_secret": {
            "type": "string",
            "description": "Unless sent by HTTP Basic. Public clients have none.",
        },
    }
    schema = {"type": "object", "required": [required], "properties": {**properties, **own}}
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


_TEXT = {"type": "string"}
_TOKEN_FORM = _form(
    "grant_type",
    grant_type={"type": "string", "enum": list(GRANT_TYPES)},
    scope={**_TEXT, "description": "Space-separated; all that can be had if absent."},
    code={**_TEXT, "description": "For authorization_code."},
    redirect_uri={**_TEXT, "description": "For authorization_code: as it was when the code was asked for."},
    code_verifier={**_TEXT, "description": "For authorization_code."},
    refresh_token={**_TEXT, "description": "For refresh_token."},
)
_REVOCATION_FORM = _form(
    "token", token=_TEXT, token_type_hint={**_TEXT, "enum": ["access_token", "refresh_token"]}
)


def _refusals(view: Callable[[], Response]) -> Callable[[], Response]:
    """What these endpoints answer if not with success: as OAuth words it, and problems before they look at all."""
    again = header_refs("Retry-After")
    limited = header_refs("Retry-After", *HEADERS)
    for status, headers in ((413, None), (429, limited), (503, again)):
        said = {"schema": Problem, "description": phrase(status), "content_type": PROBLEM}
        view = blp.alt_response(status, **said, headers=headers)(view)
    return blp.alt_response(400, schema=OAuthError)(blp.alt_response(401, schema=OAuthError)(view))


@blp.route("/oauth/token", methods=["POST"])
@blp.response(200, Token, headers=header_refs(*HEADERS))
@_refusals
@blp.doc(
    operationId="create_token",
    summary="Get an access token",
    requestBody=_TOKEN_FORM,
    security=[{"basic": []}, {}],
)
def create_token() -> Response:
    """A token of 15 minutes: for a client's id and secret, for a code, or for a refresh token."""
    return _answered(lambda server: server.create_token_response())


@blp.route("/oauth/revoke", methods=["POST"])
@blp.response(200, {"type": "object"}, headers=header_refs(*HEADERS))
@_refusals
@blp.doc(
    operationId="revoke_token",
    summary="Give a token back (RFC 7009)",
    requestBody=_REVOCATION_FORM,
    security=[{"basic": []}, {}],
)
def revoke_token() -> Response:
    """End an access token; with a refresh token all that came of the same authorization."""
    return _answered(lambda server: server.create_endpoint_response(Revocation.ENDPOINT_NAME))


def _answered(answer: Callable[[AuthorizationServer], Response]) -> Response:
    basic = basic_in_request()
    claimed = basic[0] if basic else request.form.get("client_id", "")
    limit_token_request(claimed)
    fault = _fault()
    if fault is not None:
        return make_response(jsonify(error="invalid_request", error_description=fault), 400)
    with database().tenant(tenant_of(claimed, CLIENT_PREFIX) or NOBODY) as session:
        g.oauth_session = session
        response = answer(current_app.extensions["oauth"])
        session.commit()  # a refusal as well, which may have ended what was brought twice
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
        authorization_endpoint=f"{issuer}/oauth/authorize",
        token_endpoint=f"{issuer}/oauth/token",
        token_endpoint_auth_methods_supported=EVERY_METHOD,
        revocation_endpoint=f"{issuer}/oauth/revoke",
        revocation_endpoint_auth_methods_supported=EVERY_METHOD,
        grant_types_supported=list(GRANT_TYPES),
        response_types_supported=["code"],
        response_modes_supported=["query"],
        code_challenge_methods_supported=["S256"],
        authorization_response_iss_parameter_supported=True,
        scopes_supported=[permission.value for permission in Permission],
        service_documentation=f"{issuer}/docs",
    )
