"""Releases, and what of somebody's went into them."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Day, PageQuery, Resource, Schema, Timestamp
from api.v1.reports.schemas import AWARD_LIST, ReportCoverage
from tenants.reporting.metrics.award_lists import CHOICES
from tenants.reporting.models import AUDIENCES, FORMATS
from tenants.reporting.named.models import KINDS
from tenants.reporting.releases import SHOWN_STATES

NIL = {
    "description": "Whether every number in it is 0. It has all rows and columns nevertheless. null: not sent."
}
CORRECTED = {"description": "How many cells say something else than in the report that it supersedes."}


class ReleaseCreate(Schema):
    """A release to draft: for the funder of an agreement, or for the public on a cohort or a program."""

    example: ClassVar = {
        "sharing_agreement_id": "01922b6e-0000-7000-8000-000000000004",
        "due_on": "2027-10-01",
    }
    across: ClassVar = {
        "oneOf": [
            {"required": ["sharing_agreement_id"]},
            {"required": ["cohort_id"]},
            {"required": ["program_id"]},
        ],
    }
    sharing_agreement_id = fields.UUID()
    cohort_id = fields.UUID()
    program_id = fields.UUID()
    as_of = Day(metadata={"description": "Not in the future; today (UTC) if absent."})
    due_on = Day(
        metadata={"description": "Until it is sent, those who may approve are reminded from then on."}
    )
    formats = fields.List(
        Choice(FORMATS),
        load_default=FORMATS,
        validate=validate.Length(min=1, max=len(FORMATS)),
        metadata={"description": "json is always among them."},
    )
    award_list = Choice(CHOICES, metadata=AWARD_LIST)
    supersedes_id = fields.UUID(
        metadata={"description": "A release that was sent, of the same kind, which it is to correct."}
    )


class ReleaseQuery(PageQuery):
    """Which releases."""

    state = Choice(SHOWN_STATES, load_default=None)


class Release(Resource):
    """A report on its way out, and what became of it."""

    sharing_agreement_id = fields.UUID(allow_none=True, metadata={"description": "null: for the public."})
    addressee_name = fields.String(allow_none=True)
    program_id = fields.UUID()
    cohort_id = fields.UUID(allow_none=True)
    report_id = fields.UUID()
    supersedes_id = fields.UUID(allow_none=True)
    state = fields.String(metadata={"enum": list(SHOWN_STATES)})
    as_of = Day()
    due_on = Day(allow_none=True)
    nil = fields.Boolean(allow_none=True, metadata=NIL)
    coverage = fields.Nested(ReportCoverage, allow_none=True)
    corrected_cells = fields.Integer(metadata=CORRECTED)
    drafted_by = fields.String(allow_none=True, metadata={"description": "As events name actors."})
    reviewed_by = fields.String(allow_none=True)
    approved_by = fields.String(allow_none=True)
    reviewed_at = Timestamp(allow_none=True)
    approved_at = Timestamp(allow_none=True)
    sent_at = Timestamp(allow_none=True)
    comment = fields.String(allow_none=True, metadata={"description": "The addressee's, with its answer."})


class CellValue(Schema):
    """What a cell says."""

    value = fields.Integer(allow_none=True)
    as_of = fields.String(allow_none=True, metadata={"format": "date"})


class CorrectedCell(Schema):
    """A cell that says something else than before."""

    metric = fields.String()
    table = fields.String()
    at = fields.Dict(keys=fields.String(), values=fields.String())
    before = fields.Nested(CellValue)
    after = fields.Nested(CellValue)


class Corrections(Schema):
    """All cells that do."""

    cells = fields.List(fields.Nested(CorrectedCell))


class SaidOfMe(Schema):
    """A row of a document, as far as it is yours."""

    section = fields.String()
    columns = fields.List(fields.String())
    row = fields.List(fields.String())


class SharedReport(Schema):
    """A report that left with something of yours counted in it, or a document that names you."""

    id = fields.UUID()
    report_id = fields.UUID(allow_none=True, metadata={"description": "null: it is a document."})
    named_document_id = fields.UUID(allow_none=True, metadata={"description": "null: it is a report."})
    kind = fields.String(allow_none=True, metadata={"enum": [*KINDS, None], "description": "Of a document."})
    audience = fields.String(metadata={"enum": list(AUDIENCES)})
    funder = fields.String(allow_none=True)
    sent_to = fields.String(
        allow_none=True, metadata={"description": "The tenant that received it; null: it was downloaded."}
    )
    pooled = fields.Boolean(
        metadata={"description": "Whether it was counted together with other institutions' people."}
    )
    program_name = fields.String()
    as_of = Day()
    with_outcomes = fields.Boolean(
        metadata={
            "description": "Whether your products, career and answers were counted, or only that you are there."
        }
    )
    shared_at = Timestamp(
        metadata={"description": "When a report first left; when a document was built that names you."}
    )
    said = fields.List(
        fields.Nested(SaidOfMe),
        allow_none=True,
        metadata={
            "description": "What the document says of you, row by row. A report says nothing of anybody."
        },
    )
