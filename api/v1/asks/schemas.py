"""Asks and offers."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, PageQuery, Prose, Schema, Text, Timestamp
from api.group_words import Sealed, Whose
from tenants.support.models import ASK_KINDS, ASK_STATES


class AskCreate(Schema):
    """Something to ask of one's group, or to offer it."""

    example: ClassVar = {"kind": "ask", "title": "Who has written a data sharing plan lately?"}
    kind = Choice(ASK_KINDS, required=True)
    title = Text(most=300, required=True)
    text = Prose(most=5000, allow_none=True)


class AskPatch(Schema):
    """What to change of it."""

    kind = Choice(ASK_KINDS)
    state = Choice(ASK_STATES)
    title = Text(most=300)
    text = Prose(most=5000, allow_none=True)


class Ask(Schema):
    """Something that a member asks or offers."""

    id = fields.UUID()
    author_id = Whose(metadata={"description": "A membership."})
    kind = fields.String()
    state = fields.String()
    title = Sealed("ask")
    text = Sealed("ask")
    written_at = Timestamp()
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class AskQuery(PageQuery):
    """Which of them."""

    kind = Choice(ASK_KINDS, load_default=None)
    state = Choice(ASK_STATES, load_default=None)
