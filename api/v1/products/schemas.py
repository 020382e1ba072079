"""Products."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import UPDATED_SINCE, Choice, Day, EditableResource, PageQuery, Schema, Text, Timestamp
from tenants.outcomes.models import PRODUCT_KINDS, VISIBILITIES
from tenants.outcomes.own_products import OWN_VISIBILITIES
from tenants.outcomes.rules import IDENTIFYING, MAX_NAME, MAX_TITLE

RESOLVER = r"[Hh][Tt][Tt][Pp][Ss]?://([Dd][Xx]\.)?[Dd][Oo][Ii]\.[Oo][Rr][Gg]/|[Dd][Oo][Ii]: *"
DOI = rf"^ *({RESOLVER})?10\.[0-9]{{4,9}}/[^\s\x00-\x1f\x7f]+ *$"
VISIBILITY = {"description": "Who may know: oneself, one's group, the program, or its funders as well."}


NAMED_SOMEHOW = {
    "anyOf": [{"required": [field], "properties": {field: {"type": "string"}}} for field in IDENTIFYING]
}
MINE = {
    "description": "Who may know: oneself alone, the program, or its funders as well. One's group knows by what one"
    " links it to."
}


class ToldOfProduct(Schema):
    """What can be said of a product, beside who is behind it and who may know."""

    kind = Choice(PRODUCT_KINDS)
    title = Text(most=MAX_TITLE, allow_none=True)
    date = Day(allow_none=True)
    doi = Text(
        most=400,
        allow_none=True,
        metadata={
            "description": "With or without https://doi.org/; kept in lower case without it.",
            "pattern": DOI,
        },
    )
    pmid = Text(most=20, allow_none=True, metadata={"description": "Digits.", "pattern": "^[1-9][0-9]{0,9}$"})
    project_number = Text(most=MAX_NAME, allow_none=True)


class ProductPatch(ToldOfProduct):
    """What to change of a product."""

    visibility = Choice(VISIBILITIES, metadata=VISIBILITY)
    membership_ids = fields.List(
        fields.UUID(),
        validate=validate.Length(min=1, max=100),
        metadata={"description": "Everybody behind it; a change replaces them all."},
    )


class ProductCreate(ProductPatch):
    """Something that came out. At least one of title, doi, pmid and project_number is needed."""

    example: ClassVar = {
        "kind": "manuscript",
        "title": "An invented title",
        "doi": "10.1000/invented.1",
        "date": "2026-05-01",
        "membership_ids": ["01922b6e-0000-7000-8000-000000000004"],
    }
    across: ClassVar = NAMED_SOMEHOW
    kind = Choice(PRODUCT_KINDS, required=True)
    visibility = Choice(VISIBILITIES, load_default="program", metadata=VISIBILITY)
    membership_ids = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(min=1, max=100),
        metadata={"description": "Everybody behind it."},
    )


class AnyProduct(EditableResource):
    """Something that came out, whoever recorded it."""

    kind = fields.String()
    title = fields.String(allow_none=True)
    date = Day(allow_none=True)
    doi = fields.String(allow_none=True)
    pmid = fields.String(allow_none=True)
    project_number = fields.String(allow_none=True)
    visibility = fields.String()


class Product(AnyProduct):
    """Something that came out."""

    membership_ids = fields.List(fields.UUID())


class ProductQuery(PageQuery):
    """Which products."""

    membership_id = fields.UUID(load_default=None)
    kind = Choice(PRODUCT_KINDS, load_default=None)
    updated_since = Timestamp(load_default=None, metadata=UPDATED_SINCE)


class OwnProductPatch(ToldOfProduct):
    """What to change of a product of one's own."""

    visibility = Choice(OWN_VISIBILITIES, metadata=MINE)


class OwnProductCreate(OwnProductPatch):
    """Something that came out, and that one is behind. One of title, doi, pmid and project_number is needed."""

    example: ClassVar = {"kind": "talk", "title": "An invented talk", "date": "2026-05-01"}
    across: ClassVar = NAMED_SOMEHOW
    kind = Choice(PRODUCT_KINDS, required=True)
    visibility = Choice(OWN_VISIBILITIES, load_default="me", metadata=MINE)


class OwnProduct(AnyProduct):
    """Something that came out, and that one is behind."""

    own = fields.Boolean(
        metadata={"description": "One recorded it oneself; the rest is the tenant's to change."}
    )


class OwnProductQuery(PageQuery):
    """Which of them."""

    kind = Choice(PRODUCT_KINDS, load_default=None)
