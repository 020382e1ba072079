"""Matching runs and what they propose."""

from typing import ClassVar

from marshmallow import fields

from api.fields import PageQuery, Resource, Schema, Timestamp, Whole
from api.v1.jobs.schemas import JobError
from api.v1.recipes.schemas import RecipeWords


class MatchingRunCreate(Schema):
    """Which cohort to form groups of, and how."""

    example: ClassVar = {
        "cohort_id": "01922b6e-0000-7000-8000-000000000002",
        "recipe_id": "01922b6e-0000-7000-8000-000000000003",
        "seed": 1,
    }
    cohort_id = fields.UUID(required=True)
    recipe_id = fields.UUID(required=True)
    seed = Whole(
        most=2**31, load_default=1, metadata={"description": "The same seed and pool give the same groups."}
    )


class MatchingRun(Resource):
    """One attempt to form groups of a cohort."""

    cohort_id = fields.UUID()
    recipe_id = fields.UUID()
    job_id = fields.UUID(metadata={"description": "The job to cancel."})
    state = fields.String(
        metadata={"description": "queued, running, succeeded, infeasible, failed or cancelled"}
    )
    progress = fields.Float(metadata={"description": "0 to 1"})
    seed = fields.Integer()
    recipe = fields.Nested(RecipeWords, metadata={"description": "The recipe as it was at the start."})
    score = fields.Float(allow_none=True, metadata={"description": "0 to 1"})
    group_count = fields.Integer(allow_none=True)
    placed_count = fields.Integer(allow_none=True)
    unplaced_count = fields.Integer(allow_none=True)
    reasons = fields.List(
        fields.String(), metadata={"description": "Why no groups can be formed, if infeasible."}
    )
    error = fields.Nested(JobError, allow_none=True)
    accepted_at = Timestamp(allow_none=True)


class MatchingRunQuery(PageQuery):
    """Which runs."""

    cohort_id = fields.UUID(load_default=None)


class Contribution(Schema):
    """How well a group does by one term of the recipe."""

    attribute = fields.String()
    prefer = fields.String()
    weight = fields.Float()
    value = fields.Float(metadata={"description": "0 to 1, the mean over all pairs of members"})


class ProposedMember(Schema):
    """Somebody in a proposed group."""

    participant_id = fields.UUID()
    external_id = fields.String()


class ProposedGroup(Schema):
    """A group that a run suggests."""

    id = fields.UUID()
    position = fields.Integer()
    score = fields.Float(metadata={"description": "0 to 1"})
    contributions = fields.List(fields.Nested(Contribution))
    members = fields.List(fields.Nested(ProposedMember))


class UnplacedParticipant(ProposedMember):
    """Somebody whom a run places nowhere, and why."""

    code = fields.String()
    reason = fields.String()


class Acceptance(Schema):
    """The groups that now exist."""

    matching_run_id = fields.UUID()
    accepted_at = Timestamp()
    group_count = fields.Integer()
    member_count = fields.Integer()
