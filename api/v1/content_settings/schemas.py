"""What a group says of its own words."""

from marshmallow import fields

from api.fields import Flag, Schema, Timestamp, Whole
from tenants.meetings.agenda_models import LONGEST_DAYS, SHORTEST_DAYS

_KEPT = {"description": "Null: until a year after the group has ended."}


class ContentSettingsPut(Schema):
    """What holds from now on; what is kept for less, two weeks from now."""

    keep_days = Whole(least=SHORTEST_DAYS, most=LONGEST_DAYS, required=True, allow_none=True, metadata=_KEPT)
    notes = Flag(required=True, metadata={"description": "Whether the group takes notes of its meetings."})


class ContentSettings(Schema):
    """How long a group keeps what it wrote, and whether it takes notes."""

    keep_days = fields.Integer(allow_none=True, metadata=_KEPT)
    keep_days_from = Timestamp(
        allow_none=True, metadata={"description": "From when on keep_days holds; null: it held at once."}
    )
    keep_days_before = fields.Integer(
        allow_none=True, metadata={"description": "What holds until keep_days_from."}
    )
    notes = fields.Boolean()
    version = fields.Integer(metadata={"description": "Also in the ETag; 0 while nobody said anything."})
