"""/v1/programs and /v1/attributes"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.programs.schemas import (
    Attribute,
    AttributeCreate,
    AttributePatch,
    Program,
    ProgramCreate,
    ProgramPatch,
)
from tenants.cohorts import actions, models, queries
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching.actions import create_recipe_of_template

blp = Blueprint("Programs", description="What an institution runs, and what it knows of its participants.")
READ, WRITE = Permission.PROGRAMS_READ, Permission.PROGRAMS_WRITE


@blp.list("/programs", READ, returns=Program)
def list_programs(session: Session) -> Select[Any]:
    """The tenant's programs."""
    return queries.programs()


@blp.post(
    "/programs",
    WRITE,
    body=ProgramCreate,
    returns=Program,
    status=201,
    location="/v1/programs/{id}",
    etag=True,
)
def create_program(session: Session, body: dict[str, Any]) -> models.Program:
    """Make a program from nothing, or from a template with its attributes, words and recipe."""
    program = actions.create_program(session, template_key=body.pop("template", None), **body)
    create_recipe_of_template(session, program=program)
    return program


@blp.get("/programs/<uuid:program_id>", READ, returns=Program, etag=True)
def get_program(session: Session, program_id: UUID) -> models.Program:
    """One program."""
    return row_of(session, models.Program, program_id)


@blp.patch("/programs/<uuid:program_id>", WRITE, body=ProgramPatch, returns=Program, etag=True)
def edit_program(
    session: Session, body: dict[str, Any], program_id: UUID, if_match: IfMatch
) -> models.Program:
    """Change a program's name or words."""
    return actions.edit_program(session, program_id=program_id, changes=body, if_match=if_match)


@blp.list("/programs/<uuid:program_id>/attributes", READ, returns=Attribute, errors=(404,))
def list_attributes(session: Session, program_id: UUID) -> Select[Any]:
    """What this program knows of its participants."""
    row_of(session, models.Program, program_id)
    return queries.attributes_of_program(program_id)


@blp.post(
    "/programs/<uuid:program_id>/attributes",
    WRITE,
    body=AttributeCreate,
    returns=Attribute,
    status=201,
    location="/v1/attributes/{id}",
    etag=True,
)
def create_attribute(session: Session, body: dict[str, Any], program_id: UUID) -> models.Attribute:
    """Define something to know of participants."""
    return actions.create_attribute(session, program_id=program_id, **body)


@blp.get("/attributes/<uuid:attribute_id>", READ, returns=Attribute, etag=True)
def get_attribute(session: Session, attribute_id: UUID) -> models.Attribute:
    """One attribute with its levels."""
    return row_of(session, models.Attribute, attribute_id)


@blp.patch("/attributes/<uuid:attribute_id>", WRITE, body=AttributePatch, returns=Attribute, etag=True)
def edit_attribute(
    session: Session, body: dict[str, Any], attribute_id: UUID, if_match: IfMatch
) -> models.Attribute:
    """Change an attribute; its key and kind stay."""
    return actions.edit_attribute(session, attribute_id=attribute_id, changes=body, if_match=if_match)


@blp.delete("/attributes/<uuid:attribute_id>", WRITE, status=204, etag=True)
def delete_attribute(session: Session, attribute_id: UUID, if_match: IfMatch) -> None:
    """Remove an attribute that nobody has a value of."""
    actions.delete_attribute(session, attribute_id=attribute_id, if_match=if_match)
