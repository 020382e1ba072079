"""Invitations."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, PageQuery, Resource, Schema, Timestamp


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
    """An invitation and, where it was asked for, its link, which is shown this once. Whoever has it can accept."""

    url = fields.String(allow_none=True)


class InvitationCreate(Schema):
    """Whom to invite."""

    example: ClassVar = {"membership_id": "01890000-0000-7000-8000-000000000000"}
    membership_id = fields.UUID(required=True)
    cohort_id = fields.UUID(allow_none=True)
    deliver = Choice(
        ("letter", "link"),
        load_default="letter",
        metadata={
            "description": "A letter to the person's address, or the link in the answer, to be passed on."
        },
    )


class CohortInvitations(Schema):
    """How many of a cohort were invited, and how many were not and why."""

    invited = fields.Integer(metadata={"description": "Their letters go out in the background."})
    joined = fields.Integer(metadata={"description": "Have joined already."})
    already_invited = fields.Integer(metadata={"description": "Have an invitation that still holds."})
    with_roles = fields.Integer(metadata={"description": "Hold roles: invite them one by one."})
    out_of_reach = fields.Integer(
        metadata={"description": "Are elsewhere too, where your roles do not reach."}
    )
    without_address = fields.Integer()
    left_alone = fields.Integer(metadata={"description": "Ineligible, declined, withdrawn or completed."})


class InvitationQuery(PageQuery):
    """Which invitations."""

    membership_id = fields.UUID(load_default=None)
    cohort_id = fields.UUID(load_default=None)
