"""Calendar feeds."""

from marshmallow import fields

from api.fields import Schema, Timestamp


class CalendarFeed(Schema):
    """A secret address of a calendar, without the address."""

    id = fields.UUID()
    group_id = fields.UUID(allow_none=True, metadata={"description": "null: all one's groups"})
    created_at = Timestamp()
    rotated_at = Timestamp(metadata={"description": "When its address was made."})


class NewCalendarFeed(CalendarFeed):
    """A feed with its address, which is shown this once."""

    url = fields.String(
        allow_none=True, metadata={"description": "null when a repeated request is answered."}
    )
