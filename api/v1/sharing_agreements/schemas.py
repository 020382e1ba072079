"""Sharing agreements."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, Day, PageQuery, Prose, Resource, Schema, Text
from tenants.reporting.agreements import STATES
from tenants.reporting.sharing_models import DECISIONS, SCHEDULES, SIDES

_FUNDER = {
    "description": "The name by which people agree to be shared with this funder: one of the institution's program."
}
_AWARDS = {
    "description": "Award numbers that the funder takes for the institution's. Who holds them it is not told."
}
_INSTITUTES = {"description": "Institutes or centers of the funder, such as NCI."}
_POOLED = {"description": "Whether what is reported may be pooled with that of other institutions."}
_DECLARES = {
    "description": "Of an institution that runs no program here, in place of program_id: it declares what is pooled, "
    "and reports nothing else. Only where pooled."
}
_ENDS_ON = {"description": "The first day on which it holds no more; null: open-ended."}


class SharingAgreementCreate(Schema):
    """An agreement to offer, which one signs by that."""

    example: ClassVar = {
        "partner": "invented-university",
        "offered_by": "funder",
        "funder": "Invented Foundation",
        "awards": ["K23XX000001"],
        "schedule": "yearly",
        "first_due_on": "2027-10-01",
    }
    partner = Text(
        most=63,
        required=True,
        metadata={"description": "The other side's slug, as in the address of its sign-in."},
    )
    offered_by = Choice(SIDES, required=True, metadata={"description": "Which side you are."})
    funder = Text(most=200, required=True, metadata=_FUNDER)
    program_id = fields.UUID(
        metadata={
            "description": "Required of an institution, unless it declares: the program on which it reports."
        }
    )
    awards = fields.List(Text(most=50), validate=validate.Length(max=5000), metadata=_AWARDS)
    institutes = fields.List(Text(most=50), validate=validate.Length(max=50), metadata=_INSTITUTES)
    program = Text(most=200, allow_none=True, metadata={"description": "A program of the funder."})
    metrics = fields.List(
        Text(most=100),
        validate=validate.Length(min=1, max=100),
        metadata={"description": "Names of the dictionary's metrics; all if absent."},
    )
    schedule = Choice(SCHEDULES, load_default="yearly")
    first_due_on = Day(metadata={"description": "A year from now if absent."})
    ends_on = Day(metadata=_ENDS_ON)
    message = Prose(most=2000, allow_none=True)
    pooled = fields.Boolean(load_default=False, metadata=_POOLED)
    declares = fields.Boolean(load_default=False, metadata=_DECLARES)


class SharingAgreementQuery(PageQuery):
    """Which agreements."""

    state = Choice(STATES, load_default=None)
    role = Choice(SIDES, load_default=None)


class SharingAgreement(Resource):
    """An agreement between a funder and an institution, and how it stands."""

    role = fields.String(metadata={"enum": list(SIDES), "description": "Which side you are."})
    offered_by = fields.String(metadata={"enum": list(SIDES)})
    partner_name = fields.String()
    funder = fields.String(metadata=_FUNDER)
    awards = fields.List(fields.String(), metadata=_AWARDS)
    institutes = fields.List(fields.String(), metadata=_INSTITUTES)
    program = fields.String(allow_none=True)
    metrics = fields.List(fields.String())
    schedule = fields.String(metadata={"enum": list(SCHEDULES)})
    first_due_on = Day(allow_none=True)
    ends_on = Day(allow_none=True, metadata=_ENDS_ON)
    message = fields.String(allow_none=True)
    pooled = fields.Boolean(metadata=_POOLED)
    state = fields.String(metadata={"enum": list(STATES)})
    program_id = fields.UUID(
        allow_none=True, metadata={"description": "On what the institution reports; told to it alone."}
    )
    next_due_on = Day(allow_none=True, metadata={"description": "Told to the institution alone."})


class SharingSignatureWrite(Schema):
    """What you say to an agreement."""

    decision = Choice(
        DECISIONS,
        required=True,
        metadata={"description": "signed or declined of what is offered to you; ended by either side."},
    )
    program_id = fields.UUID(
        metadata={"description": "Required of an institution that signs, unless it declares."}
    )
    declares = fields.Boolean(metadata=_DECLARES)
    ends_on = Day(metadata={"description": "Of what is ended: today (UTC) if absent."})


class SharingSignature(Resource):
    """What one side said to an agreement."""

    by = fields.String(metadata={"enum": ["us", "partner"]})
    decision = fields.String(metadata={"enum": list(DECISIONS)})
    signed_by = fields.String(
        allow_none=True, metadata={"description": "The name of who did; null: a client."}
    )
    ends_on = Day(allow_none=True)


class SharingMatch(Schema):
    """An award of the list that one of your people has."""

    id = fields.UUID(metadata={"description": "That of the career event."})
    membership_id = fields.UUID()
    project_number = fields.String()
    code = fields.String(allow_none=True)
