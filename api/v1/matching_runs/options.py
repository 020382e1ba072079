"""What a matching run can be asked besides its cohort and recipe."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Key, Number, Schema, Whole
from tenants.matching.randomising import MOST_ARMS
from tenants.matching.solver import DEFAULT_BUDGET


class Randomise(Schema):
    """Draw by lot, by the run's seed, who starts now (arm 1, whom the run places) and who later."""

    design = Choice(("waitlist", "staggered"), required=True)
    arms = Whole(least=2, most=MOST_ARMS, load_default=2, metadata={"description": "A waitlist has 2."})
    strata = fields.List(
        Key(),
        load_default=list,
        validate=validate.Length(max=5),
        metadata={
            "description": "Categorical, boolean or ordinal attributes within whose values, all together, the arms "
            "are balanced.",
            "uniqueItems": True,
        },
    )
    share = Number(
        validate=validate.Range(min=0, max=1, min_inclusive=False, max_inclusive=False),
        metadata={
            "description": "Of a waitlist, the share of people who start now; 0.5 unless you say otherwise."
        },
    )


class LaterStart(Schema):
    """Place those whom an accepted randomised run of the cohort drew into this arm, and nobody else."""

    matching_run_id = fields.UUID(required=True)
    arm = Whole(least=1, most=MOST_ARMS, required=True)


class RunOptions(Schema):
    """How a run goes about it."""

    sweeps = Whole(
        most=100_000,
        metadata={
            "description": "How long to search; time grows with it and with the number of people. "
            f"{DEFAULT_BUDGET:,} unless you say otherwise."
        },
    )
    time_limit = Number(
        validate=validate.Range(min=0, max=3600, min_inclusive=False),
        metadata={
            "description": "Seconds after which the best groups found by then are proposed; "
            "the same seed and pool then need not give the same groups."
        },
    )
    randomise = fields.Nested(Randomise)
    arm = fields.Nested(LaterStart)


class RunOptionsGiven(RunOptions):
    """The options that a run was given."""

    across: ClassVar = {"required": []}
