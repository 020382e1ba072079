"""What funders ask you to contribute to reports of several institutions."""

from marshmallow import fields, validate

from api.fields import Choice, Day, Object, PageQuery, Resource, Schema, Text
from tenants.reporting.metrics.award_lists import CHOICES
from tenants.reporting.pools.asked import STATES
from tenants.reporting.pools.models import HINDRANCES

MOST = 1_000_000_000


class ContributionRequestQuery(PageQuery):
    """Which requests."""

    state = Choice(STATES, load_default=None)


class ContributionRequest(Resource):
    """What a funder asks you to contribute."""

    sharing_agreement_id = fields.UUID()
    pooled_report_id = fields.UUID(metadata={"description": "The funder's; equal where it asks anew."})
    from_name = fields.String(metadata={"description": "Who asks."})
    title = fields.String()
    funder = fields.String(
        metadata={"description": "It is about those alone who agreed to be shared with it."}
    )
    as_of = Day()
    metrics = fields.List(fields.String())
    award_list = fields.String(
        metadata={
            "enum": list(CHOICES),
            "description": "By which major awards are counted, of all who contribute.",
        }
    )
    program_id = fields.UUID(
        allow_none=True,
        metadata={"description": "Your program that is counted; null: you declare. Told to you alone."},
    )
    state = fields.String(
        metadata={
            "enum": list(STATES),
            "description": "contributed: sealed, readable by nobody, and deleted once it is pooled. superseded: the "
            "funder asked anew, as too much had changed.",
        }
    )
    hindrance = fields.String(
        allow_none=True,
        metadata={
            "enum": [*HINDRANCES, None],
            "description": "Why nothing could be contributed, told to you alone. other_award_list: what left of your "
            "program counts major awards by another list, and by two a few people could be told from the difference.",
        },
    )


class DeclaredRow(Schema):
    """A number of one table."""

    table = Text(
        most=100, required=True, metadata={"description": "A table of people of the metrics asked for."}
    )
    at = Object(
        most=20,
        keys=Text(most=100),
        values=Text(most=300),
        required=True,
        metadata={"description": "A code for each of its dimensions, one that has none below it."},
    )
    count = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=MOST),
        metadata={"description": "People who agreed to be shared with the funder."},
    )


class Declaration(Schema):
    """What you contribute, row by row."""

    rows = fields.List(
        fields.Nested(DeclaredRow),
        required=True,
        validate=validate.Length(min=1, max=10_000),
        metadata={
            "description": "What a table has no row for is 0; a table without any row is not contributed. All tables "
            "count the same people: their sums agree."
        },
    )
    award_list = Choice(
        CHOICES,
        metadata={
            "description": "By which you counted major awards, that of the request; with rows of these."
        },
    )
