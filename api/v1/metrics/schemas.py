"""Metrics."""

from marshmallow import fields

from api.fields import Choice, Schema
from tenants.reporting.metrics.award_lists import CHOICES


class MetricQuery(Schema):
    """Of which reports."""

    award_list = Choice(
        CHOICES,
        load_default=None,
        metadata={"description": "By which major awards are counted; if absent, by the first."},
    )


class Metric(Schema):
    """How a metric is counted. A change of how, or of the words, is a new version."""

    id = fields.String(metadata={"description": "Name and version, such as reach.v3."})
    name = fields.String()
    version = fields.Integer()
    title = fields.String()
    text = fields.String(metadata={"description": "The formula, in words."})
    inputs = fields.List(fields.String())
    caveats = fields.List(fields.String())


class MetricDictionary(Schema):
    """Every metric that reports are made of, in their order."""

    items = fields.List(fields.Nested(Metric))
