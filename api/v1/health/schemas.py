"""How groups fare."""

from marshmallow import fields

from api.fields import Schema, Timestamp

_BAND = {"description": "thriving, steady, quiet or silent; null where a group is paused or has ended."}


class GroupHealth(Schema):
    """How one's group fares, from dates and counts alone."""

    band = fields.String(allow_none=True, metadata=_BAND)
    rule = fields.String(metadata={"description": "What the band means, in words."})
    planned_count = fields.Integer(metadata={"description": "The last meetings that were planned, up to 6."})
    held_count = fields.Integer(metadata={"description": "How many of these nobody skipped or cancelled."})
    attended_counts = fields.List(
        fields.Integer(), metadata={"description": "How many said that they were there, the last one first."}
    )
    days_since_written = fields.Integer(
        allow_none=True, metadata={"description": "Since anybody wrote anything in the group; null: never."}
    )
    open_places = fields.Integer(
        metadata={"description": "How many have left for whom nobody has come in since."}
    )


class GroupBand(Schema):
    """What the tenant is told of how a group fares."""

    id = fields.UUID(metadata={"description": "Of the group."})
    group_name = fields.String()
    band = fields.String(allow_none=True, metadata=_BAND)
    since = fields.Date(allow_none=True)


class Nudge(Schema):
    """That the group was asked whether all is well."""

    id = fields.UUID()
    reason = fields.String(metadata={"description": "nothing_for_long or meetings_missed"})
    nudged_at = Timestamp()
    answered_at = Timestamp(allow_none=True, metadata={"description": "Whatever a member does answers it."})
