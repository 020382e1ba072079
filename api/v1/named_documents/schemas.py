"""Documents that name people."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Day, PageQuery, Resource, Schema, Timestamp
from api.v1.jobs.schemas import JobError
from api.v1.reports.schemas import ReportScope
from tenants.kernel.jobs import STATES
from tenants.reporting.models import FORMATS, PLAIN
from tenants.reporting.named.models import KINDS

KIND = "table_8b: NIH's training data table 8B, part I. rppr: products and participants of a progress report."


class NamedDocumentCreate(Schema):
    """A document to build, on one cohort or on a whole program."""

    example: ClassVar = {"cohort_id": "01922b6e-0000-7000-8000-000000000002", "kind": "table_8b"}
    across: ClassVar = {"oneOf": [{"required": ["cohort_id"]}, {"required": ["program_id"]}]}
    cohort_id = fields.UUID(metadata={"description": "Either this or program_id."})
    program_id = fields.UUID()
    kind = Choice(KINDS, required=True, metadata={"description": KIND})
    since = Day(
        metadata={
            "description": "Of table_8b: only who began by then or later. Of rppr: only products since."
        }
    )
    as_of = Day(metadata={"description": "Not in the future; today (UTC) if absent."})
    formats = fields.List(
        Choice(FORMATS), load_default=PLAIN, validate=validate.Length(min=1, max=len(FORMATS))
    )


class NamedDocumentQuery(PageQuery):
    """Which documents."""

    kind = Choice(KINDS, load_default=None)


class NamedDocument(Resource):
    """A document that names people, and how far it is. Whom it names is in its files alone."""

    cohort_id = fields.UUID(allow_none=True)
    program_id = fields.UUID()
    job_id = fields.UUID(metadata={"description": "The job to cancel."})
    kind = fields.String(metadata={"enum": list(KINDS), "description": KIND})
    since = Day(allow_none=True)
    as_of = Day()
    formats = fields.List(fields.String(metadata={"enum": list(FORMATS)}))
    people = fields.Integer(
        allow_none=True,
        metadata={"description": "How many people there are; null: not built. The files do not say."},
    )
    named = fields.Integer(allow_none=True, metadata={"description": "How many of them it names."})
    not_named = fields.Integer(
        allow_none=True, metadata={"description": "How many it does not: most have not agreed to it."}
    )
    built_at = Timestamp(allow_none=True)
    expires_at = Timestamp(allow_none=True, metadata={"description": "When its files go."})
    state = fields.String(metadata={"enum": list(STATES)})
    progress = fields.Float(metadata={"description": "0 to 1"})
    error = fields.Nested(JobError, allow_none=True)


class NamedDocumentCover(Schema):
    """What a reader should know first."""

    institution = fields.String()
    title = fields.String()
    terms = fields.List(fields.List(fields.String()), metadata={"description": "Each a term and its text."})


class NamedDocumentSection(Schema):
    """Rows of words."""

    id = fields.String()
    title = fields.String()
    columns = fields.List(fields.String())
    rows = fields.List(fields.List(fields.String()))
    notes = fields.List(fields.String())


class NamedDocumentContent(Schema):
    """A named document's JSON file."""

    named_document_id = fields.UUID()
    kind = fields.String(metadata={"enum": list(KINDS)})
    as_of = Day()
    scope = fields.Nested(ReportScope)
    cover = fields.Nested(NamedDocumentCover)
    sections = fields.List(fields.Nested(NamedDocumentSection))
    notes = fields.List(fields.String())
