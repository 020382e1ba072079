"""Actions."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Day, PageQuery, Prose, Schema, Timestamp
from api.group_words import Sealed, Whose
from tenants.meetings.agenda_models import STATES

WORDS = "group_action_words"
_OWNER = {"description": "A membership: who does it; oneself unless you say."}
_PRODUCT = {"description": "A product of one's own that came of it. Nothing at the product tells of it."}


class ActionCreate(Schema):
    """Something that a member takes on."""

    example: ClassVar = {"text": "Send the draft of the aims around", "due_on": "2027-03-01"}
    text = Prose(most=2000, required=True)
    owner_id = fields.UUID(metadata=_OWNER)
    due_on = Day(allow_none=True)
    agenda_item_id = fields.UUID(allow_none=True, metadata={"description": "What it came of."})
    product_id = fields.UUID(allow_none=True, metadata=_PRODUCT)


class ActionPatch(Schema):
    """What to change: its words if they are one's own, and where it stands."""

    text = Prose(most=2000)
    owner_id = fields.UUID(metadata=_OWNER)
    due_on = Day(allow_none=True)
    agenda_item_id = fields.UUID(allow_none=True)
    state = Choice(STATES)
    product_id = fields.UUID(allow_none=True, metadata=_PRODUCT)


class Action(Schema):
    """What a member took on."""

    id = fields.UUID()
    author_id = Whose(metadata={"description": "A membership: who wrote it down."})
    owner_id = Whose(metadata={"description": "A membership: who does it."})
    text = Sealed(WORDS)
    due_on = fields.Date(allow_none=True)
    agenda_item_id = fields.UUID(allow_none=True)
    state = fields.String()
    product_id = fields.UUID(allow_none=True, metadata=_PRODUCT)
    written_at = Timestamp()
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class MyAction(Action):
    """What one took on, in any group."""

    group_id = fields.UUID()


class ActionQuery(PageQuery):
    """Which of them."""

    state = Choice(STATES, load_default=None)
    owner_id = fields.UUID(load_default=None)


class MyActionQuery(PageQuery):
    """Which of them."""

    state = Choice(STATES, load_default=None)
