"""Cohorts."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Day, EditableResource, PageQuery, Schema, Text


class CohortPatch(Schema):
    """What to change of a cohort."""

    name = Text(most=200)
    opens_on = Day(allow_none=True)
    closes_on = Day(allow_none=True)
    announced_on = Day(allow_none=True)
    kick_off_on = Day(allow_none=True)
    ends_on = Day(allow_none=True)


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


class CohortQuery(PageQuery):
    """Which cohorts."""

    program_id = fields.UUID(load_default=None)
