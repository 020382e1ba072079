"""Organizations."""

from marshmallow import fields

from api.fields import Pattern, Schema, Text


class OrganizationQuery(Schema):
    """A printed name, and what is known of the place beside it."""

    affiliation = Text(most=1000, required=True)
    city = Text(most=100, load_default=None)
    region = Text(most=100, load_default=None, metadata={"description": "Of a state, its two letters."})
    country_code = Text(
        most=2,
        validate=Pattern(r"^[A-Za-z]{2}$", error="Give two letters."),
        load_default=None,
        metadata={"description": "Two letters, ISO 3166, in either letter case."},
    )


class OrganizationMatch(Schema):
    """An organization that may be meant."""

    id = fields.String(metadata={"description": "Its ROR id."})
    name = fields.String()
    city = fields.String(allow_none=True)
    region = fields.String(allow_none=True)
    country_code = fields.String(allow_none=True)
    score = fields.Float(metadata={"description": "0 to 1"})
    chosen = fields.Boolean(
        metadata={"description": "Whether it is taken to be the one; of at most one it is."}
    )


class OrganizationMatches(Schema):
    """What a printed name may mean."""

    affiliation = fields.String()
    candidates = fields.List(
        fields.Nested(OrganizationMatch), metadata={"description": "The surest first, at most ten."}
    )
