"""What one wrote."""

from marshmallow import fields

from api.fields import Schema, Timestamp
from api.group_words import SealedWords


class OwnWords(Schema):
    """Something that one wrote in a group."""

    id = fields.UUID()
    kind = fields.String(metadata={"description": "What it is, such as ask or charter_version."})
    written_at = Timestamp()
    words = SealedWords(metadata={"description": "By name, texts or lists."})
