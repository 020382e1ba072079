"""Checklists."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Flag, Schema, Text, Timestamp
from api.group_words import Sealed, SealedList, Whose
from tenants.support.models import CHECKLISTS


class ChecklistItem(Schema):
    """Something to have ready."""

    text = Text(most=300, required=True)
    done = Flag(load_default=False)


ITEMS = fields.List(fields.Nested(ChecklistItem), validate=validate.Length(min=1, max=100))


OF_ITEM = {"description": "The item of the group's agenda that brought it up."}


class ChecklistCreate(Schema):
    """A checklist from a template, or with items of one's own."""

    example: ClassVar = {"title": "Talk with my program officer", "template": "program_officer"}
    title = Text(most=300, required=True)
    template = Choice(CHECKLISTS)
    items = ITEMS
    agenda_item_id = fields.UUID(allow_none=True, metadata=OF_ITEM)


class ChecklistPatch(Schema):
    """What to change of it; items in place of those before."""

    title = Text(most=300)
    items = ITEMS


class Checklist(Schema):
    """What a member wants to have ready for a talk."""

    id = fields.UUID()
    author_id = Whose(metadata={"description": "A membership."})
    template = fields.String(allow_none=True)
    agenda_item_id = fields.UUID(allow_none=True, metadata=OF_ITEM)
    title = Sealed("checklist")
    items = SealedList("checklist", fields.Nested(ChecklistItem))
    written_at = Timestamp()
    version = fields.Integer(metadata={"description": "Also in the ETag."})
