"""Verifications."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Key, PageQuery, Resource, Schema, Whole
from api.v1.jobs.schemas import JobError
from tenants.kernel.jobs import STATES
from tenants.outcomes.verification.actions import EARLIEST, MOST_YEARS
from tenants.outcomes.verification.sources import SOURCES

YEAR = {"description": "Of the United States: 2026 began on 1 October 2025."}


class VerificationCreate(Schema):
    """Whom to look for and where: the people of a cohort or a program, or one of them."""

    example: ClassVar = {
        "cohort_id": "01922b6e-0000-7000-8000-000000000002",
        "sources": ["nih_reporter", "orcid"],
        "fiscal_years": [2025, 2026],
    }
    across: ClassVar = {"oneOf": [{"required": ["cohort_id"]}, {"required": ["program_id"]}]}
    cohort_id = fields.UUID(metadata={"description": "Either this or program_id."})
    program_id = fields.UUID()
    membership_id = fields.UUID(metadata={"description": "Only this one of them."})
    sources = fields.List(
        Choice(tuple(SOURCES)),
        load_default=tuple(SOURCES),
        validate=validate.Length(min=1, max=len(SOURCES)),
    )
    fiscal_years = fields.List(
        Whole(least=EARLIEST, most=2100, metadata=YEAR),
        required=True,
        validate=validate.Length(min=1, max=MOST_YEARS),
    )
    institution_attribute = Key(
        load_default="institution",
        metadata={"description": "The key of the attribute that says where a participant works."},
    )


class Verification(Resource):
    """A verification, and how far it is."""

    cohort_id = fields.UUID(allow_none=True)
    program_id = fields.UUID()
    membership_id = fields.UUID(allow_none=True)
    job_id = fields.UUID(metadata={"description": "The job to cancel."})
    sources = fields.List(fields.String(metadata={"enum": list(SOURCES)}))
    fiscal_years = fields.List(fields.Integer(metadata=YEAR))
    institution_attribute = fields.String()
    asked = fields.Integer(metadata={"description": "How many people were looked for so far."})
    skipped = fields.Integer(
        allow_none=True,
        metadata={
            "description": "How many were not, as they objected, withdrew or were not asked; null until it ends."
        },
    )
    found = fields.Integer(metadata={"description": "How many findings are new."})
    unavailable = fields.List(
        fields.String(),
        metadata={"description": "Sources that did not answer, and were left out from there on."},
    )
    state = fields.String(metadata={"enum": list(STATES)})
    progress = fields.Float(metadata={"description": "0 to 1"})
    error = fields.Nested(JobError, allow_none=True)


class VerificationQuery(PageQuery):
    """Which verifications."""

    cohort_id = fields.UUID(load_default=None)
    program_id = fields.UUID(load_default=None)
