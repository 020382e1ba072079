"""Topics and curricula."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import EditableResource, Flag, Key, Schema, Text, Timestamp, Whole
from api.group_words import Whose
from tenants.groups.curricula import MOST_TOPICS

_SENSITIVE = {"description": "That a group talks about it never leaves the group."}
_ORDER = {"description": "Keys of the catalogue, in order."}


class TopicEntry(Schema):
    """A topic of the catalogue."""

    key = Key(required=True)
    label = Text(most=200, required=True)
    sensitive = Flag(load_default=False, metadata=_SENSITIVE)


class Topic(Schema):
    """A topic of the catalogue."""

    key = fields.String()
    label = fields.String()
    sensitive = fields.Boolean(metadata=_SENSITIVE)


class TopicsPut(Schema):
    """The program's own catalogue, in place of what held."""

    topics = fields.List(fields.Nested(TopicEntry), validate=validate.Length(max=200), required=True)


class Topics(Schema):
    """What groups of a program may talk about."""

    topics = fields.List(fields.Nested(Topic))
    version = fields.Integer(metadata={"description": "Also in the ETag; 0 while ours holds."})
    ours = fields.Boolean()


class CurriculumPatch(Schema):
    """What to change of a curriculum."""

    name = Text(most=200)
    topics = fields.List(Key(), validate=validate.Length(min=1, max=MOST_TOPICS), metadata=_ORDER)


class CurriculumCreate(Schema):
    """Topics that a program offers in an order."""

    example: ClassVar = {"name": "The first year", "topics": ["award_rules", "next_grant"]}
    name = Text(most=200, required=True)
    topics = fields.List(
        Key(), validate=validate.Length(min=1, max=MOST_TOPICS), required=True, metadata=_ORDER
    )


class Curriculum(EditableResource):
    """Topics in the order in which a group could take them."""

    program_id = fields.UUID()
    name = fields.String()
    topics = fields.List(fields.String(), metadata=_ORDER)


class OfferedCurriculum(Schema):
    """What the program offers."""

    id = fields.UUID()
    name = fields.String()
    topics = fields.List(fields.String())
    version = fields.Integer()


class PlannedTopicEntry(Schema):
    """A topic of the catalogue by its key, or one of the group's own by its title."""

    key = Key()
    title = Text(most=200)


class GroupCurriculumPut(Schema):
    """What the group plans, in order, in place of what it planned before."""

    topics = fields.List(
        fields.Nested(PlannedTopicEntry), validate=validate.Length(max=MOST_TOPICS), required=True
    )
    builds_on = Whole(
        required=True,
        most=2**31 - 2,
        metadata={"description": "The number of the version that you read; 0 if none."},
    )


class PlannedTopic(Schema):
    """A topic that the group plans."""

    key = fields.String(allow_none=True)
    title = fields.String()
    sensitive = fields.Boolean()


class PlannedVersion(Schema):
    """A version of what a group planned, without its topics."""

    number = fields.Integer()
    author_id = Whose()
    written_at = Timestamp()


class PlannedCurriculum(Schema):
    """One version of what a group planned. Only its members read it."""

    number = fields.Integer(metadata={"description": "Of the version, from 1."})
    author_id = Whose(metadata={"description": "A membership."})
    written_at = Timestamp()
    topics = fields.List(fields.Nested(PlannedTopic))


class GroupCurriculum(Schema):
    """What a group plans to talk about. Only its members read it."""

    number = fields.Integer(metadata={"description": "Of the version; 0 if nothing is planned."})
    author_id = Whose(metadata={"description": "A membership."})
    written_at = Timestamp(allow_none=True)
    topics = fields.List(fields.Nested(PlannedTopic))
    catalogue = fields.List(fields.Nested(Topic))
    offered = fields.List(fields.Nested(OfferedCurriculum))
