"""Acts of support."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Day, PageQuery, Prose, Schema, Timestamp
from api.group_words import Sealed, Whose
from tenants.support.acts import ONE_WAY_FROM
from tenants.support.models import ACT_KINDS

MEMBER = {"description": "A membership."}


class ActCreate(Schema):
    """Something that was done for a member by another. One of the two is oneself."""

    example: ClassVar = {
        "kind": "review",
        "giver_id": "018f2b6e-0000-7000-8000-000000000001",
        "receiver_id": "018f2b6e-0000-7000-8000-000000000002",
        "happened_on": "2026-03-02",
    }
    kind = Choice(ACT_KINDS, required=True)
    giver_id = fields.UUID(required=True, metadata=MEMBER)
    receiver_id = fields.UUID(required=True, metadata=MEMBER)
    happened_on = Day(required=True)
    note = Prose(most=2000, allow_none=True)


class Act(Schema):
    """One member did something for another."""

    id = fields.UUID()
    author_id = Whose(metadata=MEMBER)
    kind = fields.String()
    giver_id = Whose(metadata=MEMBER)
    receiver_id = Whose(metadata=MEMBER)
    happened_on = fields.Date()
    note = Sealed("act")
    written_at = Timestamp()


class ActQuery(PageQuery):
    """Which of them."""

    member_id = fields.UUID(load_default=None, metadata={"description": "Gave or received it."})
    kind = Choice(ACT_KINDS, load_default=None)


COUNTS = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "By kind."})


class Balance(Schema):
    """What one gave and received oneself."""

    given = COUNTS
    received = COUNTS


class Reciprocity(Schema):
    """How the help in a group is spread. It names nobody."""

    acts = fields.Integer()
    only_giving = fields.Integer(
        metadata={"description": f"Members with {ONE_WAY_FROM} acts or more, in all of which they gave."}
    )
    only_receiving = fields.Integer(
        metadata={"description": f"Members with {ONE_WAY_FROM} acts or more, in all of which they received."}
    )
    inequality = fields.Float(
        allow_none=True,
        metadata={"description": "Gini coefficient of what each gave: 0 all the same, towards 1 one alone."},
    )
