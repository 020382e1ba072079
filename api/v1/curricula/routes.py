"""Topics of a program, curricula that it offers, and what groups make of them."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.curricula.schemas import (
    Curriculum,
    CurriculumCreate,
    CurriculumPatch,
    GroupCurriculum,
    GroupCurriculumPut,
    PlannedCurriculum,
    PlannedVersion,
    Topics,
    TopicsPut,
)
from tenants.cohorts.models import Program
from tenants.groups import agreement_models as models
from tenants.groups import curricula, program_documents
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

blp = Blueprint("Curricula", description="What groups could talk about, and in which order.")
READ, WRITE = Permission.PROGRAMS_READ, Permission.PROGRAMS_WRITE
TOPICS, CURRICULA = "/programs/<uuid:program_id>/topics", "/programs/<uuid:program_id>/curricula"
ONE = "/curricula/<uuid:curriculum_id>"
OF_GROUP = "/groups/<uuid:group_id>/curriculum"


@blp.get(TOPICS, READ, returns=Topics, etag=True)
def get_topics(session: Session, program_id: UUID) -> Any:
    """What groups of the program may talk about."""
    return _shown(program_documents.document(session, program_id=program_id, kind="topics"))


@blp.put(TOPICS, WRITE, body=TopicsPut, returns=Topics, etag=True)
def put_topics(session: Session, body: dict[str, Any], program_id: UUID, if_match: IfMatch) -> Any:
    """Put a catalogue of one's own in place of what held. Groups keep what they have planned."""
    written = program_documents.write_document(
        session, program_id=program_id, kind="topics", content=body, if_match=if_match
    )
    return _shown(written)


@blp.list(CURRICULA, READ, returns=Curriculum, parent=Program)
def list_curricula(session: Session, program_id: UUID) -> Select[Any]:
    """What the program offers."""
    return curricula.curricula(program_id)


@blp.post(
    CURRICULA,
    WRITE,
    body=CurriculumCreate,
    returns=Curriculum,
    status=201,
    location="/v1/curricula/{id}",
    etag=True,
)
def create_curriculum(session: Session, body: dict[str, Any], program_id: UUID) -> models.Curriculum:
    """Offer topics in an order."""
    return curricula.create_curriculum(session, program_id=program_id, **body)


@blp.get(ONE, READ, returns=Curriculum, etag=True)
def get_curriculum(session: Session, curriculum_id: UUID) -> models.Curriculum:
    """One curriculum."""
    return row_of(session, models.Curriculum, curriculum_id)


@blp.patch(ONE, WRITE, body=CurriculumPatch, returns=Curriculum, etag=True)
def edit_curriculum(
    session: Session, body: dict[str, Any], curriculum_id: UUID, if_match: IfMatch
) -> models.Curriculum:
    """Change a curriculum. Groups keep what they made of it."""
    return curricula.edit_curriculum(session, curriculum_id=curriculum_id, changes=body, if_match=if_match)


@blp.delete(ONE, WRITE, status=204, etag=True)
def delete_curriculum(session: Session, curriculum_id: UUID, if_match: IfMatch) -> None:
    """Offer it no longer."""
    curricula.delete_curriculum(session, curriculum_id=curriculum_id, if_match=if_match)


@blp.get(OF_GROUP, Permission.GROUP_CONTENT_READ, returns=GroupCurriculum)
def get_group_curriculum(session: Session, group_id: UUID) -> curricula.GroupCurriculum:
    """What the group plans to talk about."""
    return curricula.curriculum_of_group(session, group_id=group_id)


@blp.put(
    OF_GROUP, Permission.GROUP_CONTENT_WRITE, body=GroupCurriculumPut, returns=GroupCurriculum, errors=(409,)
)
def put_group_curriculum(session: Session, body: dict[str, Any], group_id: UUID) -> curricula.GroupCurriculum:
    """Plan anew what to talk about."""
    return curricula.plan_curriculum(session, group_id=group_id, **body)


@blp.list(f"{OF_GROUP}/versions", Permission.GROUP_CONTENT_READ, returns=PlannedVersion)
def list_curriculum_versions(session: Session, group_id: UUID) -> Select[Any]:
    """What the group planned since one was let in, and what it plans now."""
    refuse_strangers(session, group_id)
    return curricula.curriculum_versions(group_id)


@blp.get(f"{OF_GROUP}/versions/<int:number>", Permission.GROUP_CONTENT_READ, returns=PlannedCurriculum)
def get_curriculum_version(session: Session, group_id: UUID, number: int) -> curricula.GroupCurriculum:
    """One version, if it is for one to read."""
    return curricula.curriculum_version(session, group_id=group_id, number=number)


def _shown(found: program_documents.Document) -> SimpleNamespace:
    return SimpleNamespace(**found.content, version=found.version, ours=found.ours)
