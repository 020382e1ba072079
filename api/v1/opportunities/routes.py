"""/v1/opportunities, and /v1/me/opportunities"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.opportunities.schemas import (
    MyOpportunityQuery,
    Opportunity,
    OpportunityCreate,
    OpportunityPatch,
    OpportunityQuery,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only, row_of
from tenants.kernel.session import Session
from tenants.support import models, opportunities

blp = Blueprint("Opportunities", description="Supplements, calls and awards, and until when to apply.")
READ, WRITE = Permission.PROGRAMS_READ, Permission.PROGRAMS_WRITE
OPPORTUNITY = "/opportunities/<uuid:opportunity_id>"


@blp.list("/opportunities", READ, query=OpportunityQuery, returns=Opportunity)
def list_opportunities(
    session: Session,
    open: bool,  # noqa: A002  the parameter's name
    kind: str | None,
) -> Select[Any]:
    """The board."""
    return only(opportunities.opportunities(open), kind=kind)


@blp.post(
    "/opportunities",
    WRITE,
    body=OpportunityCreate,
    returns=Opportunity,
    status=201,
    location="/v1/opportunities/{id}",
    etag=True,
)
def post_opportunity(session: Session, body: dict[str, Any]) -> models.Opportunity:
    """Put something on it."""
    return opportunities.post_opportunity(session, **body)


@blp.get(OPPORTUNITY, READ, returns=Opportunity, etag=True)
def get_opportunity(session: Session, opportunity_id: UUID) -> models.Opportunity:
    """One of them."""
    return row_of(session, models.Opportunity, opportunity_id)


@blp.patch(OPPORTUNITY, WRITE, body=OpportunityPatch, returns=Opportunity, etag=True)
def edit_opportunity(
    session: Session, body: dict[str, Any], opportunity_id: UUID, if_match: IfMatch
) -> models.Opportunity:
    """Change what it says."""
    return opportunities.edit_opportunity(
        session, opportunity_id=opportunity_id, changes=body, if_match=if_match
    )


@blp.delete(OPPORTUNITY, WRITE, status=204, etag=True)
def remove_opportunity(session: Session, opportunity_id: UUID, if_match: IfMatch) -> None:
    """Take it off the board."""
    opportunities.remove_opportunity(session, opportunity_id=opportunity_id, if_match=if_match)


@blp.list("/me/opportunities", Permission.ME_READ, query=MyOpportunityQuery, returns=Opportunity)
def list_my_opportunities(session: Session, kind: str | None) -> Select[Any]:
    """What one could still apply for."""
    return only(opportunities.opportunities_of_member(g.caller.membership_id), kind=kind)
