"""Charters of groups."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Prose, Schema, Timestamp, Whole
from api.group_words import Whose
from tenants.groups.charter import MOST_CHARACTERS


class Charter(Schema):
    """What a group has agreed. Only its members read it."""

    number = fields.Integer(metadata={"description": "Of the version, from 1."})
    author_id = Whose(metadata={"description": "A membership."})
    written_at = Timestamp()
    text = fields.String()


class CharterVersion(Schema):
    """A version of a charter, without its text."""

    number = fields.Integer()
    author_id = Whose()
    written_at = Timestamp()


class CharterVersionCreate(Schema):
    """A new version, which holds from now on."""

    example: ClassVar = {"text": "We meet once a month, for an hour.", "builds_on": 0}
    text = Prose(most=MOST_CHARACTERS, required=True)
    builds_on = Whole(
        required=True, metadata={"description": "The number of the version that you read; 0 if none."}
    )
