"""Surveys."""

from typing import Any, ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Day, Flag, Object, Resource, Schema, Timestamp, Whole
from api.v1.check_ins.schemas import Item
from tenants.outcomes.surveys.models import LABELS

_DAYS = {"description": "So many days before the last; those who have answered get no letter."}
_COUNTED = {"description": "null until the wave is counted, and for good where fewer than 11 answered."}
_BINS = {"description": "How many people are in each fifth of the range, from the lowest on."}


class SurveyWaveCreate(Schema):
    """When to ask a cohort."""

    example: ClassVar[dict[str, Any]] = {
        "instrument_id": "0197f3a0-0000-7000-8000-000000000001",
        "label": "baseline",
        "opens_on": "2026-09-01",
        "closes_on": "2026-09-21",
        "reminders": [7, 1],
    }
    instrument_id = fields.UUID(required=True)
    label = Choice(LABELS, required=True)
    opens_on = Day(required=True, metadata={"description": "In the cohort's time zone, as it begins."})
    closes_on = Day(required=True, metadata={"description": "The last day."})
    reminders = fields.List(Whole(most=365), validate=validate.Length(max=10), metadata=_DAYS)


class SurveyWave(Resource):
    """A time in which a cohort is asked."""

    cohort_id = fields.UUID()
    instrument_id = fields.UUID()
    label = fields.String()
    opens_at = Timestamp()
    closes_at = Timestamp()
    reminders = fields.List(fields.Integer(), metadata=_DAYS)
    counted_at = Timestamp(allow_none=True)
    invited = fields.Integer(
        allow_none=True, metadata={"description": "Who could answer and may be counted; null until counted."}
    )
    answered = fields.Integer(allow_none=True, metadata=_COUNTED)
    declined = fields.Integer(allow_none=True, metadata=_COUNTED)


class SurveyResult(Schema):
    """A scale in a wave. Mean and standard deviation follow from the bins."""

    id = fields.UUID()
    wave_id = fields.UUID()
    scale = fields.String(metadata={"description": "Its key in the instrument."})
    n = fields.Integer()
    low = fields.Float()
    high = fields.Float()
    bins = fields.List(fields.Integer(), metadata=_BINS)
    mean = fields.Float()
    sd = fields.Float()
    alpha = fields.Float(allow_none=True, metadata={"description": "Cronbach's, of complete answers."})
    icc1 = fields.Float(
        allow_none=True,
        metadata={"description": "The share of variance between groups, of what is about the group."},
    )
    rwg = fields.Float(allow_none=True, metadata={"description": "Mean agreement within groups."})
    published_at = Timestamp()


class SurveyChange(Schema):
    """How the same people's scores on a scale changed since the first wave. All figures follow from the bins."""

    id = fields.UUID()
    wave_id = fields.UUID()
    since_id = fields.UUID(metadata={"description": "The wave with which it is compared."})
    scale = fields.String()
    n = fields.Integer(metadata={"description": "Who answered both."})
    step = fields.Float(metadata={"description": "A sixth of the scale's range."})
    bins = fields.List(
        fields.Integer(),
        metadata={
            "description": "How many went down by two steps or more, by one, stayed, went up by one, by two or more."
        },
    )
    mean = fields.Float()
    mean_low = fields.Float(metadata={"description": "Of the 95 % interval."})
    mean_high = fields.Float()
    sd = fields.Float()
    effect = fields.Float(
        allow_none=True, metadata={"description": "The mean in standard deviations of the changes."}
    )
    effect_low = fields.Float(allow_none=True)
    effect_high = fields.Float(allow_none=True)
    published_at = Timestamp()


class Survey(Schema):
    """A survey that is open to one. All of its items are optional."""

    id = fields.UUID()
    cohort_id = fields.UUID()
    cohort_name = fields.String()
    label = fields.String()
    opens_at = Timestamp()
    closes_at = Timestamp()
    name = fields.String()
    version = fields.String()
    licence = fields.String()
    source = fields.String(allow_none=True)
    items = fields.List(fields.Nested(Item))
    state = fields.String(metadata={"description": "open, answered or declined"})


class SurveyResponsePut(Schema):
    """Answers by item, or that one declines."""

    declined = Flag()
    answers = Object(most=100, keys=fields.String(), values=fields.Raw())


class SurveyResponse(Schema):
    """What one answered. Nobody else reads it."""

    declined = fields.Boolean()
    answers = fields.Dict()
    answered_at = Timestamp()
