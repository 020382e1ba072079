"""Reports of several institutions together."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Day, PageQuery, Resource, Schema, Text, Timestamp
from api.v1.reports.schemas import ReportCover, ReportCoverage, ReportDocument, ReportScope
from tenants.reporting.metrics.award_lists import CHOICES
from tenants.reporting.models import FORMATS, PLAIN
from tenants.reporting.pools.models import STATES

_METRICS = {"description": "Names of the dictionary's metrics; coverage is not pooled."}


class PooledReportCreate(Schema):
    """A report to order of several institutions together."""

    example: ClassVar = {
        "title": "All invented institutions",
        "sharing_agreement_ids": [f"01922b6e-0000-7000-8000-00000000000{place}" for place in range(4, 7)],
        "metrics": ["reach", "products"],
    }
    title = Text(most=200, required=True)
    sharing_agreement_ids = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(min=3, max=500),
        metadata={
            "description": "Your signed agreements, as the funder, that let what is reported be pooled: of at least "
            "three institutions, and of one name by which people agree to be shared with you."
        },
    )
    as_of = Day(metadata={"description": "Not in the future; today (UTC) if absent."})
    formats = fields.List(
        Choice(FORMATS), load_default=PLAIN, validate=validate.Length(min=1, max=len(FORMATS))
    )
    metrics = fields.List(
        Text(most=100),
        validate=validate.Length(min=1, max=100),
        metadata={"description": "All that each of the agreements has, but coverage, if absent."},
    )
    award_list = Choice(
        CHOICES,
        metadata={
            "description": "By which all of them count major awards; if absent, by the first of the lists or, once a "
            "pool was made for this name of yours, by that one's. No other can be chosen then. Whose own reports count "
            "by another takes no part."
        },
    )


class PooledReportQuery(PageQuery):
    """Which pooled reports."""

    state = Choice(STATES, load_default=None)


class PooledReport(Resource):
    """A report of several institutions together, and how far it is."""

    title = fields.String()
    funder = fields.String()
    as_of = Day()
    formats = fields.List(fields.String(metadata={"enum": list(FORMATS)}))
    metrics = fields.List(fields.String(), metadata=_METRICS)
    award_list = fields.String(
        metadata={"enum": list(CHOICES), "description": "By which major awards are counted."}
    )
    state = fields.String(
        metadata={
            "enum": list(STATES),
            "description": "refused: fewer than three institutions contributed, or no table that all of them have, or "
            "another was made meanwhile by another list of major awards; nothing is told.",
        }
    )
    sources = fields.Integer(metadata={"description": "How many institutions are asked."})
    contributed = fields.Integer(metadata={"description": "How many of them have contributed."})
    declined = fields.Integer(metadata={"description": "How many of them take no part."})
    coverage = fields.Nested(ReportCoverage, allow_none=True)
    built_at = Timestamp(allow_none=True)


class PooledSource(Schema):
    """One of the institutions that contributed."""

    institution = fields.String()
    declared = fields.Boolean(
        metadata={
            "description": "It runs no program here: it told the numbers itself, and nobody counted them."
        }
    )
    counted = fields.Integer(allow_none=True, metadata={"description": "People; null: not shown."})


class PooledCover(ReportCover):
    """What a reader should know first."""

    sources = fields.List(fields.Nested(PooledSource))


class PooledScope(ReportScope):
    """Whom it is about: no program in particular."""

    program_id = fields.UUID(allow_none=True)


class PooledReportDocument(ReportDocument):
    """A pooled report's JSON file: of products, those of several institutions count once."""

    scope = fields.Nested(PooledScope)
    cover = fields.Nested(PooledCover)
