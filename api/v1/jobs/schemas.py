"""Background work."""

from marshmallow import fields

from api.fields import Resource, Schema, Timestamp


class JobError(Schema):
    """Why background work failed."""

    code = fields.String()
    message = fields.String()


class Job(Resource):
    """One piece of background work."""

    kind = fields.String()
    subject_id = fields.UUID(
        metadata={"description": "The import, run, report or batch of letters it works for."}
    )
    state = fields.String(metadata={"description": "queued, running, succeeded, failed or cancelled"})
    progress = fields.Float(metadata={"description": "0 to 1"})
    attempts = fields.Integer()
    error = fields.Nested(JobError, allow_none=True)
    started_at = Timestamp(allow_none=True)
    finished_at = Timestamp(allow_none=True)
