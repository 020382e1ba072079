"""/v1/people"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.people.schemas import PeopleQuery, Person, PersonCreate, PersonPatch
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.people import actions, models, queries

blp = Blueprint("People", description="The tenant's people, in a cohort or not.")
READ, WRITE = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE


@blp.list("/people", READ, query=PeopleQuery, returns=Person)
def list_people(session: Session, external_id: str | None, joined: bool | None) -> Select[Any]:
    """Everybody of the tenant."""
    return queries.people(external_id=external_id, joined=joined)


@blp.post(
    "/people",
    WRITE,
    body=PersonCreate,
    returns=Person,
    status=201,
    location="/v1/people/{id}",
    etag=True,
    errors=(409,),
)
def add_person(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Add somebody who is in no roster: a colleague who is to have a role, perhaps."""
    return _shown(session, actions.add_person(session, **body).id)


@blp.get("/people/<uuid:membership_id>", READ, returns=Person, etag=True)
def get_person(session: Session, membership_id: UUID) -> Row[Any]:
    """One person of the tenant."""
    return _shown(session, membership_id)


@blp.patch("/people/<uuid:membership_id>", WRITE, body=PersonPatch, returns=Person, etag=True, errors=(409,))
def edit_person(session: Session, body: dict[str, Any], membership_id: UUID, if_match: IfMatch) -> Row[Any]:
    """Correct what the tenant says of somebody."""
    actions.edit_person(
        session, giver=g.caller.giver, membership_id=membership_id, changes=body, if_match=if_match
    )
    return _shown(session, membership_id)


def _shown(session: Session, membership_id: UUID) -> Row[Any]:
    return one(session, queries.people().where(models.Membership.id == membership_id), "person")
