"""Findings."""

from marshmallow import fields

from api.fields import Choice, Day, PageQuery, Resource, Timestamp
from tenants.outcomes.models import PRODUCT_KINDS
from tenants.outcomes.verification.models import DECIDERS, KINDS, MATCHED_BY, STATES
from tenants.outcomes.verification.sources import SOURCES


class Finding(Resource):
    """Something that public sources say, and that is perhaps somebody's."""

    membership_id = fields.UUID()
    kind = fields.String(metadata={"enum": list(KINDS)})
    product_kind = fields.String(
        metadata={"enum": list(PRODUCT_KINDS), "description": "What it becomes, if it is a product."}
    )
    title = fields.String(allow_none=True)
    date = Day(
        allow_none=True,
        metadata={"description": "Of publication, or of the notice of award; the first day that it can be."},
    )
    doi = fields.String(allow_none=True)
    pmid = fields.String(allow_none=True)
    project_number = fields.String(
        allow_none=True, metadata={"description": "Of an NIH award, what all its years share."}
    )
    code = fields.String(allow_none=True, metadata={"description": "An award's activity code."})
    institution = fields.String(allow_none=True, metadata={"description": "As it is printed with the name."})
    organization_id = fields.String(
        allow_none=True, metadata={"description": "Its ROR id, where the name says for certain which it is."}
    )
    sources = fields.List(fields.String(metadata={"enum": list(SOURCES)}))
    matched_by = fields.String(metadata={"enum": list(MATCHED_BY)})
    score = fields.Float(metadata={"description": "0 to 1: how sure that way of matching is."})
    state = fields.String(metadata={"enum": list(STATES)})
    decided_at = Timestamp(allow_none=True)
    decided_by = fields.String(allow_none=True, metadata={"enum": [*DECIDERS, None]})
    product_id = fields.UUID(allow_none=True, metadata={"description": "What it became, once confirmed."})
    career_event_id = fields.UUID(allow_none=True)


class OwnFindingQuery(PageQuery):
    """Which of them."""

    state = Choice(STATES, load_default=None)
    kind = Choice(KINDS, load_default=None)


class FindingQuery(OwnFindingQuery):
    """Which findings."""

    membership_id = fields.UUID(load_default=None)
