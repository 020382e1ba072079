"""Products."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import UPDATED_SINCE, Choice, Day, EditableResource, PageQuery, Schema, Text, Timestamp
from tenants.outcomes.models import PRODUCT_KINDS, RELATIONS, ROLES, STATES, VISIBILITIES
from tenants.outcomes.own_products import OWN_VISIBILITIES
from tenants.outcomes.rules import IDENTIFYING, MAX_NAME, MAX_TITLE

RESOLVER = r"[Hh][Tt][Tt][Pp][Ss]?://([Dd][Xx]\.)?[Dd][Oo][Ii]\.[Oo][Rr][Gg]/|[Dd][Oo][Ii]: *"
DOI = rf"^ *({RESOLVER})?10\.[0-9]{{4,9}}/[^\s\x00-\x1f\x7f]+ *$"
VISIBILITY = {"description": "Who may know: oneself, one's group, the program, or its funders as well."}


NAMED_SOMEHOW = {
    "anyOf": [{"required": [field], "properties": {field: {"type": "string"}}} for field in IDENTIFYING]
}
MINE = {
    "description": "Who may know: oneself alone, the program, or its funders as well. What one shows a group of one's"
    " own is `group` where the program may not know."
}
STATE = {"description": "Of a manuscript, a proposal or a supplement: how far it has come, as of its date."}
ROLE = {"description": "informal: who helped, and of whom the product says nothing."}
RELATION = {
    "description": "What she is to it. Of a nomination there are a nominator and a nominee: who named whom."
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
    state = Choice(STATES, metadata=STATE)
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
    state = fields.String(
        allow_none=True,
        metadata={"description": "The last of its states; null: its kind has none, or none is known."},
    )
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
    role = Choice(ROLES, metadata=ROLE)
    relation = Choice(RELATIONS, allow_none=True, metadata=RELATION)


class OwnProductCreate(OwnProductPatch):
    """Something that came out, and that one is behind. One of title, doi, pmid and project_number is needed."""

    example: ClassVar = {"kind": "talk", "title": "An invented talk", "date": "2026-05-01"}
    across: ClassVar = NAMED_SOMEHOW
    kind = Choice(PRODUCT_KINDS, required=True)
    state = Choice(STATES, metadata=STATE)
    visibility = Choice(OWN_VISIBILITIES, load_default="me", metadata=MINE)


class OwnProduct(AnyProduct):
    """Something that came out, and that one is behind."""

    own = fields.Boolean(
        metadata={"description": "One recorded it oneself; the rest is the tenant's to change."}
    )
    role = fields.String(metadata=ROLE)
    relation = fields.String(allow_none=True, metadata=RELATION)


class OwnProductQuery(PageQuery):
    """Which of them."""

    kind = Choice(PRODUCT_KINDS, load_default=None)


class StateCreate(Schema):
    """That a product came into a state."""

    example: ClassVar = {"state": "submitted", "date": "2026-05-01"}
    state = Choice(STATES, required=True)
    date = Day(
        allow_none=True,
        metadata={"description": "When, as one knows it; null: it counts as of the day it is told."},
    )


class ProductState(Schema):
    """A state that a product came into."""

    id = fields.UUID()
    state = fields.String()
    date = Day(allow_none=True)
    created_at = Timestamp(metadata={"description": "When it was told."})


class ContributorPut(Schema):
    """How somebody is behind a product."""

    role = Choice(ROLES, load_default="formal", metadata=ROLE)
    relation = Choice(RELATIONS, allow_none=True, load_default=None, metadata=RELATION)


class Contributor(Schema):
    """Somebody behind a product."""

    id = fields.UUID()
    membership_id = fields.UUID()
    role = fields.String(metadata=ROLE)
    relation = fields.String(allow_none=True, metadata=RELATION)
    by_herself = fields.Boolean(metadata={"description": "She says so herself."})
    created_at = Timestamp()


class GroupProduct(Schema):
    """Something that came out, as a group sees it."""

    id = fields.UUID()
    kind = fields.String()
    title = fields.String(allow_none=True)
    date = Day(allow_none=True)
    doi = fields.String(allow_none=True)
    pmid = fields.String(allow_none=True)
    project_number = fields.String(allow_none=True)
    state = fields.String(allow_none=True)
    shown_by = fields.List(
        fields.UUID(), metadata={"description": "The memberships that show it to the group."}
    )
    agenda_item_ids = fields.List(fields.UUID(), metadata={"description": "The items that name it."})
    action_ids = fields.List(fields.UUID(), metadata={"description": "The actions that name it."})


class OutcomeKind(Schema):
    """A kind, and where reports put it."""

    name = fields.String()
    description = fields.String()
    rppr = fields.String(
        allow_none=True, metadata={"description": "null: such a report has no place for it."}
    )
    outcome_type = fields.String(allow_none=True, metadata={"description": "null: there is none for it."})
    states = fields.List(
        fields.String(), metadata={"description": "What it can go through; empty: it has no states."}
    )


class OutcomeKinds(Schema):
    """All kinds."""

    products = fields.List(fields.Nested(OutcomeKind))
    career_events = fields.List(fields.Nested(OutcomeKind))
    rppr = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Places in a Research Performance Progress Report, as NIH lays it out."},
    )
    outcome_types = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Researchfish's common outcome types."},
    )
