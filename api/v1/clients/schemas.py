"""API clients."""

from typing import ClassVar
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validate

from api.fields import Choice, EditableResource, Pattern, Schema, Text
from tenants.kernel.permissions import Permission

GRANT_TYPES = ("client_credentials",)
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
    scopes = fields.List(
        Choice(tuple(permission.value for permission in Permission)),
        validate=validate.Length(min=1, max=50),
        metadata={"description": "All that you hold, if left out."},
    )


class Client(EditableResource):
    """A program that calls the API for this tenant."""

    client_id = fields.String(dump_only=True, metadata={"description": "What OAuth calls client_id."})
    name = fields.String()
    state = fields.String(metadata={"description": "active or revoked"})
    grant_types = fields.List(fields.String())
    redirect_uris = fields.List(fields.String())
    scopes = fields.List(fields.String())


class ClientWithSecret(Client):
    """A client just made or given a new secret. The secret is shown this once."""

    client_secret = fields.String(allow_none=True)
