"""Invitations into groups."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, PageQuery, Schema, Text, Timestamp
from api.group_words import Sealed, Whose


class GroupInvitationCreate(Schema):
    """Whom one would like to have in the group."""

    example: ClassVar = {"name": "bora@eastgate.example"}
    name = Text(
        most=254, required=True, metadata={"description": "An e-mail address or an external id, in any case."}
    )


class GroupInvitationQuery(PageQuery):
    """Which of them."""

    state = Choice(("open", "accepted", "expired"), load_default=None)


class GroupInvitation(Schema):
    """Whom a member invited, as she wrote it. Nothing tells whether there is such a person."""

    id = fields.UUID()
    name = Sealed("group_invitation", metadata={"description": "null where a request is repeated."})
    author_id = Whose(metadata={"description": "A membership."})
    state = fields.String(
        metadata={"description": "open, accepted or expired. One that was declined is open until it expires."}
    )
    written_at = Timestamp()
    expires_at = Timestamp()


class MyGroupInvitation(Schema):
    """A group that one is invited into: that it is, and nothing of what it says."""

    id = fields.UUID()
    group_id = fields.UUID()
    group_name = fields.String()
    cohort_id = fields.UUID()
    cohort_name = fields.String()
    created_at = Timestamp()
    expires_at = Timestamp()


class GroupInvitationAnswer(Schema):
    """What one answered an invitation."""

    group_id = fields.UUID()
    answer = fields.String(metadata={"description": "accepted or declined"})
    answered_at = Timestamp()
