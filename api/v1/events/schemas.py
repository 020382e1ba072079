"""The feed of events."""

from marshmallow import fields, validate

from api.fields import PageQuery, QueryWhole, Resource


class EventQuery(PageQuery):
    """Where to read on."""

    after = QueryWhole(
        load_default=0,
        validate=validate.Range(min=0),
        metadata={"description": "The sequence of the last event you have."},
    )


class Event(Resource):
    """Something that happened. Numbered densely per tenant, so that nothing is missed."""

    sequence = fields.Integer()
    type = fields.String(metadata={"description": "Such as group.updated; docs/events.md lists them."})
    audience = fields.String(metadata={"description": "tenant, or audit for security matters"})
    subject_type = fields.String()
    subject_id = fields.UUID(allow_none=True)
    actor = fields.String(
        allow_none=True,
        metadata={
            "description": "A client's id, or membership:<id> for whom it acted; null: it names nobody."
        },
    )
    changed = fields.List(fields.String())
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
