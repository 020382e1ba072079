"""Concerns."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Prose, Schema, Timestamp
from tenants.support.care_models import CONCERN_KINDS, CONCERN_WANTS


class ConcernReaderQuery(Schema):
    """Of which kind of concern."""

    kind = Choice(CONCERN_KINDS, load_default="not_working")


class ConcernReader(Schema):
    """Somebody whom a concern would reach."""

    membership_id = fields.UUID()
    name = fields.String(allow_none=True)
    roles = fields.List(fields.String())


class ConcernReaders(Schema):
    """Whom a concern would reach, all of them."""

    readers = fields.List(fields.Nested(ConcernReader))
    instead = fields.String(allow_none=True, metadata={"description": "What to do where nobody is left."})


class ConcernCreate(Schema):
    """A concern to send."""

    example: ClassVar = {
        "kind": "not_working",
        "wants": "talk",
        "text": "We have met once in four months.",
        "readers": ["01990000-0000-7000-8000-000000000000"],
    }
    kind = Choice(CONCERN_KINDS, required=True)
    wants = Choice(CONCERN_WANTS, required=True)
    text = Prose(most=10_000)
    readers = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(max=1000),
        metadata={
            "description": "The memberships of concern-readers, as one saw them: it reaches just them."
        },
    )


class ConcernPatch(Schema):
    """What became of it."""

    state = Choice(("received", "handled"))


class ConcernSummary(Schema):
    """A concern without its words."""

    id = fields.UUID()
    group_id = fields.UUID()
    group_name = fields.String()
    author_id = fields.UUID(metadata={"description": "A membership."})
    author_name = fields.String(allow_none=True)
    kind = fields.String()
    wants = fields.String()
    state = fields.String(metadata={"description": "sent, received or handled"})
    sent_at = Timestamp()
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class Concern(Schema):
    """A concern. In the answer to a request that is repeated all is null but its id and version."""

    id = fields.UUID()
    group_id = fields.UUID(allow_none=True)
    author_id = fields.UUID(allow_none=True, metadata={"description": "A membership."})
    author_name = fields.String(allow_none=True)
    kind = fields.String(allow_none=True)
    wants = fields.String(allow_none=True)
    state = fields.String(allow_none=True)
    text = fields.String(allow_none=True)
    sent_at = Timestamp(allow_none=True)
    version = fields.Integer(metadata={"description": "Also in the ETag."})


SAID = ("group_id", "author_id", "author_name", "kind", "wants", "state", "text", "sent_at")
