"""Opportunities."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Day, EditableResource, Link, PageQuery, Prose, QueryFlag, Schema, Text
from tenants.support.models import OPPORTUNITY_KINDS

_DEADLINE = {"description": "The last day to apply; null: none is set."}


class OpportunityCreate(Schema):
    """Something to put on the board."""

    example: ClassVar = {
        "kind": "supplement",
        "title": "Supplement for critical life events (invented)",
        "url": "https://funder.example/supplement",
        "deadline": "2027-05-01",
    }
    kind = Choice(OPPORTUNITY_KINDS, required=True)
    title = Text(most=300, required=True)
    text = Prose(most=5000, allow_none=True)
    url = Link(allow_none=True)
    deadline = Day(allow_none=True, metadata=_DEADLINE)
    program_id = fields.UUID(
        allow_none=True, metadata={"description": "null: for the people of all programs."}
    )


class OpportunityPatch(Schema):
    """What to change of it."""

    kind = Choice(OPPORTUNITY_KINDS)
    title = Text(most=300)
    text = Prose(most=5000, allow_none=True)
    url = Link(allow_none=True)
    deadline = Day(allow_none=True, metadata=_DEADLINE)


class Opportunity(EditableResource):
    """Something that people could apply for."""

    kind = fields.String()
    title = fields.String()
    text = fields.String(allow_none=True)
    url = fields.String(allow_none=True)
    deadline = fields.Date(allow_none=True, metadata=_DEADLINE)
    program_id = fields.UUID(allow_none=True)


class MyOpportunityQuery(PageQuery):
    """Which of them."""

    kind = Choice(OPPORTUNITY_KINDS, load_default=None)


class OpportunityQuery(MyOpportunityQuery):
    """Which of them."""

    open = QueryFlag(load_default=False, metadata={"description": "Only what can still be applied for."})
