"""Career events."""

from typing import ClassVar

from marshmallow import fields

from api.fields import UPDATED_SINCE, Choice, Day, EditableResource, Flag, PageQuery, Schema, Text, Timestamp
from tenants.outcomes.models import CAREER_EVENT_KINDS, SAMPLES, VISIBILITIES
from tenants.outcomes.own_career_events import OWN_KINDS
from tenants.outcomes.own_products import OWN_VISIBILITIES
from tenants.outcomes.rules import MAX_NAME

SAMPLE = {
    "description": "Of an observation: complete if everybody was followed from the start, survivors if only "
    "those who were still visible later. No rate is computed from survivors."
}


class CareerEventPatch(Schema):
    """What to change of a career event; whose it is stays."""

    kind = Choice(CAREER_EVENT_KINDS)
    code = Text(most=MAX_NAME, allow_none=True, metadata={"description": "Of an award: its activity code."})
    date = Day(allow_none=True, metadata={"description": "null: an award known but undated."})
    until = Day(allow_none=True, metadata={"description": "Of an observation: its last day."})
    sample = Choice(SAMPLES, allow_none=True, metadata=SAMPLE)
    before_first_k = Flag(metadata={"description": "Of an award: known to be older than the first K award."})
    project_number = Text(most=MAX_NAME, allow_none=True)
    visibility = Choice(VISIBILITIES)


class CareerEventCreate(CareerEventPatch):
    """A dated fact of somebody's career."""

    example: ClassVar = {
        "membership_id": "01922b6e-0000-7000-8000-000000000004",
        "kind": "award",
        "code": "K23",
        "date": "2024-07-01",
    }
    membership_id = fields.UUID(required=True)
    kind = Choice(CAREER_EVENT_KINDS, required=True)
    before_first_k = Flag(load_default=False)
    visibility = Choice(VISIBILITIES, load_default="program")


class CareerEvent(EditableResource):
    """A dated fact of somebody's career."""

    membership_id = fields.UUID()
    kind = fields.String()
    code = fields.String(allow_none=True)
    date = Day(allow_none=True)
    until = Day(allow_none=True)
    sample = fields.String(allow_none=True)
    before_first_k = fields.Boolean()
    project_number = fields.String(allow_none=True)
    visibility = fields.String()


class CareerEventQuery(PageQuery):
    """Which career events."""

    membership_id = fields.UUID(load_default=None)
    kind = Choice(CAREER_EVENT_KINDS, load_default=None)
    updated_since = Timestamp(load_default=None, metadata=UPDATED_SINCE)


class OwnCareerEventPatch(Schema):
    """What to change of an event of one's career. Nothing asks why one was away, or left."""

    kind = Choice(OWN_KINDS)
    code = Text(most=MAX_NAME, allow_none=True, metadata={"description": "Of an award: its activity code."})
    date = Day(allow_none=True, metadata={"description": "null: an award known but undated."})
    before_first_k = Flag(metadata={"description": "Of an award: known to be older than the first K award."})
    project_number = Text(most=MAX_NAME, allow_none=True)
    visibility = Choice(
        OWN_VISIBILITIES,
        metadata={"description": "Who may know: oneself alone, the program, or its funders as well."},
    )


class OwnCareerEventCreate(OwnCareerEventPatch):
    """An event of one's career."""

    example: ClassVar = {"kind": "promotion", "date": "2026-07-01"}
    kind = Choice(OWN_KINDS, required=True)
    before_first_k = Flag(load_default=False)
    visibility = Choice(OWN_VISIBILITIES, load_default="me")


class OwnCareerEvent(CareerEvent):
    """An event of one's career."""

    own = fields.Boolean(
        metadata={"description": "One recorded it oneself; the rest is the tenant's to change."}
    )


class OwnCareerEventQuery(PageQuery):
    """Which of them."""

    kind = Choice(CAREER_EVENT_KINDS, load_default=None)
