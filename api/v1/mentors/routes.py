"""/v1/me/mentors, and what is told of a cohort's people together"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.mentors.schemas import MyMentors, MyMentorsPut, PooledAnswer
from tenants.cohorts.models import Cohort
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
    "/cohorts/<uuid:cohort_id>/pooled-answers", Permission.GROUPS_READ, returns=PooledAnswer, parent=Cohort
)
def list_pooled_answers(session: Session, cohort_id: UUID) -> Select[Any]:
    """What you are told of a cohort's people together, once a quarter."""
    return mentors.pooled_answers(session, cohort_id=cohort_id)
