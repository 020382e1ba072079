"""Check-ins."""

from typing import Any, ClassVar

from marshmallow import fields

from api.fields import Object, Schema, Timestamp

BAND = {"description": "low, middle or high: of the mean, a third of the scale each."}


class Item(Schema):
    """Something that a check-in asks. All of it is optional."""

    key = fields.String()
    text = fields.String()
    kind = fields.String(metadata={"description": "scale, yes_no or choice"})
    least = fields.Integer(allow_none=True, metadata={"description": "Of a scale."})
    most = fields.Integer(allow_none=True, metadata={"description": "Of a scale."})
    reversed = fields.Boolean(metadata={"description": "A high number is bad."})
    levels = fields.List(fields.String(), allow_none=True, metadata={"description": "Of a choice."})
    most_chosen = fields.Integer(
        allow_none=True, metadata={"description": "Of a choice: how many; null: one."}
    )


class CheckInWindow(Schema):
    """When and what one is asked now."""

    id = fields.UUID()
    opens_at = Timestamp()
    closes_at = Timestamp()
    least = fields.Integer(
        metadata={"description": "How many of the group must have answered for it to be told of the answers."}
    )
    least_changed = fields.Integer(
        metadata={
            "description": "How many must have come in or dropped out since, if any have; see the docs."
        }
    )
    items = fields.List(fields.Nested(Item))


class CheckInCreate(Schema):
    """Answers by item: a whole number, true or false, or a list of levels."""

    example: ClassVar[dict[str, Any]] = {"answers": {"worth_it": 6, "gave_help": True, "barriers": ["time"]}}
    answers = Object(most=100, keys=fields.String(), values=fields.Raw(), required=True)


class CheckIn(Schema):
    """What one answered. Nobody else reads it."""

    id = fields.UUID()
    window_id = fields.UUID()
    answered_at = Timestamp()
    answers = fields.Dict(
        allow_none=True, metadata={"description": "null in the answer to a request that is repeated."}
    )


class CheckInResult(Schema):
    """What a group is told of one item in one window."""

    id = fields.UUID()
    window_id = fields.UUID()
    opens_at = Timestamp()
    closes_at = Timestamp()
    item = fields.String()
    band = fields.String(metadata=BAND)


class PooledCheckIn(Schema):
    """What the tenant is told of one item in one window, over all groups of a cohort."""

    id = fields.UUID()
    window_id = fields.UUID()
    opens_at = Timestamp()
    closes_at = Timestamp()
    item = fields.String()
    band = fields.String(allow_none=True, metadata=BAND)
    levels = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        allow_none=True,
        metadata={"description": "Of a choice: what more than 10 people chose, and roughly how many did."},
    )
