"""Other mentors."""

from marshmallow import fields, validate

from api.fields import Choice, Day, Schema, Text
from tenants.support.care_models import MENTOR_MEETS, MENTOR_ROLES


class Mentor(Schema):
    """Somebody who mentors one."""

    role = Choice(MENTOR_ROLES, required=True)
    meets = Choice(MENTOR_MEETS, required=True)
    since = Day(load_default=None, allow_none=True)
    name = Text(most=200, load_default=None, allow_none=True)


class MyMentorsPut(Schema):
    """All of them."""

    mentors = fields.List(fields.Nested(Mentor), required=True, validate=validate.Length(max=20))


class KnownMentor(Schema):
    """Somebody who mentors one, as one said it."""

    role = fields.String()
    meets = fields.String()
    since = fields.String(allow_none=True)
    name = fields.String(allow_none=True)


class MyMentors(Schema):
    """The other mentors whom one has."""

    mentors = fields.List(fields.Nested(KnownMentor))
    warning = fields.String(allow_none=True, metadata={"description": "A sentence where one has none."})


class PooledAnswer(Schema):
    """How large a share of those who answered said something."""

    id = fields.UUID()
    question = fields.String(
        metadata={
            "description": "no_mentors: have no other mentor; promise_not_kept: of a sponsor's promise."
        }
    )
    quarter = fields.Date(metadata={"description": "Its first day."})
    band = fields.String(
        allow_none=True,
        metadata={
            "description": "under_a_quarter, quarter_to_half or more; null: too few to tell, or too few changed."
        },
    )
