"""Invitations."""

from typing import ClassVar

from marshmallow import fields

from api.fields import PageQuery, Resource, Schema, Timestamp


class Invitation(Resource):
    """A one-time link by which somebody becomes the person of a membership."""

    membership_id = fields.UUID()
    cohort_id = fields.UUID(
        allow_none=True, metadata={"description": "Invited as a participant of this cohort."}
    )
    state = fields.String(metadata={"description": "open, accepted, declined, revoked or expired"})
    expires_at = Timestamp()
    sent_at = Timestamp(allow_none=True)
    accepted_at = Timestamp(allow_none=True)
    declined_at = Timestamp(allow_none=True)
    revoked_at = Timestamp(allow_none=True)


class InvitationWithLink(Invitation):
    """An invitation and its link, which is shown this once. Whoever has the link can accept."""

    url = fields.String(allow_none=True)


class InvitationCreate(Schema):
    """Whom to invite."""

    example: ClassVar = {"membership_id": "01890000-0000-7000-8000-000000000000"}
    membership_id = fields.UUID(required=True)
    cohort_id = fields.UUID(allow_none=True)


class InvitationQuery(PageQuery):
    """Which invitations."""

    membership_id = fields.UUID(load_default=None)
    cohort_id = fields.UUID(load_default=None)
