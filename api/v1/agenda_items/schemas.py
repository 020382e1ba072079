"""Agenda items, agendas, notes, questions."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Flag, PageQuery, Prose, Schema, Text, Timestamp, Whole
from api.group_words import Sealed, SealedList, Whose
from api.v1.actions.schemas import Action
from tenants.meetings.agenda_models import ITEM_KINDS, PROPOSED_KINDS, STATES

WORDS = "agenda_item_words"
_MEANT = {"description": "The meeting that it is meant for; null: the next."}
_TOPIC = {"description": "A key of the program's topics or the group's curriculum, or own words."}
_PROBLEM = {"description": "Only of a problem."}
_PRODUCT = {"description": "A product of one's own that came of it. Nothing at the product tells of it."}
_BUILDS_ON = {"description": "The number that you read; 0 if there is none."}
_MOST_MINUTES, _MOST_NUMBER = 600, 2**31 - 2


class AgendaItemCreate(Schema):
    """Something to talk about."""

    example: ClassVar = {"kind": "item", "title": "How do I tell my mentor?", "minutes_planned": 15}
    kind = Choice(PROPOSED_KINDS, load_default="item")
    title = Text(most=300, required=True)
    text = Prose(most=5000, allow_none=True)
    topic = Text(most=200, allow_none=True, metadata=_TOPIC)
    meeting_id = fields.UUID(allow_none=True, metadata=_MEANT)
    minutes_planned = Whole(least=1, most=_MOST_MINUTES, allow_none=True)
    product_id = fields.UUID(allow_none=True, metadata=_PRODUCT)
    stated = Prose(most=5000, allow_none=True, metadata=_PROBLEM)
    validated = Prose(most=5000, allow_none=True, metadata=_PROBLEM)
    options = fields.List(
        Text(most=500), validate=validate.Length(max=50), allow_none=True, metadata=_PROBLEM
    )


class AgendaItemPatch(Schema):
    """What to change: words if they are one's own, and where it stands."""

    title = Text(most=300)
    text = Prose(most=5000, allow_none=True)
    topic = Text(most=200, allow_none=True, metadata=_TOPIC)
    stated = Prose(most=5000, allow_none=True, metadata=_PROBLEM)
    validated = Prose(most=5000, allow_none=True, metadata=_PROBLEM)
    options = fields.List(
        Text(most=500), validate=validate.Length(max=50), allow_none=True, metadata=_PROBLEM
    )
    state = Choice(STATES)
    meeting_id = fields.UUID(allow_none=True, metadata=_MEANT)
    minutes_planned = Whole(least=1, most=_MOST_MINUTES, allow_none=True)
    minutes_used = Whole(least=0, most=_MOST_MINUTES, allow_none=True)
    product_id = fields.UUID(allow_none=True, metadata=_PRODUCT)


class AgendaItem(Schema):
    """Something that a group could talk about, or has."""

    id = fields.UUID()
    author_id = Whose(metadata={"description": "A membership; null of a question."})
    kind = fields.String(metadata={"description": f"{', '.join(ITEM_KINDS)}; a question names nobody."})
    title = Sealed(WORDS)
    text = Sealed(WORDS)
    topic = Sealed(WORDS, metadata=_TOPIC)
    stated = Sealed(WORDS, metadata=_PROBLEM)
    validated = Sealed(WORDS, metadata=_PROBLEM)
    options = SealedList(WORDS, fields.String(), metadata=_PROBLEM)
    meeting_id = fields.UUID(allow_none=True, metadata=_MEANT)
    late_meeting_id = fields.UUID(
        allow_none=True, metadata={"description": "The meeting whose agenda was frozen when this came."}
    )
    minutes_planned = fields.Integer(allow_none=True)
    minutes_used = fields.Integer(allow_none=True)
    state = fields.String(metadata={"description": "What is open goes on to the next meeting."})
    carried_over = fields.Integer(metadata={"description": "Meetings at which it could have been reached."})
    votes = fields.Integer(metadata={"description": "Who voted is told to nobody."})
    voted = fields.Boolean(metadata={"description": "Whether one did oneself."})
    action_ids = fields.List(fields.UUID(), metadata={"description": "What came of it."})
    product_id = fields.UUID(allow_none=True, metadata=_PRODUCT)
    written_at = Timestamp(allow_none=True, metadata={"description": "Null of a question."})
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class AgendaItemQuery(PageQuery):
    """Which of them."""

    meeting_id = fields.UUID(load_default=None)
    kind = Choice(ITEM_KINDS, load_default=None)
    state = Choice(STATES, load_default=None)


class AgendaPut(Schema):
    """What is talked about, in order; frozen, or not yet."""

    items = fields.List(fields.UUID(), required=True, validate=validate.Length(max=100))
    frozen = Flag(required=True)
    builds_on = Whole(required=True, most=_MOST_NUMBER, metadata=_BUILDS_ON)


class Agenda(Schema):
    """What a meeting is about."""

    meeting_id = fields.UUID()
    number = fields.Integer(metadata={"description": "Of the order; 0 while there is none."})
    frozen_at = Timestamp(allow_none=True)
    minutes = fields.Integer(metadata={"description": "How long the meeting is."})
    minutes_planned = fields.Integer(metadata={"description": "For items and late ones together."})
    actions = fields.List(fields.Nested(Action), metadata={"description": "What is still to be done."})
    items = fields.List(fields.Nested(AgendaItem), metadata={"description": "In the order that was made."})
    late = fields.List(fields.Nested(AgendaItem), metadata={"description": "What came after it was frozen."})
    proposals = fields.List(
        fields.Nested(AgendaItem),
        metadata={"description": "What else is open, first what was carried over."},
    )


class TalkShare(Schema):
    """How evenly what is talked about is the members'."""

    items = fields.Integer()
    members = fields.Integer()
    inequality = fields.Float(
        allow_none=True, metadata={"description": "Gini coefficient of items by member, 0 to 1."}
    )


class QuestionCreate(Schema):
    """A question that names nobody."""

    example: ClassVar = {"title": "What is an indirect cost, really?"}
    title = Text(most=300, required=True)
    text = Prose(most=5000, allow_none=True)


class NotesPut(Schema):
    """Notes in place of those that one has read."""

    text = Prose(most=20_000, required=True)
    builds_on = Whole(required=True, most=_MOST_NUMBER, metadata=_BUILDS_ON)


class Notes(Schema):
    """What a group noted of a meeting."""

    id = fields.UUID()
    author_id = Whose(metadata={"description": "A membership."})
    number = fields.Integer(metadata={"description": "Of the version."})
    text = Sealed("meeting_note")
    written_at = Timestamp()
