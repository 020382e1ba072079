"""Reports."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Day, PageQuery, Resource, Schema, Text
from api.v1.jobs.schemas import JobError
from api.v1.metrics.schemas import Metric
from tenants.kernel.jobs import STATES
from tenants.reporting.metrics.award_lists import CHOICES
from tenants.reporting.models import AUDIENCES, FORMATS, PLAIN

AWARD_LIST = {
    "description": "By which major awards are counted; if absent, by the first of the lists or, of what leaves the "
    "tenant, by the one by which a report on the program left before. Of what leaves no other can be chosen then."
}


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
    award_list = Choice(CHOICES, metadata=AWARD_LIST)


class Report(Resource):
    """A report, and how far it is."""

    cohort_id = fields.UUID(allow_none=True)
    program_id = fields.UUID()
    job_id = fields.UUID(metadata={"description": "The job to cancel."})
    audience = fields.String(metadata={"enum": list(AUDIENCES)})
    funder = fields.String(allow_none=True)
    as_of = Day()
    award_list = fields.String(
        allow_none=True, metadata={"enum": [*CHOICES, None], "description": "null: the first of the lists."}
    )
    formats = fields.List(fields.String(metadata={"enum": list(FORMATS)}))
    pooled_for = fields.String(
        allow_none=True,
        metadata={
            "description": "The tenant for whose pooled report this was counted and sealed; it has no files of its own."
        },
    )
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


class ReportPeriod(Schema):
    """What time a report is about."""

    since = Day(allow_none=True)
    until = Day()


class ReportCoverage(Schema):
    """How many people a report counts, of how many."""

    counted = fields.Integer(allow_none=True)
    eligible = fields.Integer(allow_none=True)
    text = fields.String()


class ReportApproval(Schema):
    """Who approved a report that was sent, and when."""

    name = fields.String()
    at = Day()


class ReportCorrection(Schema):
    """A release that corrected another since the internal report before."""

    addressee = fields.String(allow_none=True, metadata={"description": "null: the public."})
    as_of = Day()
    sent_on = Day()
    cells = fields.Integer(metadata={"description": "How many numbers say something else."})


class ReportCover(Schema):
    """What a reader should know first."""

    institution = fields.String()
    title = fields.String()
    period = fields.Nested(ReportPeriod)
    as_of = Day()
    fiscal_year = fields.String(metadata={"description": "Whose fiscal year, in words."})
    definitions = fields.List(fields.String(), metadata={"description": "The metrics' ids, with versions."})
    approved_by = fields.Nested(
        ReportApproval, allow_none=True, metadata={"description": "null until a release is approved."}
    )
    corrections = fields.List(
        fields.Nested(ReportCorrection), metadata={"description": "Of an internal report; else empty."}
    )
    coverage = fields.Nested(ReportCoverage)
    suppression = fields.String(metadata={"description": "What is not shown, and why."})


class ReportCell(Schema):
    """One number of a table."""

    at = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "A code by dimension; one that is not named is summed over."},
    )
    value = fields.Integer(allow_none=True, metadata={"description": "null: not shown, for whatever reason."})
    as_of = Day(allow_none=True)
    frozen = fields.Boolean(metadata={"description": "It stands at the last value shown, of as_of."})


class ReportCode(Schema):
    """One part of a dimension."""

    code = fields.String()
    label = fields.String()
    above = fields.String(allow_none=True, metadata={"description": "The part that it is a part of."})


class ReportDimension(Schema):
    """What a table is broken down by."""

    name = fields.String()
    title = fields.String()
    total = fields.Boolean()
    codes = fields.List(fields.Nested(ReportCode))


class ReportTable(Schema):
    """Counts of disjoint people or things."""

    name = fields.String()
    title = fields.String()
    unit = fields.String()
    dimensions = fields.List(fields.Nested(ReportDimension))
    cells = fields.List(fields.Nested(ReportCell))


class ReportSection(Schema):
    """What one metric has to show."""

    id = fields.String()
    title = fields.String()
    definition = fields.String()
    tables = fields.List(fields.Nested(ReportTable))
    figures = fields.List(fields.Dict(), metadata={"description": "Computed from the tables' numbers shown."})
    notes = fields.List(fields.String())


class ReportInputs(Schema):
    """What a report was computed from."""

    sha256 = fields.String(
        metadata={
            "description": "Inside the tenant equal where the very same rows were counted. Of a report that leaves: of "
            "its id, a colon and the snapshot's digest."
        }
    )


class ReportDocument(Schema):
    """A report's JSON file."""

    report_id = fields.UUID()
    audience = fields.String()
    funder = fields.String(allow_none=True)
    as_of = Day()
    scope = fields.Nested(ReportScope)
    cover = fields.Nested(ReportCover)
    inputs = fields.Nested(ReportInputs)
    definitions = fields.List(fields.Nested(Metric))
    sections = fields.List(fields.Nested(ReportSection))
    notes = fields.List(fields.String())
