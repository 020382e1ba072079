"""Matching runs and what they propose."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Flag, PageQuery, QueryFlag, Resource, Schema, Timestamp, Whole
from api.v1.jobs.schemas import JobError
from api.v1.matching_runs.clashes import Clash
from api.v1.matching_runs.options import RunOptions, RunOptionsGiven
from api.v1.recipes.schemas import RecipeAsked, RecipeWords

ARM = {"description": "Drawn by lot, from 1; null where the run draws none."}
FROM = {"description": "The group in which they are now, of those that the run goes on from."}
STRATUM = {"description": "Within which: attributes with their values as JSON."}


class MatchingRunCreate(RunOptions):
    """Which cohort to form groups of, and how."""

    example: ClassVar = {
        "cohort_id": "01922b6e-0000-7000-8000-000000000002",
        "recipe_id": "01922b6e-0000-7000-8000-000000000003",
        "seed": 1,
    }
    across: ClassVar = {
        "oneOf": [{"required": ["recipe_id"]}, {"required": ["recipe"]}],
        "dependentSchemas": {
            "recipe": {"properties": {"simulation": {"const": True}}, "required": ["simulation"]},
            "randomise": {
                "properties": {"simulation": {"const": False}},
                "not": {"required": ["arm"]},
            },
        },
    }
    cohort_id = fields.UUID(required=True)
    recipe_id = fields.UUID()
    recipe = fields.Nested(
        RecipeAsked, metadata={"description": "What to simulate, in place of a recipe that is kept."}
    )
    simulation = Flag(
        load_default=False,
        metadata={"description": "Only to see: it can never be accepted and is deleted after 7 days."},
    )
    seed = Whole(
        most=2**31, load_default=1, metadata={"description": "The same seed and pool give the same groups."}
    )


class RunTerm(Schema):
    """A term of the recipe over all groups."""

    attribute = fields.String()
    prefer = fields.String()
    weight = fields.Float()
    value = fields.Float(metadata={"description": "0 to 1, the mean over all members"})
    bound = fields.Float(
        allow_none=True,
        metadata={"description": "What this term could reach alone; null in pools above 5,000."},
    )
    missing = fields.Integer(
        metadata={"description": "People without a value; every pair with one of them counts as 0.5."}
    )


class LeftOut(Schema):
    """How many a run did not look at, by why."""

    not_asked = fields.Integer(metadata={"description": "Where matching asks for consent"})
    objected = fields.Integer()
    withdrawn = fields.Integer()


class Draw(Schema):
    """How arms were drawn, and from what: with the seed, whoever has the roster can draw them again."""

    algorithm = fields.String()
    input_sha256 = fields.String(
        metadata={
            "description": "Of the participants, their strata, who is kept together, the arms and the share, not of "
            "the seed; docs/matching.md says of which bytes."
        }
    )


class MatchingRun(Resource):
    """One attempt to form groups of a cohort."""

    cohort_id = fields.UUID()
    recipe_id = fields.UUID(
        allow_none=True, metadata={"description": "Null where a recipe that is not kept is simulated."}
    )
    simulation = fields.Boolean(metadata={"description": "It can never be accepted."})
    job_id = fields.UUID(metadata={"description": "The job to cancel."})
    state = fields.String(
        metadata={
            "description": "queued, running, failed or cancelled; then succeeded (all who start are placed), partial "
            "(some are left over, as the recipe allows) or infeasible (see clash)"
        }
    )
    progress = fields.Float(metadata={"description": "0 to 1"})
    seed = fields.Integer()
    options = fields.Nested(
        RunOptionsGiven, metadata={"description": "What the run was asked besides; only what was given."}
    )
    recipe = fields.Nested(RecipeWords, metadata={"description": "The recipe as it was at the start."})
    value = fields.Float(
        allow_none=True,
        metadata={
            "description": "What the groups are worth: the mean affinity of members and the weakest group's, weighed "
            "by the recipe's emphasis, less what rules with a price cost, per member. 1 at most; below 0 where they "
            "cost more than the groups are worth."
        },
    )
    bound = fields.Float(
        allow_none=True,
        metadata={"description": "No groups of these sizes that keep the rules are worth more."},
    )
    bound_by = fields.String(
        allow_none=True, metadata={"description": "What proved the bound: exhaustive, columns or star"}
    )
    gap = fields.Float(
        allow_none=True,
        metadata={"description": "(bound - value) / bound; above 1 where the value is below 0."},
    )
    stopped_by = fields.String(
        allow_none=True,
        metadata={"description": "proof (nothing is better), sweeps, time, or given (by an adjustment)"},
    )
    terms = fields.List(
        fields.Nested(RunTerm),
        allow_none=True,
        metadata={"description": "How each term of the recipe fared."},
    )
    clash = fields.Nested(
        Clash, allow_none=True, metadata={"description": "Why not everybody can be placed."}
    )
    moved_count = fields.Integer(
        allow_none=True,
        metadata={
            "description": "How many leave a group that the run goes on from; null where it keeps none."
        },
    )
    group_count = fields.Integer(allow_none=True)
    placed_count = fields.Integer(allow_none=True)
    unplaced_count = fields.Integer(
        allow_none=True, metadata={"description": "With those whom lots let start later."}
    )
    draw = fields.Nested(
        Draw, allow_none=True, metadata={"description": "Null before the end, and where no arms are drawn."}
    )
    left_out = fields.Nested(
        LeftOut,
        allow_none=True,
        metadata={
            "description": "Who would be in the pool if the basis of matching covered them; null before the end."
        },
    )
    reasons = fields.List(
        fields.String(), metadata={"description": "Why not everybody can be placed, in sentences."}
    )
    error = fields.Nested(JobError, allow_none=True)
    accepted_at = Timestamp(allow_none=True)


class MatchingRunQuery(PageQuery):
    """Which runs."""

    cohort_id = fields.UUID(load_default=None)
    simulation = QueryFlag(
        load_default=False, metadata={"description": "Simulations, which are else left out."}
    )


class GroupTerm(Schema):
    """A term of the recipe in one group."""

    attribute = fields.String()
    prefer = fields.String()
    weight = fields.Float()
    value = fields.Float(metadata={"description": "0 to 1, the mean over all pairs of members"})
    share_of_bound = fields.Float(
        allow_none=True, metadata={"description": "The value as a share of what the term could reach alone."}
    )
    said = fields.String(metadata={"description": "What members have in common or not."})


class ProposedMember(Schema):
    """Somebody in a proposed group."""

    participant_id = fields.UUID()
    external_id = fields.String()


class ProposedGroup(Schema):
    """A group that a run suggests."""

    id = fields.UUID()
    position = fields.Integer()
    group_id = fields.UUID(
        allow_none=True, metadata={"description": "The group that it goes on from; null for a new one."}
    )
    value = fields.Float(
        metadata={"description": "0 to 1, the mean over all pairs of members; what rules cost is in `owed`."}
    )
    owed = fields.Float(metadata={"description": "What the group costs by rules that have a price."})
    common_hours = fields.Float(
        allow_none=True, metadata={"description": "Hours that all are free in every week of the year."}
    )
    terms = fields.List(fields.Nested(GroupTerm))
    members = fields.List(fields.Nested(ProposedMember))


class ForMember(Schema):
    """What the member may be told: nobody outside the group, no separation, nothing sensitive."""

    affinity = fields.Float(
        allow_none=True, metadata={"description": "Null in no group, or where nothing may be told."}
    )
    said = fields.List(fields.String())


class UnplacedParticipant(ProposedMember):
    """Somebody whom a run places nowhere, and why."""

    code = fields.String(
        metadata={
            "description": "The rule that most closes groups to them, size (no group has room), randomised (drawn by "
            "lot to start later) or left_over_by_hand (by an adjustment)"
        }
    )
    reason = fields.String()
    for_member = fields.Nested(
        ForMember, allow_none=True, metadata={"description": "Null of runs before there was one."}
    )
    from_group_id = fields.UUID(allow_none=True, metadata=FROM)
    arm = fields.Integer(allow_none=True, metadata=ARM)
    stratum = fields.String(allow_none=True, metadata=STRATUM)


class MemberTerm(Schema):
    """A term of the recipe, between one member and the partners."""

    attribute = fields.String()
    value = fields.Float()


class Alternative(Schema):
    """The best other place that keeps all rules."""

    position = fields.Integer(metadata={"description": "Of the group"})
    in_exchange_with = fields.String(
        allow_none=True, metadata={"description": "External id; null where the group has room."}
    )
    cost = fields.Float(metadata={"description": "What the run's value would lose."})


class Placement(ProposedMember):
    """Why a member is in the group."""

    position = fields.Integer(metadata={"description": "Of the group"})
    affinity = fields.Float(metadata={"description": "0 to 1, the mean score with the partners"})
    terms = fields.List(fields.Nested(MemberTerm))
    alternative = fields.Nested(Alternative, allow_none=True)
    for_member = fields.Nested(ForMember)
    from_group_id = fields.UUID(allow_none=True, metadata=FROM)
    arm = fields.Integer(allow_none=True, metadata=ARM)
    stratum = fields.String(allow_none=True, metadata=STRATUM)


class Acceptance(Schema):
    """The groups that now exist."""

    matching_run_id = fields.UUID()
    accepted_at = Timestamp()
    group_count = fields.Integer()
    member_count = fields.Integer(
        metadata={
            "description": "Members who are let in at once: those of the new groups, and of groups that go on with "
            "nobody who could let them in."
        }
    )
