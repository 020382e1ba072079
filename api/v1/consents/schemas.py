"""What people agreed to."""

from typing import Any, ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Schema, Text, Timestamp
from api.v1.programs.schemas import Wording
from tenants.people.consent import BASES, DECISIONS, PURPOSES, SPEAKERS, STATES

MOST_AT_ONCE = 10_000
NAMES_FUNDER: dict[str, Any] = {
    "if": {"properties": {"purpose": {"const": "funder_sharing"}}},
    "then": {"required": ["funder"]},
    "else": {"not": {"required": ["funder"]}},
}


class Consent(Schema):
    """What holds for one purpose, or for sharing with one funder."""

    program_id = fields.UUID()
    purpose = fields.String(metadata={"enum": list(PURPOSES)})
    funder = fields.String(allow_none=True, metadata={"description": "With whom; of other purposes null."})
    basis = fields.String(
        metadata={"enum": list(BASES), "description": "institution: done unless she objects"}
    )
    state = fields.String(metadata={"enum": list(STATES)})
    since = Timestamp(allow_none=True)
    said_by = fields.String(
        allow_none=True,
        metadata={"enum": [*SPEAKERS, None], "description": "The person, or the institution of a paper form"},
    )
    covered = fields.Boolean(metadata={"description": "Whether her data is used for this."})


class PaperConsent(Schema):
    """That somebody agreed on paper."""

    example: ClassVar = {"purpose": "outcomes", "form": "Enrollment form, March 2026"}
    across: ClassVar = NAMES_FUNDER
    purpose = Choice(PURPOSES, required=True)
    funder = Text(most=200, metadata={"description": "One of the program's, where it is about sharing."})
    form = Text(
        most=200, required=True, metadata={"description": "Which form, in which version, was signed."}
    )


class PaperConsents(PaperConsent):
    """That these people agreed on paper."""

    example: ClassVar = {**PaperConsent.example, "external_ids": ["P01", "P02"]}
    external_ids = fields.List(
        Text(most=200), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE)
    )


class PaperConsentCounts(Schema):
    """What became of a list of paper forms."""

    recorded = fields.Integer()
    unchanged = fields.Integer(metadata={"description": "That was known, or they said so themselves."})
    refused = fields.Integer(
        metadata={"description": "They said no themselves since, or before; that stands."}
    )


class MyConsent(Consent):
    """What holds for one purpose, or for sharing with one funder, and what one is asked."""

    program_name = fields.String()
    wording = fields.Nested(Wording, metadata={"description": "What she is shown before she decides."})


class MyConsentCreate(Schema):
    """What she says of one purpose."""

    example: ClassVar = {
        "program_id": "01922b6e-0000-7000-8000-000000000001",
        "purpose": "demographics",
        "decision": "granted",
        "wording_version": "1",
    }
    across: ClassVar = {
        "allOf": [
            NAMES_FUNDER,
            {
                "if": {"properties": {"decision": {"const": "granted"}}},
                "then": {"required": ["wording_version"]},
            },
        ]
    }
    program_id = fields.UUID(required=True)
    purpose = Choice(PURPOSES, required=True)
    funder = Text(most=200, metadata={"description": "With whom, where it is about sharing."})
    decision = Choice(DECISIONS, required=True)
    wording_version = Text(
        most=50, metadata={"description": "Of the wording that she was shown and agrees to."}
    )


class MyConsentEntry(Schema):
    """One thing that was said, for good."""

    id = fields.UUID()
    program_id = fields.UUID()
    purpose = fields.String(metadata={"enum": list(PURPOSES)})
    funder = fields.String(allow_none=True)
    decision = fields.String(metadata={"enum": list(DECISIONS)})
    said_by = fields.String(metadata={"enum": list(SPEAKERS)})
    wording_version = fields.String(metadata={"description": "Of the wording, or the form that was signed"})
    wording = fields.String(allow_none=True, metadata={"description": "What she was shown; null on paper."})
    created_at = Timestamp()
