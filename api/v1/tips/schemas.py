"""Tips, and the digest."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Day, Flag, PageQuery, Prose, QueryFlag, Schema, Text, Timestamp
from api.group_words import Sealed, Whose
from tenants.support.models import TIP_KINDS

_MENTOR = {"description": "Who told it; only for second_hand, and with mentor_agreed."}
_REVIEW = {"description": "When to look at it again; a year later unless you say otherwise."}
_AS_OF = {"description": "The day of which it holds."}


class TipCreate(Schema):
    """Something to tell one's group."""

    example: ClassVar = {
        "kind": "own",
        "title": "Effort may go down to half in the last two years of this award",
        "valid_as_of": "2026-03-01",
        "source": "Invented notice 26-000",
    }
    kind = Choice(TIP_KINDS, required=True)
    title = Text(most=300, required=True)
    text = Prose(most=5000, allow_none=True)
    source = Text(most=500, allow_none=True)
    institute = Text(most=100, allow_none=True)
    valid_as_of = Day(required=True, metadata=_AS_OF)
    review_on = Day(metadata=_REVIEW)
    mentor = Text(most=200, allow_none=True, metadata=_MENTOR)
    mentor_agreed = Flag(metadata={"description": "He agreed to be named to this group."})


class TipPatch(Schema):
    """What to change of it."""

    kind = Choice(TIP_KINDS)
    title = Text(most=300)
    text = Prose(most=5000, allow_none=True)
    source = Text(most=500, allow_none=True)
    institute = Text(most=100, allow_none=True)
    valid_as_of = Day(metadata=_AS_OF)
    review_on = Day(metadata=_REVIEW)
    mentor = Text(most=200, allow_none=True, metadata=_MENTOR)
    mentor_agreed = Flag(metadata={"description": "He agreed to be named to this group."})


class Tip(Schema):
    """Something that a member knows, as of a day."""

    id = fields.UUID()
    author_id = Whose(metadata={"description": "A membership."})
    kind = fields.String()
    title = Sealed("tip")
    text = Sealed("tip")
    source = Sealed("tip")
    mentor = Sealed("tip")
    institute = Sealed("tip")
    valid_as_of = fields.Date()
    review_on = fields.Date()
    stale = fields.Boolean(
        metadata={"description": "review_on has come, or a member flagged it since it was changed."}
    )
    shared = fields.Boolean(metadata={"description": "It is in the digest of the cohort."})
    written_at = Timestamp()
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class TipQuery(PageQuery):
    """Which of them."""

    stale = QueryFlag(load_default=None)
    kind = Choice(TIP_KINDS, load_default=None)


class DigestQuery(PageQuery):
    """Which of it."""

    institute = Text(most=100, load_default=None, metadata={"description": "Just as its author wrote it."})


class DigestItem(Schema):
    """What somebody of some group lets the others read."""

    id = fields.UUID()
    cohort_id = fields.UUID()
    title = fields.String()
    text = fields.String(allow_none=True)
    source = fields.String(allow_none=True)
    institute = fields.String(allow_none=True)
    valid_as_of = fields.Date()
    shared_on = fields.Date()
