"""API clients."""

from typing import ClassVar
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validate

from api.fields import Choice, EditableResource, Flag, Pattern, Schema, Text, Whole
from tenants.kernel.permissions import Permission

GRANT_TYPES = ("client_credentials", "authorization_code", "refresh_token")
A_WEEK = 7 * 24 * 3600
ORIGIN = Pattern(
    r"^(https://[a-z0-9.-]+|http://(localhost|127\.0\.0\.1|\[::1\]))(:[0-9]{1,5})?$",
    error="Use an origin in lower case, as browsers send it: https://portal.example.org.",
)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ADDRESS = Pattern("^https?://[!-~]+$", error="Use an absolute URL without spaces, in ASCII.")


def redirect_uri(text: str) -> None:
    """https anywhere, http on loopback only; absolute and without a fragment."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # which may be none
    except ValueError as error:
        raise ValidationError("Not an absolute URL.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or "#" in text:
        raise ValidationError("Use an absolute https URL without a fragment.")
    if "@" in parts.netloc or "\\" in text:  # which browsers and libraries read differently
        raise ValidationError("Use a URL without user name, password and backslash.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValidationError("http is allowed on loopback addresses only; use https.")


class ClientCreate(Schema):
    """A client to make. All but `name` may be left out."""

    example: ClassVar = {"name": "Nightly import", "scopes": ["participants:read", "participants:write"]}
    name = Text(most=200, required=True)
    grant_types = fields.List(Choice(GRANT_TYPES), validate=validate.Length(min=1, max=4))
    redirect_uris = fields.List(
        Text(most=500, validate=[ADDRESS, redirect_uri]), validate=validate.Length(max=20)
    )
    cors_origins = fields.List(
        Text(most=200, validate=ORIGIN),
        validate=validate.Length(max=20),
        metadata={"description": "Origins whose pages may call the API with this client's tokens."},
    )
    scopes = fields.List(
        Choice(tuple(permission.value for permission in Permission)),
        validate=validate.Length(min=1, max=50),
        metadata={"description": "All that you hold, if left out."},
    )
    public = Flag(
        load_default=False,
        metadata={
            "description": "A program that can keep no secret: a page, or an app on somebody's machine."
        },
    )


class SecretRotation(Schema):
    """How to go over to a new secret."""

    example: ClassVar = {"keep_old_for_seconds": 86400}
    keep_old_for_seconds = Whole(
        most=A_WEEK,
        load_default=0,
        metadata={"description": "How long the old secret works beside the new one; 0 ends it at once."},
    )


class Client(EditableResource):
    """A program that calls the API for this tenant."""

    client_id = fields.String(dump_only=True, metadata={"description": "What OAuth calls client_id."})
    name = fields.String()
    state = fields.String(metadata={"description": "active or revoked"})
    grant_types = fields.List(fields.String())
    redirect_uris = fields.List(fields.String())
    cors_origins = fields.List(fields.String())
    scopes = fields.List(fields.String())
    public = fields.Boolean(metadata={"description": "It has no secret."})
    first_party = fields.Boolean(
        metadata={"description": "The product's own, which the tenant cannot change."}
    )


class ClientWithSecret(Client):
    """A client just made or given a new secret. The secret is shown this once; a public client has none."""

    client_secret = fields.String(allow_none=True)
