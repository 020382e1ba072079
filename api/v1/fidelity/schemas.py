"""What groups keep of the model that their recipe follows."""

from marshmallow import fields, validate

from api.fields import Flag, Schema, Text, Timestamp


class TickedItem(Schema):
    """An item of the recipe's list, and whether the group keeps it."""

    item = Text(most=200, required=True)
    kept = Flag(required=True)


class FidelityPut(Schema):
    """Items to tick; others stay as they are."""

    items = fields.List(fields.Nested(TickedItem), validate=validate.Length(max=30), required=True)


class FidelityItem(Schema):
    """An item of the recipe's list, as far as it was ticked."""

    item = fields.String()
    kept = fields.Boolean(allow_none=True)
    said_by = fields.String(allow_none=True, metadata={"description": "organiser or group"})
    said_at = Timestamp(allow_none=True)


class Fidelity(Schema):
    """What a group keeps of its recipe's list. Organisers see it, whoever ticked it."""

    items = fields.List(fields.Nested(FidelityItem))
