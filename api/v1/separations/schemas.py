"""Separations."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Resource, Schema
from tenants.matching.models import SEPARATION_SOURCES
from tenants.matching.separations import MOST_IN_A_LIST


class SeparationCreate(Schema):
    """Who is to be kept apart."""

    example: ClassVar = {
        "participants": [
            "01922b6e-0000-7000-8000-000000000011",
            "01922b6e-0000-7000-8000-000000000012",
        ]
    }
    participants = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(min=2, max=MOST_IN_A_LIST),
        metadata={"uniqueItems": True, "description": "Different participants of this cohort."},
    )


class SeparatedParticipant(Schema):
    """One of those who are kept apart."""

    participant_id = fields.UUID()
    external_id = fields.String()


class Separation(Resource):
    """Participants no two of whom may be in one group."""

    cohort_id = fields.UUID()
    participants = fields.List(fields.Nested(SeparatedParticipant), metadata={"description": "By their ids."})
    source = fields.String(metadata={"enum": list(SEPARATION_SOURCES)})
