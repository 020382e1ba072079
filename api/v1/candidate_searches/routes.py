"""/v1/candidate-searches, and /v1/me/candidate-searches"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.candidate_searches.schemas import CandidateSearch, CandidateSearchCreate
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.outcomes.verification import candidates

blp = Blueprint("Candidate searches", description="Peers to invite, found among public awards.")
READ, WRITE = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE
HERS, BY_HER = Permission.ME_READ, Permission.ME_WRITE
OWN = "/me/candidate-searches"


@blp.list("/candidate-searches", READ, returns=CandidateSearch)
def list_candidate_searches(session: Session) -> Select[Any]:
    """The tenant's searches of the last 30 days."""
    return candidates.searches(None)


@blp.post(
    "/candidate-searches",
    WRITE,
    body=CandidateSearchCreate,
    returns=CandidateSearch,
    status=202,
    location="/v1/candidate-searches/{id}",
)
def order_candidate_search(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Search public awards in the background. Nobody is written to."""
    ordered = candidates.order_search(session, **body)
    return candidates.search_shown(session, candidate_search_id=ordered.id, author_id=None)


@blp.get("/candidate-searches/<uuid:candidate_search_id>", READ, returns=CandidateSearch)
def get_candidate_search(session: Session, candidate_search_id: UUID) -> Row[Any]:
    """One search, and what it found."""
    return candidates.search_shown(session, candidate_search_id=candidate_search_id, author_id=None)


@blp.list(OWN, HERS, returns=CandidateSearch)
def list_my_candidate_searches(session: Session) -> Select[Any]:
    """One's own searches of the last 30 days, which nobody else sees."""
    return candidates.searches(g.caller.membership_id)


@blp.post(
    OWN,
    BY_HER,
    body=CandidateSearchCreate,
    returns=CandidateSearch,
    status=202,
    location="/v1/me/candidate-searches/{id}",
)
def order_my_candidate_search(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Search public awards in the background, for oneself. Nobody is written to."""
    me = g.caller.membership_id
    ordered = candidates.order_search(session, **body, author_id=me)
    return candidates.search_shown(session, candidate_search_id=ordered.id, author_id=me)


@blp.get(f"{OWN}/<uuid:own_candidate_search_id>", HERS, returns=CandidateSearch)
def get_my_candidate_search(session: Session, own_candidate_search_id: UUID) -> Row[Any]:
    """One of them, and what it found."""
    me = g.caller.membership_id
    return candidates.search_shown(session, candidate_search_id=own_candidate_search_id, author_id=me)
