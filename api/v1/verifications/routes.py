"""/v1/verifications"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.verifications.schemas import Verification, VerificationCreate, VerificationQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.outcomes.verification import actions, queries

blp = Blueprint("Verifications", description="Looking into public sources for what people published or won.")
READ, WRITE = Permission.OUTCOMES_READ, Permission.OUTCOMES_WRITE


@blp.list("/verifications", READ, query=VerificationQuery, returns=Verification)
def list_verifications(session: Session, **filters: Any) -> Select[Any]:
    """The tenant's verifications."""
    return queries.verifications(**filters)


@blp.post(
    "/verifications",
    WRITE,
    body=VerificationCreate,
    returns=Verification,
    status=202,
    location="/v1/verifications/{id}",
)
def order_verification(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Look in the background; what is found waits for somebody to confirm it."""
    ordered = actions.order_verification(session, **body)
    return queries.verification(session, verification_id=ordered.id)


@blp.get("/verifications/<uuid:verification_id>", READ, returns=Verification)
def get_verification(session: Session, verification_id: UUID) -> Row[Any]:
    """One verification and how far it is."""
    return queries.verification(session, verification_id=verification_id)
