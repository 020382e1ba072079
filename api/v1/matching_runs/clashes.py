"""What cannot all hold in a matching run."""

from marshmallow import fields

from api.fields import Schema


class ClashPart(Schema):
    """One of the few things that cannot all hold."""

    rule = fields.Integer(
        allow_none=True,
        metadata={"description": "Place in the recipe's rules; null for sizes and separations."},
    )
    said = fields.String()
    people = fields.List(fields.String(), metadata={"description": "Whom it binds, by external id."})
    value = fields.String(allow_none=True)


class Relaxation(Schema):
    """A change after which these things no longer clash."""

    rule = fields.Integer(allow_none=True)
    said = fields.String()
    amount = fields.Integer(
        metadata={"description": "People left out, or steps of a number: the fewer the cheaper."}
    )


class Clash(Schema):
    """A smallest set of things that cannot all hold: without any one of them the others can."""

    said = fields.String()
    proven = fields.Boolean(metadata={"description": "False if only a limited search stands behind it."})
    parts = fields.List(fields.Nested(ClashPart))
    relaxations = fields.List(fields.Nested(Relaxation), metadata={"description": "The cheapest first."})
