"""Reports that other tenants sent."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Day, PageQuery, Prose, Resource, Schema
from api.v1.releases.schemas import CORRECTED
from api.v1.reports.schemas import ReportCoverage
from tenants.reporting.models import FORMATS
from tenants.reporting.received import STATES


class ReceivedReportQuery(PageQuery):
    """Which of them."""

    state = Choice(STATES, load_default=None)


class ReceivedReport(Resource):
    """A report that an institution sent under an agreement."""

    sharing_agreement_id = fields.UUID()
    from_name = fields.String()
    title = fields.String()
    funder = fields.String()
    as_of = Day()
    due_on = Day(allow_none=True)
    coverage = fields.Nested(ReportCoverage)
    nil = fields.Boolean(metadata={"description": "Whether every number in it is 0."})
    supersedes_id = fields.UUID(allow_none=True)
    corrected_cells = fields.Integer(metadata=CORRECTED)
    approved_by = fields.String(allow_none=True, metadata={"description": "By name; null: by a client."})
    formats = fields.List(fields.String(metadata={"enum": list(FORMATS)}))
    state = fields.String(metadata={"enum": list(STATES)})


class ReportAcceptance(Schema):
    """What to say with it."""

    example: ClassVar = {"comment": "Received with thanks."}
    comment = Prose(most=2000, allow_none=True)


class ReportReturn(Schema):
    """Why it is returned."""

    example: ClassVar = {"comment": "The number of groups is not the one of last year's report."}
    comment = Prose(most=2000, required=True)
