"""What a run's rules cost, and what plain ways to form groups reach."""

from marshmallow import fields

from api.fields import Resource, Schema
from api.v1.jobs.schemas import JobError


class RulePrice(Schema):
    """What one rule costs."""

    rule = fields.Integer(
        allow_none=True,
        metadata={"description": "Place in the recipe's rules; null for groups to keep and separations."},
    )
    name = fields.String()
    said = fields.String()
    value = fields.Float(
        metadata={
            "description": "What was reached without the rule, all else the same; as a run's it can be below 0."
        }
    )
    placed = fields.Integer(metadata={"description": "How many people were placed without it."})
    cost = fields.Float(
        allow_none=True,
        metadata={
            "description": "How much more than with it, as far as the search could tell; null where another number "
            "of people is placed."
        },
    )


class Baseline(Schema):
    """What a plain way to form groups reached."""

    name = fields.String(
        metadata={"description": "random, greedy, or swap (exchanges of two as long as one helps)"}
    )
    value = fields.Float(
        allow_none=True, metadata={"description": "Null where it found no groups that keep the rules."}
    )


class Analysis(Resource):
    """What the rules cost, and what would have come out plainly."""

    matching_run_id = fields.UUID()
    job_id = fields.UUID()
    state = fields.String(metadata={"description": "queued, running, succeeded, failed or cancelled"})
    progress = fields.Float(metadata={"description": "0 to 1"})
    error = fields.Nested(JobError, allow_none=True)
    value = fields.Float(allow_none=True, metadata={"description": "Of the groups that the run proposes."})
    seconds = fields.Float(
        allow_none=True, metadata={"description": "That the search took, and each of the plain ways."}
    )
    rule_prices = fields.List(fields.Nested(RulePrice), allow_none=True)
    baselines = fields.List(
        fields.Nested(Baseline), allow_none=True, metadata={"description": "None where groups are kept."}
    )
