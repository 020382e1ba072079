"""Charters of groups."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from api.fields import Schema, Timestamp, Whole
from tenants.groups.charter import MOST_CHARACTERS


class Prose(fields.String):
    """Text of several lines: not blank, no control characters but line ends and tabs."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=1, max=most), **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        if any((each < " " and each not in "\n\t") or each == "\x7f" for each in text):
            raise ValidationError("Write without control characters, and end lines with a line feed.")
        return text


class Charter(Schema):
    """What a group has agreed. Only its members read it."""

    number = fields.Integer(metadata={"description": "Of the version, from 1."})
    author_id = fields.UUID(metadata={"description": "A membership."})
    written_at = Timestamp()
    text = fields.String()


class CharterVersion(Schema):
    """A version of a charter, without its text."""

    number = fields.Integer()
    author_id = fields.UUID()
    written_at = Timestamp()


class CharterVersionCreate(Schema):
    """A new version, which holds from now on."""

    example: ClassVar = {"text": "We meet once a month, for an hour.", "builds_on": 0}
    text = Prose(most=MOST_CHARACTERS, required=True)
    builds_on = Whole(
        required=True, metadata={"description": "The number of the version that you read; 0 if none."}
    )
