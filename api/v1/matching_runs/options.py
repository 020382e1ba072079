"""What a matching run can be asked besides its cohort and recipe."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Key, Number, Schema, Whole
from tenants.matching.randomising import MOST_ARMS
from tenants.matching.solver import DEFAULT_BUDGET
from tenants.matching.solver.validation import MOST_EXPENSIVE


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


class Draw(Schema):
    """How arms were drawn, and from what: with the seed, whoever has the roster can draw them again."""

    algorithm = fields.String()
    input_sha256 = fields.String(
        metadata={
            "description": "Of the participants, their strata, who is kept together, the arms and the share, not of "
            "the seed; docs/matching.md says of which bytes."
        }
    )


class LaterStart(Schema):
    """Place those whom an accepted randomised run of the cohort drew into this arm, and nobody else."""

    matching_run_id = fields.UUID(required=True)
    arm = Whole(least=1, most=MOST_ARMS, required=True)


class KeepGroups(Schema):
    """Go on from groups that exist: as few people as possible move, or at a price; newcomers join."""

    max_moves = Whole(most=100_000, metadata={"description": "How many people may change groups at most."})
    price = Number(
        validate=validate.Range(min=0, max=MOST_EXPENSIVE),
        metadata={
            "description": "What each who changes groups costs, in units of one member's affinity: good groups "
            "stay, poor ones are formed anew. Without it as few as possible change, whatever the value."
        },
    )
    group_ids = fields.List(
        fields.UUID(),
        validate=validate.Length(max=500),
        metadata={
            "description": "The groups to go on from, one at least; without this field all of the cohort that have "
            "neither ended nor paused."
        },
    )


class Move(Schema):
    """Where a participant is to be."""

    participant_id = fields.UUID(required=True)
    position = Whole(
        least=1,
        most=100_000,
        required=True,
        allow_none=True,
        metadata={
            "description": "Of a proposed group; one more than there are for a new one; null for none."
        },
    )


class Adjustment(Schema):
    """Whom to move in a proposal, and whom to lock while the others are placed anew."""

    moves = fields.List(fields.Nested(Move), load_default=list, validate=validate.Length(max=500))
    locked = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=5000),
        metadata={
            "description": "These stay where they are after the moves, and all others are placed anew. Without "
            "any the groups are as they are after the moves."
        },
    )


class AdjustmentCreate(Adjustment):
    """An adjustment to try."""

    example: ClassVar = {
        "moves": [
            {"participant_id": "01922b6e-0000-7000-8000-000000000004", "position": 2},
            {"participant_id": "01922b6e-0000-7000-8000-000000000005", "position": 1},
        ]
    }


class Adjust(Adjustment):
    """The run that this one adjusts, and how."""

    matching_run_id = fields.UUID()


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
    keep_groups = fields.Nested(
        KeepGroups,
        metadata={"description": "Go on from the cohort's groups: repair them, and let newcomers join."},
    )


class RunOptionsGiven(RunOptions):
    """The options that a run was given."""

    across: ClassVar = {"required": []}
    adjust = fields.Nested(Adjust)
