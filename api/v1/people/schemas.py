"""People of the tenant."""

from typing import ClassVar

from marshmallow import fields

from api.fields import EditableResource, Email, PageQuery, QueryFlag, Schema, Text


class Person(EditableResource):
    """Somebody as the tenant knows them. What they say of themselves outranks what the roster says."""

    external_id = fields.String()
    name = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    joined = fields.Boolean(metadata={"description": "Somebody has signed in as this person."})


class PersonCreate(Schema):
    """Somebody who is in no roster."""

    example: ClassVar = {"external_id": "staff-7", "name": "Invented Person", "email": "person@example.org"}
    external_id = Text(most=200)
    name = Text(most=200)
    email = Email()


class PersonPatch(Schema):
    """What the tenant says of somebody."""

    external_id = Text(most=200)
    name = Text(most=200, allow_none=True)
    email = Email(allow_none=True)


class PeopleQuery(PageQuery):
    """Which people."""

    external_id = Text(most=200, load_default=None)
    joined = QueryFlag(load_default=None)
