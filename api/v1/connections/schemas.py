"""Connections to outside providers."""

from typing import ClassVar

from marshmallow import ValidationError, fields, validate

from api.fields import Choice, EditableResource, Pattern, Schema, Text, Timestamp
from tenants.kernel.outgoing import Outgoing
from tenants.kernel.permissions import Role

STATES = ("on", "off", "enforced")
SCOPE = Pattern("^[!#-\\[\\]-~]+$", error="One scope, without spaces.")
SECRET = Pattern("^[!-~]+$", error="Visible ASCII characters without spaces.")
PROVIDER_ROLES = tuple(role.value for role in Role if role not in (Role.OWNER, Role.AUDITOR))


def issuer(text: str) -> None:
    """An https address. Whether it may be reached is found out when it is asked."""
    try:
        Outgoing(allow_private=True).refuse_unfit(text)
    except ValueError as unfit:
        raise ValidationError(str(unfit)) from unfit


class RoleRule(Schema):
    """A claim's value that gives a role."""

    claim = Text(most=100, required=True)
    value = Text(most=500, required=True)
    role = Choice(PROVIDER_ROLES, required=True)


class Rules(Schema):
    """Whom to let in of those whom the provider names, and with which roles."""

    allowed_idps = fields.List(
        Text(most=500),
        validate=validate.Length(max=200),
        metadata={"description": "Entity ids in the claim `idp`, as CILogon sends it."},
    )
    allowed_eppn_scopes = fields.List(
        Text(most=255),
        validate=validate.Length(max=200),
        metadata={"description": "What follows the @ in the claim `eppn`."},
    )
    roles = fields.List(
        fields.Nested(RoleRule),
        validate=validate.Length(max=50),
        metadata={"description": "Roles by claims, given and taken away at every sign-in."},
    )


class ConnectionFields(Schema):
    """What a connection is made of."""

    name = Text(most=200, metadata={"description": "What people see when they choose how to sign in."})
    issuer = Text(
        most=500, validate=issuer, metadata={"description": "To the letter, as the provider says it."}
    )
    client_id = Text(most=500)
    client_secret = Text(most=2000, validate=SECRET, load_only=True)
    scopes = fields.List(Text(most=200, validate=SCOPE), validate=validate.Length(min=1, max=30))
    rules = fields.Nested(Rules)


class ConnectionCreate(ConnectionFields):
    """A provider to let people sign in through. It begins as a draft."""

    example: ClassVar = {
        "name": "Invented University",
        "issuer": "https://login.example.edu",
        "client_id": "peerloom",
        "client_secret": "as-the-provider-gave-it",
    }
    name = Text(most=200, required=True)
    issuer = Text(most=500, required=True, validate=issuer)
    client_id = Text(most=500, required=True)
    client_secret = Text(most=2000, required=True, validate=SECRET)
    scopes = fields.List(
        Text(most=200, validate=SCOPE),
        validate=validate.Length(min=1, max=30),
        load_default=["openid", "profile", "email"],
    )
    rules = fields.Nested(Rules, load_default=dict)


class ConnectionPatch(ConnectionFields):
    """What to change. Whatever decides who is let in makes it a draft again."""

    state = Choice(
        STATES,
        metadata={
            "description": "on once it was tested; enforced: roles are to be had through it only; off."
        },
    )


class Connection(EditableResource):
    """A way to sign in to this tenant."""

    name = fields.String()
    state = fields.String(metadata={"description": "draft, tested, on, enforced or off"})
    issuer = fields.String()
    client_id = fields.String()
    scopes = fields.List(fields.String())
    rules = fields.Dict()
    redirect_uri = fields.String(metadata={"description": "What to register at the provider."})
    tested_at = Timestamp(allow_none=True)


class ConnectionTest(Schema):
    """A page to open in a browser, within an hour."""

    url = fields.String()
