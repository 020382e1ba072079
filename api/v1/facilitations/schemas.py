"""Facilitators."""

from marshmallow import fields

from api.fields import Prose, Schema, Timestamp

_CLASH = {"description": "By now a member names her as having power over her, or is named so by her."}


class FacilitatorPut(Schema):
    """Whom to ask."""

    membership_id = fields.UUID(required=True)


class FacilitationAcceptance(Schema):
    """What one would have to report, as the group's members read it."""

    duties = Prose(most=5000, required=True)


class Facilitator(Schema):
    """Who facilitates a group, or did."""

    id = fields.UUID()
    membership_id = fields.UUID()
    name = fields.String(allow_none=True)
    duties = fields.String(allow_none=True, metadata={"description": "What she has to report, in her words."})
    accepted_at = Timestamp(allow_none=True)
    ended_at = Timestamp(allow_none=True)
    clash = fields.Boolean(metadata=_CLASH)


class Facilitation(Schema):
    """That somebody is asked to facilitate a group, and does once she has accepted."""

    id = fields.UUID()
    group_id = fields.UUID()
    membership_id = fields.UUID()
    duties = fields.String(allow_none=True)
    asked_at = Timestamp()
    accepted_at = Timestamp(allow_none=True)
    ended_at = Timestamp(allow_none=True)


class ListedFacilitation(Facilitation):
    """The same with names."""

    name = fields.String(allow_none=True)
    group_name = fields.String()
    clash = fields.Boolean(metadata=_CLASH)
