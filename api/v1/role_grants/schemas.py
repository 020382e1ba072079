"""Roles that people hold."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Flag, PageQuery, Resource, Schema, Timestamp
from tenants.kernel.permissions import Role


class RoleGrant(Resource):
    """A role that somebody holds, until it ends or is taken away."""

    membership_id = fields.UUID()
    role = fields.String()
    program_id = fields.UUID(
        allow_none=True, metadata={"description": "Only in this program, with all its cohorts."}
    )
    cohort_id = fields.UUID(allow_none=True, metadata={"description": "Only in this cohort."})
    delegable = fields.Boolean(
        metadata={"description": "Its holder may give it to others, within its limits."}
    )
    expires_at = Timestamp(allow_none=True)
    connection_id = fields.UUID(
        allow_none=True,
        metadata={"description": "Given by the claims of this connection, at every sign-in anew."},
    )
    granted_by = fields.String(allow_none=True)


class RoleGrantCreate(Schema):
    """A role to give."""

    example: ClassVar = {"membership_id": "01890000-0000-7000-8000-000000000000", "role": "program_manager"}
    membership_id = fields.UUID(required=True)
    role = Choice(tuple(role.value for role in Role), required=True)
    program_id = fields.UUID(allow_none=True)
    cohort_id = fields.UUID(allow_none=True)
    delegable = Flag()
    expires_at = Timestamp(allow_none=True)


class RoleGrantQuery(PageQuery):
    """Whose roles."""

    membership_id = fields.UUID(load_default=None)
