"""Looking back together."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Flag, PageQuery, Prose, Schema, Timestamp, Whole
from api.group_words import Sealed, Whose
from tenants.groups.agreement_models import ENTRY_KINDS, PHASES
from tenants.groups.retrospectives import MOST_CHARACTERS, SHOWN_FROM

_TOLD = {"description": f"Once nobody rates any more, and from {SHOWN_FROM} who did."}


class RetrospectiveQuery(PageQuery):
    """Which of them."""

    phase = Choice(PHASES, load_default=None)


class Retrospective(Schema):
    """A look back of a group. Only its members read it."""

    id = fields.UUID()
    author_id = Whose(metadata={"description": "The membership of whoever opened it."})
    written_at = Timestamp()
    phase = fields.String(metadata={"description": "proposing, rating, agreeing, agreed"})
    phase_since = Timestamp()


class PhasePut(Schema):
    """The phase that follows."""

    phase = Choice(PHASES, required=True)


class EntryCreate(Schema):
    """Something to keep, to change or to stop."""

    example: ClassVar = {"kind": "keep", "text": "Beginning with what presses most."}
    kind = Choice(ENTRY_KINDS, required=True)
    text = Prose(most=MOST_CHARACTERS, required=True)


class MadeEntry(Schema):
    """An entry, without its words."""

    id = fields.UUID()
    author_id = Whose()
    written_at = Timestamp()
    kind = fields.String()


class Entry(MadeEntry):
    """Something that a member would keep, change or stop."""

    text = Sealed("retrospective_entry")
    agreed_at = Timestamp(allow_none=True)
    own_rating = fields.Integer(allow_none=True, metadata={"description": "One's own; nobody else reads it."})
    raters = fields.Integer(allow_none=True, metadata=_TOLD)
    band = fields.String(
        allow_none=True, metadata={"description": f"low, middle or high. {_TOLD['description']}"}
    )


class RatingPut(Schema):
    """How far one agrees."""

    rating = Whole(least=1, most=5, required=True)


class AgreementPut(Schema):
    """Whether the group agrees."""

    agreed = Flag(required=True)
