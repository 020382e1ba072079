"""/v1/groups/{group_id}/admissions"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.admissions.schemas import (
    Admission,
    AdmissionAnswer,
    AdmissionCreate,
    AdmissionQuery,
    AdmissionSettings,
)
from tenants.groups import admissions
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session

blp = Blueprint("Admissions", description="Who comes into a group: whomever none of its members objects to.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
ADMISSIONS = "/groups/<uuid:group_id>/admissions"
SETTINGS = "/groups/<uuid:group_id>/admission-settings"


@blp.list(ADMISSIONS, READ, query=AdmissionQuery, returns=Admission)
def list_admissions(session: Session, group_id: UUID, state: str | None) -> Select[Any]:
    """Who is and was proposed since one was let in."""
    refuse_strangers(session, group_id)
    return only(admissions.admissions(session, group_id), state=state)


@blp.post(
    ADMISSIONS,
    WRITE,
    body=AdmissionCreate,
    returns=Admission,
    status=201,
    location="/v1/groups/{group_id}/admissions/{id}",
    errors=(409,),
)
def propose_admission(session: Session, body: dict[str, Any], group_id: UUID) -> Row[Any]:
    """Propose somebody who waits to be let in; the other members can object until the period ends."""
    return admissions.propose(session, group_id=group_id, **body)


@blp.get(f"{ADMISSIONS}/<uuid:admission_id>", READ, returns=Admission)
def get_admission(session: Session, group_id: UUID, admission_id: UUID) -> Row[Any]:
    """One admission."""
    return admissions.admission(session, group_id=group_id, admission_id=admission_id)


@blp.put(f"{ADMISSIONS}/<uuid:admission_id>/answer", WRITE, body=AdmissionAnswer, status=204, errors=(409,))
def answer_admission(session: Session, body: dict[str, Any], group_id: UUID, admission_id: UUID) -> None:
    """Object, or say that one does not, in place of what one said before. Nobody learns who said what: both are the
    same request to whoever sees that there was one, and an objection takes effect when the period ends.
    """
    admissions.answer(session, group_id=group_id, admission_id=admission_id, **body)


@blp.get(SETTINGS, READ, returns=AdmissionSettings)
def get_admission_settings(session: Session, group_id: UUID) -> Any:
    """How the group lets people in."""
    return SimpleNamespace(objection_days=admissions.objection_days(session, group_id=group_id))


@blp.put(SETTINGS, WRITE, body=AdmissionSettings, returns=AdmissionSettings, errors=(409,))
def put_admission_settings(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Change it for whoever is proposed from now on. A shorter period holds once the one before has passed."""
    admissions.set_objection_days(session, group_id=group_id, days=body["objection_days"])
    return SimpleNamespace(**body)
