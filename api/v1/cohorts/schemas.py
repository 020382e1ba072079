"""Cohorts."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Day, EditableResource, PageQuery, Schema, Text, Timestamp, Whole

_CONFIRM_BY = {
    "description": "The last day on which members are expected to confirm their places; who has not counts as silent."
}


class CohortPatch(Schema):
    """What to change of a cohort."""

    name = Text(most=200)
    opens_on = Day(allow_none=True)
    closes_on = Day(allow_none=True)
    announced_on = Day(allow_none=True)
    kick_off_on = Day(allow_none=True)
    ends_on = Day(allow_none=True)
    confirm_by = Day(allow_none=True, metadata=_CONFIRM_BY)


class CohortCreate(CohortPatch):
    """An intake to make."""

    example: ClassVar = {
        "program_id": "01922b6e-0000-7000-8000-000000000001",
        "name": "Autumn",
        "kick_off_on": "2026-10-01",
    }
    program_id = fields.UUID(required=True)
    name = Text(most=200, required=True)


class Cohort(EditableResource):
    """One intake of a program."""

    program_id = fields.UUID()
    name = fields.String()
    opens_on = Day(allow_none=True)
    closes_on = Day(allow_none=True)
    announced_on = Day(allow_none=True)
    kick_off_on = Day(allow_none=True)
    ends_on = Day(allow_none=True)
    confirm_by = Day(allow_none=True, metadata=_CONFIRM_BY)


_ZONE = "An IANA name such as America/Chicago: whose days these are."
_REMINDERS = (
    "How many days before closes_on, at 9 in the morning there, whoever has not answered is reminded."
)


class IntakePatch(Schema):
    """What to change of an intake."""

    opens_on = Day(allow_none=True)
    closes_on = Day(allow_none=True)
    time_zone = Text(most=60, metadata={"description": _ZONE})
    reminders = fields.List(
        Whole(most=90),
        validate=validate.Length(max=5),
        metadata={"description": _REMINDERS},
    )


class Intake(Schema):
    """Until when people of a cohort answer of themselves, and how many have."""

    cohort_id = fields.UUID()
    opens_on = Day(allow_none=True, metadata={"description": "The cohort's own, as closes_on is."})
    closes_on = Day(allow_none=True)
    time_zone = fields.String(metadata={"description": _ZONE})
    opens_at = Timestamp(allow_none=True, metadata={"description": "When opens_on begins there."})
    closes_at = Timestamp(
        allow_none=True,
        metadata={"description": "When closes_on has ended there: from then on no answer is taken."},
    )
    open = fields.Boolean(metadata={"description": "Whether answers are taken now."})
    reminders = fields.List(fields.Integer(), metadata={"description": _REMINDERS})
    asked = fields.Integer(
        metadata={"description": "Who has joined or been invited, and is in a state to be placed some day."}
    )
    answered = fields.Integer(metadata={"description": "Of those, who has answered all that is required."})
    missing = fields.Integer(metadata={"description": "Of those, who has not."})
    version = fields.Integer(metadata={"description": "The cohort's; also in the ETag."})


class CohortQuery(PageQuery):
    """Which cohorts."""

    program_id = fields.UUID(load_default=None)
