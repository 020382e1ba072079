"""The tenant."""

from marshmallow import fields

from api.fields import EditableResource, Schema, Text


class Tenant(EditableResource):
    """The institution, funder or society whose token this is."""

    slug = fields.String(dump_only=True)
    kind = fields.String(dump_only=True, metadata={"description": "institution, funder or society"})
    name = Text(most=200)
    state = fields.String(dump_only=True, metadata={"description": "open or suspended"})


class TenantPatch(Schema):
    """What a tenant can change of itself."""

    name = Text(most=200, required=True)
