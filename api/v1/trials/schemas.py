"""Trials of a randomised start."""

from marshmallow import fields, validate

from api.fields import Choice, Day, QueryNumber, QueryWhole, Schema
from tenants.reporting.trials import OUTCOMES


def _between(low: float, high: float) -> validate.Range:
    return validate.Range(min=low, max=high)


class DetectableEffectQuery(Schema):
    """How people would be drawn, and what is to be found."""

    share = QueryNumber(
        load_default=0.5, validate=_between(0.05, 0.95), metadata={"description": "Who would start now."}
    )
    group_size = QueryWhole(load_default=6, validate=validate.Range(min=1, max=50))
    icc = QueryNumber(
        load_default=0.1,
        validate=_between(0, 0.99),
        metadata={
            "description": "The intraclass correlation: how alike people of one group are expected to come out."
        },
    )
    alpha = QueryNumber(
        load_default=0.05,
        validate=_between(0.001, 0.2),
        metadata={"description": "The chance of a false alarm, two-sided."},
    )
    power = QueryNumber(
        load_default=0.8,
        validate=_between(0.5, 0.99),
        metadata={"description": "The chance that the effect is found."},
    )
    base_share = QueryNumber(
        load_default=None,
        validate=_between(0.001, 0.999),
        metadata={"description": "Of those who wait, who will reach an outcome that is a yes or no."},
    )


class Detectable(Schema):
    """The smallest effect that is found with the power asked for."""

    effect = fields.Float(metadata={"description": "In standard deviations of one person's outcome."})
    groups = fields.Integer()
    design_effect = fields.Float(
        metadata={"description": "How many people in groups tell as much as one alone."}
    )
    effective_treated = fields.Float(metadata={"description": "As many people alone would tell as much."})
    df = fields.Float(metadata={"description": "Degrees of freedom of the test"})


class DetectableEffect(Schema):
    """What a randomised start of those who could be placed now would find."""

    cohort_id = fields.UUID()
    treated = fields.Integer(metadata={"description": "Who would start now."})
    waiting = fields.Integer()
    detectable = fields.Nested(
        Detectable,
        allow_none=True,
        metadata={"description": "Null where there would be fewer than two groups or people who wait."},
    )
    share_needed = fields.Float(
        allow_none=True,
        metadata={
            "description": "Of those who start now, who would need to reach what base_share of the others do, for "
            "the difference to be found; null without it, and where it would be more than all."
        },
    )


class TrialResultsQuery(Schema):
    """Of what, and until when."""

    outcome = Choice(
        OUTCOMES,
        load_default="products",
        metadata={"description": "How many products somebody has a part in, or whether they won an award."},
    )
    as_of = Day(load_default=None, metadata={"description": "Not in the future; today (UTC) if absent."})


class Side(Schema):
    """People who were drawn to start now, or to wait."""

    people = fields.Integer()
    left_out = fields.Integer(
        metadata={"description": "Drawn, but not counted: the program's basis does not cover their outcomes."}
    )
    units = fields.Integer(metadata={"description": "Groups, and people who are in none."})
    mean = fields.Float(allow_none=True, metadata={"description": "Of the means of units"})


class TrialComparison(Schema):
    """Those who started less those who wait, by Welch's test of units."""

    difference = fields.Float()
    lower = fields.Float(metadata={"description": "Of the 95 % interval, as upper is"})
    upper = fields.Float()
    statistic = fields.Float()
    df = fields.Float()
    p = fields.Float()
    effect = fields.Float(
        allow_none=True,
        metadata={"description": "In standard deviations of those who wait; null where all are alike."},
    )


class LogRank(Schema):
    """Whether the time to a first award differs between those who started and those who wait, person by person."""

    statistic = fields.Float()
    df = fields.Integer()
    p = fields.Float(
        metadata={
            "description": "It takes people for independent, so that among people of groups it finds too much: go by "
            "comparison."
        }
    )
    observed = fields.List(fields.Integer(), metadata={"description": "Awards: who started, who waits."})
    expected = fields.List(fields.Float(), metadata={"description": "If they did not differ."})


class TrialResults(Schema):
    """How those who were drawn to start now fare by comparison with those who wait, as they were drawn."""

    matching_run_id = fields.UUID()
    outcome = fields.String(metadata={"enum": list(OUTCOMES)})
    from_on = Day(
        allow_none=True,
        metadata={
            "description": "The day of the draw: later days count. Null where nobody was drawn for good."
        },
    )
    until_on = Day(
        allow_none=True,
        metadata={
            "description": "The last day that counts: as_of, or when the next arm's start was accepted."
        },
    )
    treated = fields.Nested(Side)
    waiting = fields.Nested(Side)
    comparison = fields.Nested(
        TrialComparison,
        allow_none=True,
        metadata={"description": "Null with fewer than two units on a side, or where none differ."},
    )
    log_rank = fields.Nested(
        LogRank,
        allow_none=True,
        metadata={"description": "Of awards alone; null where nobody of these people won one."},
    )
