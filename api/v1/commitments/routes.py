"""/v1/participants/{participant_id}/commitment, and /v1/me/commitments"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.commitments.schemas import Commitment, CommitmentPut, Kept, KeptPut, MyCommitment
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.support import care_models, commitments

blp = Blueprint(
    "Commitments", description="Protected time that sponsors promised, and whether the promise is kept."
)
READ, WRITE = Permission.PARTICIPANTS_READ, Permission.PARTICIPANTS_WRITE
COMMITMENT = "/participants/<uuid:participant_id>/commitment"


@blp.get(COMMITMENT, READ, returns=Commitment, etag=True)
def get_commitment(session: Session, participant_id: UUID) -> care_models.SponsorCommitment:
    """What was promised to a participant."""
    return commitments.commitment_of(session, participant_id=participant_id)


@blp.put(COMMITMENT, WRITE, body=CommitmentPut, returns=Commitment, etag=True)
def put_commitment(
    session: Session, body: dict[str, Any], participant_id: UUID, if_match: IfMatch
) -> care_models.SponsorCommitment:
    """Record what was promised, in place of what was before; `If-Match: "0"` where nothing was."""
    return commitments.record_commitment(session, participant_id=participant_id, if_match=if_match, **body)


@blp.delete(COMMITMENT, WRITE, status=204, etag=True)
def delete_commitment(session: Session, participant_id: UUID, if_match: IfMatch) -> None:
    """Record that there is no promise."""
    commitments.withdraw_commitment(session, participant_id=participant_id, if_match=if_match)


@blp.list("/me/commitments", Permission.GROUP_CONTENT_READ, returns=MyCommitment)
def list_my_commitments(session: Session) -> Select[Any]:
    """What was promised to one, and whether it is kept, as one said."""
    return commitments.commitments_of(g.caller.membership_id)


@blp.put(
    "/me/commitments/<uuid:commitment_id>/answer",
    Permission.GROUP_CONTENT_WRITE,
    body=KeptPut,
    returns=Kept,
    errors=(403,),
)
def say_whether_kept(session: Session, body: dict[str, Any], commitment_id: UUID) -> dict[str, Any]:
    """Say for oneself whether it is kept."""
    commitments.say_whether_kept(session, commitment_id=commitment_id, **body)
    return body
