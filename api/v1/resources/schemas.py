"""Resources on shelves."""

from typing import Any, ClassVar

from marshmallow import fields

from api.fields import Choice, Day, Flag, Link, PageQuery, Prose, Schema, Text, Timestamp
from api.group_words import Sealed, Whose
from tenants.support.resource_models import KINDS, SCOPES

LICENCE = {"description": "What others may do with it."}
FILE = {"description": "Of the file; null while there is none."}


class ResourceQuery(PageQuery):
    """Which of them."""

    kind = Choice(KINDS, load_default=None)
    scope = Choice(("group", *SCOPES), load_default=None)


class SharedResourceQuery(PageQuery):
    """Which of them."""

    kind = Choice(KINDS, load_default=None)


class Resource(Schema):
    """A link or a file on a group's shelf. Only its members see it."""

    id = fields.UUID()
    author_id = Whose(metadata={"description": "Whoever put it there; a membership."})
    kind = fields.String(metadata={"description": ", ".join(KINDS)})
    title = Sealed("resource")
    licence = Sealed("resource", metadata=LICENCE)
    url = Sealed("resource")
    note = Sealed("resource")
    as_of = fields.Date(allow_none=True)
    file_name = Sealed("resource")
    media_type = fields.String(allow_none=True, metadata=FILE)
    size = fields.Integer(allow_none=True, metadata=FILE)
    sha256 = Sealed("resource", metadata=FILE)
    scope = fields.String(metadata={"description": "group, or tenant or network where it is shared"})
    shared_id = fields.UUID(
        allow_none=True,
        metadata={"description": "Of the copy on the tenant's shelf; null: it is not shared."},
    )
    written_at = Timestamp()
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class ResourceCreate(Schema):
    """Something for the group's shelf: a link, or what will be given a file."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "guidance",
        "title": "How we write specific aims",
        "licence": "CC BY 4.0",
        "url": "https://aims.example/guide",
    }
    kind = Choice(KINDS, required=True)
    title = Text(most=300, required=True)
    licence = Text(most=300, required=True, metadata=LICENCE)
    url = Link(allow_none=True)
    note = Prose(most=5000, allow_none=True)
    as_of = Day(allow_none=True)
    file_name = Text(most=100, allow_none=True, metadata={"description": "What a download is called."})


class ResourcePatch(Schema):
    """Changes."""

    kind = Choice(KINDS)
    title = Text(most=300)
    licence = Text(most=300, metadata=LICENCE)
    url = Link(allow_none=True)
    note = Prose(most=5000, allow_none=True)
    as_of = Day(allow_none=True)
    file_name = Text(most=100, allow_none=True)


class Share(Schema):
    """That everybody in the tenant is to see it, or in all tenants."""

    example: ClassVar[dict[str, Any]] = {"scope": "tenant", "licence_confirmed": True, "named": False}
    scope = Choice(
        SCOPES,
        required=True,
        metadata={
            "description": "network: a link, for the people of every tenant of this deployment as well."
        },
    )
    licence_confirmed = Flag(required=True, metadata={"description": "Its licence lets others have it."})
    named = Flag(load_default=False, metadata={"description": "Show one's name with it."})


class SharedResource(Schema):
    """A copy on the tenant's shelf."""

    id = fields.UUID()
    kind = fields.String()
    title = fields.String(allow_none=True)
    licence = fields.String(allow_none=True, metadata=LICENCE)
    url = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    as_of = fields.Date(allow_none=True)
    file_name = fields.String(allow_none=True)
    media_type = fields.String(allow_none=True, metadata=FILE)
    size = fields.Integer(allow_none=True, metadata=FILE)
    sha256 = fields.String(allow_none=True, metadata=FILE)
    owner_name = fields.String(allow_none=True, metadata={"description": "null: she is not named."})
    created_at = Timestamp()


class NetworkResource(Schema):
    """A link that somebody in some tenant shows all of them."""

    id = fields.UUID()
    institution = fields.String(metadata={"description": "The tenant's name."})
    owner_name = fields.String(allow_none=True, metadata={"description": "null: she is not named."})
    kind = fields.String()
    title = fields.String()
    licence = fields.String(metadata=LICENCE)
    url = fields.String()
    note = fields.String(allow_none=True)
    as_of = fields.Date(allow_none=True)
    shared_on = fields.Date()
