"""Reports."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Day, PageQuery, Resource, Schema, Text
from api.v1.jobs.schemas import JobError
from tenants.kernel.jobs import STATES
from tenants.reporting.models import AUDIENCES, FORMATS, PLAIN


class ReportCreate(Schema):
    """A report to build, on one cohort or on a whole program."""

    example: ClassVar = {
        "cohort_id": "01922b6e-0000-7000-8000-000000000002",
        "audience": "funder",
        "funder": "Invented Foundation",
        "formats": ["json", "csv"],
    }
    across: ClassVar = {
        "oneOf": [{"required": ["cohort_id"]}, {"required": ["program_id"]}],
        "if": {"properties": {"audience": {"const": "funder"}}},
        "then": {"required": ["funder"]},
        "else": {"not": {"required": ["funder"]}},
    }
    cohort_id = fields.UUID(metadata={"description": "Either this or program_id."})
    program_id = fields.UUID()
    audience = Choice(
        AUDIENCES,
        required=True,
        metadata={"description": "internal shows every number; funder and public hide small ones."},
    )
    funder = Text(
        most=200,
        metadata={
            "description": "Required of a report for a funder: one of the program's, by name. It is about those alone "
            "who agreed to be shared with it."
        },
    )
    as_of = Day(metadata={"description": "Not in the future; today (UTC) if absent."})
    formats = fields.List(
        Choice(FORMATS), load_default=PLAIN, validate=validate.Length(min=1, max=len(FORMATS))
    )


class Report(Resource):
    """A report, and how far it is."""

    cohort_id = fields.UUID(allow_none=True)
    program_id = fields.UUID()
    job_id = fields.UUID(metadata={"description": "The job to cancel."})
    audience = fields.String(metadata={"enum": list(AUDIENCES)})
    funder = fields.String(allow_none=True)
    as_of = Day()
    formats = fields.List(fields.String(metadata={"enum": list(FORMATS)}))
    state = fields.String(metadata={"enum": list(STATES)})
    progress = fields.Float(metadata={"description": "0 to 1"})
    error = fields.Nested(JobError, allow_none=True)


class ReportQuery(PageQuery):
    """Which reports."""

    cohort_id = fields.UUID(load_default=None)
    program_id = fields.UUID(load_default=None)


class ReportScope(Schema):
    """Whom a report is about."""

    program_id = fields.UUID()
    program = fields.String()
    cohort_id = fields.UUID(allow_none=True)
    cohort = fields.String(allow_none=True)


class MetricDefinition(Schema):
    """How a metric is counted."""

    id = fields.String()
    version = fields.Integer()
    title = fields.String()
    text = fields.String()


class ReportDocument(Schema):
    """A report's JSON file. Numbers of people, groups or events stand under count, n, at_risk and events."""

    report_id = fields.UUID()
    audience = fields.String()
    funder = fields.String(allow_none=True)
    as_of = Day()
    scope = fields.Nested(ReportScope)
    definitions = fields.List(fields.Nested(MetricDefinition))
    metrics = fields.Dict(
        keys=fields.String(), values=fields.Dict(), metadata={"description": "Tables by metric id."}
    )
    notes = fields.List(fields.String())
