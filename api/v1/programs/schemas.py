"""Programs and their attributes."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, EditableResource, Flag, Key, Object, Schema, Text, Whole
from tenants.cohorts.models import ATTRIBUTE_KINDS, GROUP_SIGN_IN, REPAIR, USES
from tenants.cohorts.templates import templates
from tenants.people.consent import BASES, PURPOSES

LABELS = Object(
    most=20,
    keys=Text(most=60),
    values=Text(most=60),
    metadata={"description": "Your own words, for example {'participant': 'scholar', 'group': 'circle'}."},
)
_ENTERING = {
    "description": "personal: members enter their groups signed in as themselves only; any: also as whom their "
    "institution's provider says they are, unless they have locked their groups."
}
_NOTICES = {
    "description": "Whether participants who have joined or been invited are written to when their state changes."
}
_WINDOW = {
    "description": "For how many months check-ins are gathered. The window of now and the next are fixed."
}
_CONCERNS = {
    "description": "Memberships to whom members' concerns go; none: to owners, admins and the program's managers."
}
_LEAST = {"description": "How many of a group must have answered for it to be told of the answers, 5 to 10."}
_CHANGED = {
    "description": "How many must have come in or dropped out, if any have, against what a group was told before: "
    "3 to 10. Five leave fewer guesses and more silence."
}
_REPAIR = {
    "description": "automatic: when a group has lost somebody, a run is ordered that goes on from the groups in need, "
    "and its proposal waits for you; by_hand: the group is marked."
}
FUNDERS = fields.List(
    Text(most=200),
    validate=validate.Length(max=50),
    metadata={
        "description": "Those you report to, by name. People agree to be shared with each of them or not."
    },
)


class Bases(Schema):
    """What each use of people's data rests on: you answer for it and they may object, or their consent."""

    matching = Choice(BASES)
    contact = Choice(BASES)
    outcomes = Choice(BASES)


class Wording(Schema):
    """What people are shown before they decide."""

    version = Text(most=50, required=True, metadata={"description": "Another text needs another one."})
    text = Text(most=2000, required=True)


class ProgramCreate(Schema):
    """A program to make."""

    example: ClassVar = {"name": "K circles", "template": "nih_k_awardees", "labels": {"group": "circle"}}
    name = Text(most=200, required=True)
    labels = LABELS
    group_sign_in = Choice(GROUP_SIGN_IN, metadata=_ENTERING)
    notices = Flag(metadata=_NOTICES)
    repair = Choice(REPAIR, metadata=_REPAIR)
    bases = fields.Nested(Bases, metadata={"description": "institution unless you say otherwise."})
    funders = FUNDERS
    template = Key(metadata={"enum": [each.key for each in templates()]})


class ProgramPatch(Schema):
    """What to change of a program."""

    name = Text(most=200)
    labels = LABELS
    group_sign_in = Choice(GROUP_SIGN_IN, metadata=_ENTERING)
    notices = Flag(metadata=_NOTICES)
    repair = Choice(REPAIR, metadata=_REPAIR)
    bases = fields.Nested(Bases, metadata={"description": "Merged; what changes holds at once."})
    funders = FUNDERS
    wordings = Object(
        most=len(PURPOSES),
        keys=Choice(PURPOSES),
        values=fields.Nested(Wording, allow_none=True),
        metadata={"description": "Your own texts by purpose, merged; null: ours again."},
    )
    check_in_months = Whole(least=1, most=12, metadata=_WINDOW)
    check_in_least = Whole(least=5, most=10, metadata=_LEAST)
    check_in_least_changed = Whole(least=3, most=10, metadata=_CHANGED)
    concern_readers = fields.List(fields.UUID(), validate=validate.Length(max=20), metadata=_CONCERNS)


class Program(EditableResource):
    """What an institution runs."""

    name = fields.String()
    template = fields.String(allow_none=True)
    group_sign_in = fields.String(metadata=_ENTERING)
    notices = fields.Boolean(metadata=_NOTICES)
    repair = fields.String(metadata=_REPAIR)
    labels = fields.Dict(keys=fields.String(), values=fields.String())
    bases = fields.Nested(Bases)
    funders = fields.List(fields.String())
    wordings = fields.Dict(keys=fields.String(), values=fields.Nested(Wording))
    check_in_months = fields.Integer(metadata=_WINDOW)
    check_in_least = fields.Integer(metadata=_LEAST)
    check_in_least_changed = fields.Integer(metadata=_CHANGED)
    concern_readers = fields.List(fields.UUID(), metadata=_CONCERNS)


class Level(Schema):
    """One value that an attribute can take."""

    key = Text(most=200, required=True)
    label = Text(most=200)
    order = Whole(most=1_000_000)
    parent = Text(most=200, allow_none=True, metadata={"description": "A level of the parent attribute."})
    aliases = fields.List(Text(most=200), validate=validate.Length(max=200))


class AttributePatch(Schema):
    """What to change of an attribute; its key and kind stay."""

    label = Text(most=200)
    open = Flag(metadata={"description": "Whether values that are no level yet become one."})
    required = Flag()
    sensitive = Flag()
    answered_by = Choice(("roster", "person", "either"))
    uses = fields.List(
        Choice(USES),
        validate=validate.Length(max=len(USES)),
        metadata={
            "description": "demographics: answers are broken down in reports, with the consent of those who give them; "
            "one can decline to answer. Yes or no, or levels and not open."
        },
    )
    parent = Key(allow_none=True)
    levels = fields.List(fields.Nested(Level), validate=validate.Length(max=10_000))


class AttributeCreate(AttributePatch):
    """Something to know of a participant. Only key, label and kind are required."""

    example: ClassVar = {
        "key": "methods",
        "label": "Methods",
        "kind": "set",
        "levels": [{"key": "qualitative"}, {"key": "trials", "label": "Clinical trials", "aliases": ["RCT"]}],
    }
    key = Key(required=True)
    label = Text(most=200, required=True)
    kind = Choice(ATTRIBUTE_KINDS, required=True)


class AttributeLevel(Schema):
    """One value that an attribute can take, in full."""

    key = fields.String()
    label = fields.String()
    order = fields.Integer()
    parent = fields.String(allow_none=True)
    aliases = fields.List(fields.String())


class Attribute(EditableResource):
    """Something known of a participant."""

    program_id = fields.UUID()
    key = fields.String()
    label = fields.String()
    kind = fields.String()
    open = fields.Boolean()
    required = fields.Boolean()
    sensitive = fields.Boolean()
    answered_by = fields.String()
    uses = fields.List(fields.String())
    parent = fields.String(allow_none=True)
    levels = fields.List(fields.Nested(AttributeLevel))
