"""Participants."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import (
    UPDATED_SINCE,
    Choice,
    EditableResource,
    Email,
    Key,
    Object,
    PageQuery,
    Resource,
    Schema,
    Text,
    Timestamp,
)
from tenants.cohorts.models import PARTICIPANT_STATES


class Identifiers(Schema):
    """Who somebody is elsewhere. null forgets one."""

    orcid = Text(most=100, allow_none=True)
    era_commons_id = Text(most=100, allow_none=True)
    member_number = Text(most=100, allow_none=True)


class ParticipantPatch(Schema):
    """What to change of a participant. What is not named stays."""

    name = Text(most=500, allow_none=True)
    email = Email(allow_none=True)
    identifiers = fields.Nested(Identifiers)
    attributes = Object(
        most=200,
        keys=Key(),
        values=fields.Raw(allow_none=True),
        metadata={
            "description": "Values by attribute key, as each attribute's kind has them; null clears. What people "
            "answered themselves stays."
        },
    )
    declined = fields.List(
        Key(),
        validate=validate.Length(max=200),
        metadata={"description": "Keys of demographic attributes that somebody does not want to answer."},
    )
    state = Choice(PARTICIPANT_STATES)
    reason = Text(most=1000, allow_none=True, metadata={"description": "Why; given together with a state."})


class ParticipantUpsert(ParticipantPatch):
    """A participant to add, or to change if the cohort has this external id."""

    example: ClassVar = {
        "external_id": "P01",
        "name": "Alma Ashbourne (invented)",
        "attributes": {"institution": "Invented University of Amberbay"},
    }
    external_id = Text(most=200, required=True)


class Participant(EditableResource):
    """A membership in a cohort."""

    cohort_id = fields.UUID()
    membership_id = fields.UUID()
    external_id = fields.String()
    name = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    identifiers = fields.Dict(keys=fields.String(), values=fields.String())
    state = fields.String(metadata={"enum": list(PARTICIPANT_STATES)})
    state_since = Timestamp()
    state_reason = fields.String(allow_none=True)
    attributes = fields.Dict()
    declined = fields.List(
        fields.String(),
        metadata={"description": "What they do not want to answer; what is in neither was not asked."},
    )


class ParticipantQuery(PageQuery):
    """Which participants."""

    state = Choice(PARTICIPANT_STATES, load_default=None)
    external_id = Text(most=200, load_default=None)
    updated_since = Timestamp(load_default=None, metadata=UPDATED_SINCE)


class ParticipantChange(Resource):
    """What became known of a participant at `created_at`."""

    source = fields.String(metadata={"description": "roster, person, api or matching"})
    state = fields.String(allow_none=True, metadata={"description": "The new state, where it changed."})
    reason = fields.String(allow_none=True)
    attributes = fields.Dict(
        metadata={"description": "The changed keys with their new values; null: cleared."}
    )
    declined = fields.List(fields.String(), metadata={"description": "Keys that are declined since."})
    import_id = fields.UUID(allow_none=True)
