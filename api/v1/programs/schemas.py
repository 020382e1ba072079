"""Programs and their attributes."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import Choice, EditableResource, Flag, Key, Object, Schema, Text, Whole
from tenants.cohorts.models import ATTRIBUTE_KINDS, GROUP_SIGN_IN
from tenants.cohorts.templates import templates

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
USES = ("eligibility", "matching", "reporting")


class ProgramCreate(Schema):
    """A program to make."""

    example: ClassVar = {"name": "K circles", "template": "nih_k_awardees", "labels": {"group": "circle"}}
    name = Text(most=200, required=True)
    labels = LABELS
    group_sign_in = Choice(GROUP_SIGN_IN, metadata=_ENTERING)
    template = Key(metadata={"enum": [each.key for each in templates()]})


class ProgramPatch(Schema):
    """What to change of a program."""

    name = Text(most=200)
    labels = LABELS
    group_sign_in = Choice(GROUP_SIGN_IN, metadata=_ENTERING)


class Program(EditableResource):
    """What an institution runs."""

    name = fields.String()
    template = fields.String(allow_none=True)
    group_sign_in = fields.String(metadata=_ENTERING)
    labels = fields.Dict(keys=fields.String(), values=fields.String())


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
    uses = fields.List(Choice(USES), validate=validate.Length(max=3))
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
