"""The tenant."""

from marshmallow import fields

from api.fields import EditableResource, Schema, Text, Whole
from tenants.institutions.models import LEAST_THRESHOLD, MOST_THRESHOLD


class Tenant(EditableResource):
    """The institution, funder or society whose token this is."""

    slug = fields.String(dump_only=True)
    kind = fields.String(dump_only=True, metadata={"description": "institution, funder or society"})
    name = Text(most=200)
    state = fields.String(dump_only=True, metadata={"description": "open or suspended"})
    disclosure_threshold = Whole(
        least=LEAST_THRESHOLD,
        most=MOST_THRESHOLD,
        metadata={"description": "Counts from 1 up to it never leave the tenant."},
    )


class TenantPatch(Schema):
    """What a tenant can change of itself."""

    name = Text(most=200)
    disclosure_threshold = Whole(least=LEAST_THRESHOLD, most=MOST_THRESHOLD)
