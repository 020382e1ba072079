"""Announcements."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Prose, Resource, Schema, Text, Timestamp

_WHEN = {"description": "From when on people read it; unless you say so, at once."}


class AnnouncementCreate(Schema):
    """Something to tell the people of a cohort."""

    example: ClassVar = {"title": "Kick-off moved (invented)", "text": "We meet on the 14th."}
    title = Text(most=200, required=True)
    text = Prose(most=10_000, required=True)
    publish_at = Timestamp(allow_none=True, metadata=_WHEN)


class Announcement(Resource):
    """Something told to the people of a cohort."""

    cohort_id = fields.UUID()
    title = fields.String()
    text = fields.String()
    publish_at = Timestamp(metadata=_WHEN)


class MyAnnouncement(Announcement):
    """Something told to one."""

    cohort_name = fields.String()
