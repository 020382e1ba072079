"""Searches for peers to invite."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Pattern, Resource, Schema, Text, Timestamp, Whole
from api.v1.jobs.schemas import JobError
from api.v1.verifications.schemas import YEAR
from tenants.kernel.jobs import STATES
from tenants.outcomes.verification.actions import EARLIEST

CODE = {"description": "Such as K23."}
INSTITUTE = {"description": "By its acronym, such as NHLBI."}


class CandidateSearchCreate(Schema):
    """Which awards to look among, and what they should be like."""

    example: ClassVar = {
        "text": "Implementation of behavioural treatment in primary care",
        "activity_codes": ["K01", "K23"],
        "institutes": ["NIMH"],
        "fiscal_years": [2025],
    }
    text = Text(
        most=1000,
        required=True,
        metadata={"description": "A title or a few words: awards with most of them come first."},
    )
    activity_codes = fields.List(
        Text(most=3, validate=Pattern("^[A-Za-z0-9]{3}$"), metadata=CODE),
        required=True,
        validate=validate.Length(min=1, max=20),
    )
    institutes = fields.List(
        Text(most=10, validate=Pattern("^[A-Za-z0-9]{2,10}$"), metadata=INSTITUTE),
        load_default=(),
        validate=validate.Length(max=30),
    )
    fiscal_years = fields.List(
        Whole(least=EARLIEST, most=2100, metadata=YEAR),
        required=True,
        validate=validate.Length(min=1, max=5),
    )


class Candidate(Schema):
    """Somebody who leads an award, as RePORTER publishes it. No record of a person, and nothing to write to."""

    name = fields.String()
    institution = fields.String(allow_none=True)
    organization_id = fields.String(
        allow_none=True,
        metadata={"description": "The institution's ROR id, where its name says which it is."},
    )
    activity_code = fields.String(allow_none=True)
    institute = fields.String(allow_none=True)
    project_number = fields.String()
    title = fields.String(allow_none=True)
    fiscal_year = fields.Integer()
    shared_terms = fields.List(
        fields.String(), metadata={"description": "Why: the words of the text that title or terms have."}
    )


class CandidateSearch(Resource):
    """A search for peers to invite, and how far it is. It goes when it expires, with what it found."""

    job_id = fields.UUID(metadata={"description": "The job to cancel."})
    text = fields.String()
    activity_codes = fields.List(fields.String())
    institutes = fields.List(fields.String())
    fiscal_years = fields.List(fields.Integer(metadata=YEAR))
    expires_at = Timestamp()
    state = fields.String(metadata={"enum": list(STATES)})
    progress = fields.Float(metadata={"description": "0 to 1"})
    error = fields.Nested(JobError, allow_none=True)
    compared = fields.Integer(allow_none=True, metadata={"description": "How many awards were compared."})
    candidates = fields.List(
        fields.Nested(Candidate),
        allow_none=True,
        metadata={"description": "Those with most in common first, at most 100; null until it ends."},
    )
