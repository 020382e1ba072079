"""/v1/me/mentors, and what is told of a program's people together"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.mentors.schemas import MyMentors, MyMentorsPut, PooledAnswer
from tenants.cohorts.models import Program
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.support import mentors

blp = Blueprint("Other mentors", description="Whom one has beside one's group, for one's own eyes.")


@blp.get("/me/mentors", Permission.GROUP_CONTENT_READ, returns=MyMentors, errors=(403,))
def get_my_mentors(session: Session) -> dict[str, Any]:
    """The other mentors whom one has."""
    return mentors.own_mentors(session)


@blp.put("/me/mentors", Permission.GROUP_CONTENT_WRITE, body=MyMentorsPut, returns=MyMentors, errors=(403,))
def put_my_mentors(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    """Say whom one has, in place of what one said before."""
    return mentors.name_mentors(session, **body)


@blp.list(
    "/programs/<uuid:program_id>/pooled-answers", Permission.GROUPS_READ, returns=PooledAnswer, parent=Program
)
def list_pooled_answers(session: Session, program_id: UUID) -> Select[Any]:
    """What you are told of a program's people in groups together, once a quarter."""
    return mentors.pooled_answers(session, program_id=program_id)
