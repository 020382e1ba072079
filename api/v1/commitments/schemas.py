"""Promises of protected time."""

from marshmallow import fields

from api.fields import Choice, Day, EditableResource, Flag, Schema, Text, Whole
from tenants.support.care_models import KEPT


class CommitmentPut(Schema):
    """What was promised."""

    percent = Whole(most=100, required=True, metadata={"description": "Of her time."})
    from_on = Day(required=True)
    to_on = Day(load_default=None, allow_none=True)
    in_writing = Flag(required=True)
    promised_by = Text(most=200, required=True, metadata={"description": "By whom, as a role."})


class Commitment(EditableResource):
    """What was promised to a participant."""

    participant_id = fields.UUID()
    percent = fields.Integer()
    from_on = fields.Date()
    to_on = fields.Date(allow_none=True)
    in_writing = fields.Boolean()
    promised_by = fields.String()


class MyCommitment(Commitment):
    """What was promised to one."""

    cohort_name = fields.String()
    kept = fields.String(
        allow_none=True, metadata={"description": "yes, partly or no, as one said; nobody else reads it."}
    )


class KeptPut(Schema):
    """Whether it is kept."""

    kept = Choice(KEPT, required=True)


class Kept(Schema):
    """Whether it is kept, as one said."""

    kept = fields.String()
