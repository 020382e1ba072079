"""Guests of one meeting."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Email, Schema, Timestamp
from api.group_words import Sealed


class MeetingGuestCreate(Schema):
    """Who is invited, by her address alone."""

    example: ClassVar = {"email": "advisor@eastgate.example"}
    email = Email(required=True)


class MeetingGuest(Schema):
    """Somebody who is invited to one meeting. She gets into nothing else."""

    id = fields.UUID()
    email = Sealed("meeting_guest", metadata={"description": "null where a request is repeated."})
    created_at = Timestamp()
