"""Who comes into a group."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Flag, PageQuery, Schema, Timestamp, Whole
from api.group_words import Whose
from tenants.groups.coming import ADMISSION_STATES


class AdmissionCreate(Schema):
    """Who is proposed."""

    example: ClassVar = {"group_member_id": "0192f1c2-7a51-7cc0-8000-5d3c1b0a9e11"}
    group_member_id = fields.UUID(
        required=True, metadata={"description": "Of the roster: somebody whose admitted_at is null."}
    )


class AdmissionQuery(PageQuery):
    """Which of them."""

    state = Choice(ADMISSION_STATES, load_default=None)


class Admission(Schema):
    """Somebody who is or was proposed to a group. Only its members read it, and nobody what they answered."""

    id = fields.UUID()
    group_member_id = fields.UUID()
    name = fields.String(allow_none=True)
    proposer_id = Whose(metadata={"description": "A membership."})
    state = fields.String(
        metadata={
            "description": "open; admitted; refused; or ended, when she or all of the group's members are gone"
        }
    )
    opened_at = Timestamp()
    closes_at = Timestamp(metadata={"description": "Until then one can object."})
    decided_at = Timestamp(allow_none=True)
    answered = fields.Boolean(metadata={"description": "Whether you have, and not how."})


class AdmissionAnswer(Schema):
    """What one says to an admission. Nobody reads it, not even whoever wrote it."""

    objects = Flag(required=True, metadata={"description": "true: I object; false: I do not."})


class AdmissionSettings(Schema):
    """How a group lets people in."""

    objection_days = Whole(
        least=1, most=30, required=True, metadata={"description": "For how long its members can object."}
    )
