"""Instruments."""

from typing import Any, ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Flag, Key, Resource, Schema, Text, Whole
from api.v1.check_ins.schemas import Item
from tenants.support.items import KINDS, MOST_ITEMS
from tenants.support.scales import ABOUT, MOST_SCALES, SCORES


class ItemCreate(Schema):
    """A question."""

    key = Key(required=True)
    text = Text(most=500, required=True)
    kind = Choice(KINDS, required=True)
    least = Whole(most=1000, metadata={"description": "Of a scale."})
    most = Whole(
        most=1000,
        metadata={
            "description": "Of a scale: 4 to 20 above the least, from 1 where check-ins do not ask it."
        },
    )
    reversed = Flag(metadata={"description": "A high number is bad."})
    levels = fields.List(Text(most=100), validate=validate.Length(min=2, max=30))
    most_chosen = Whole(least=1, most=30)


class ScaleCreate(Schema):
    """How some of the items, or all, are scored together."""

    key = Key(required=True)
    name = Text(most=200, required=True)
    items = fields.List(Key(), required=True, validate=validate.Length(min=1, max=MOST_ITEMS))
    score = Choice(SCORES, metadata={"description": "mean unless you say so; of what is answered."})
    least_answered = Whole(
        least=1,
        most=MOST_ITEMS,
        metadata={
            "description": "With fewer answered items there is no score; all of them unless you say so."
        },
    )
    about = Choice(
        ABOUT, metadata={"description": "group: what members of a group could agree on; else self."}
    )


class Scale(Schema):
    """How items are scored together."""

    key = fields.String()
    name = fields.String()
    items = fields.List(fields.String())
    score = fields.String()
    least_answered = fields.Integer()
    about = fields.String()


class InstrumentCreate(Schema):
    """A version of an instrument to load."""

    example: ClassVar[dict[str, Any]] = {
        "key": "belonging",
        "version": "1",
        "name": "Belonging (invented)",
        "licence": "CC0",
        "items": [{"key": "at_home", "text": "I feel at home here.", "kind": "scale", "least": 1, "most": 5}],
        "scales": [{"key": "belonging", "name": "Belonging", "items": ["at_home"]}],
    }
    key = Key(required=True)
    version = Text(most=50, required=True)
    name = Text(most=200, required=True)
    licence = Text(most=200, required=True, metadata={"description": "Under which you may use it."})
    source = Text(most=500, metadata={"description": "Where it is from."})
    items = fields.List(
        fields.Nested(ItemCreate), required=True, validate=validate.Length(min=1, max=MOST_ITEMS)
    )
    scales = fields.List(
        fields.Nested(ScaleCreate),
        validate=validate.Length(max=MOST_SCALES),
        metadata={"description": "Surveys need at least one."},
    )
    in_check_ins = Flag(
        load_default=True,
        metadata={"description": "Whether check-ins ask it, from the next window on that is not fixed yet."},
    )


class Instrument(Resource):
    """A version of an instrument, as it was loaded."""

    program_id = fields.UUID()
    key = fields.String()
    version = fields.String()
    name = fields.String()
    licence = fields.String()
    source = fields.String(allow_none=True)
    items = fields.List(fields.Nested(Item))
    scales = fields.List(fields.Nested(Scale))
    in_check_ins = fields.Boolean()
