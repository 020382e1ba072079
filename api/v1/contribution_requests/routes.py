"""/v1/contribution-requests"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.contribution_requests.schemas import (
    ContributionRequest,
    ContributionRequestQuery,
    Declaration,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.reporting.pools import asked, declaring

blp = Blueprint(
    "Contribution requests",
    description="What funders ask you to contribute to reports of several institutions.",
)
READ, SIGN = Permission.REPORTS_READ, Permission.RELEASES_APPROVE
ONE = "/contribution-requests/<uuid:contribution_request_id>"


@blp.list("/contribution-requests", READ, query=ContributionRequestQuery, returns=ContributionRequest)
def list_contribution_requests(session: Session, state: str | None) -> Select[Any]:
    """What you are asked for. What is counted here is sealed by itself; what you declare waits for you."""
    return only(asked.contribution_requests(session), state=state)


@blp.get(ONE, READ, returns=ContributionRequest)
def get_contribution_request(session: Session, contribution_request_id: UUID) -> Any:
    """One of them."""
    return asked.contribution_request(session, contribution_request_id)


@blp.put(f"{ONE}/declaration", SIGN, body=Declaration, returns=ContributionRequest, errors=(409,))
def declare_contribution(session: Session, body: dict[str, Any], contribution_request_id: UUID) -> Any:
    """Contribute numbers of your own, where you run no program here. They are sealed: nobody can read them again."""
    declaring.declare(session, contribution_request_id=contribution_request_id, **body)
    return asked.contribution_request(session, contribution_request_id)


@blp.put(f"{ONE}/refusal", SIGN, returns=ContributionRequest, errors=(409,))
def decline_contribution(session: Session, contribution_request_id: UUID) -> Any:
    """Take no part, as long as the pool is not made."""
    asked.decline(session, contribution_request_id=contribution_request_id)
    return asked.contribution_request(session, contribution_request_id)
