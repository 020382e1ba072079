"""/v1/role-grants"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.role_grants.schemas import RoleGrant, RoleGrantCreate, RoleGrantQuery
from tenants.access import connections
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.people import models, roles

blp = Blueprint("Role grants", description="Who holds which role, where and until when.")
READ, WRITE = Permission.PEOPLE_READ, Permission.ROLES_GRANT


@blp.list("/role-grants", READ, query=RoleGrantQuery, returns=RoleGrant)
def list_role_grants(session: Session, membership_id: UUID | None) -> Select[Any]:
    """Who holds which role; expired ones too."""
    return roles.role_grants(membership_id=membership_id)


@blp.post(
    "/role-grants",
    WRITE,
    body=RoleGrantCreate,
    returns=RoleGrant,
    status=201,
    location="/v1/role-grants/{id}",
)
def grant_role(session: Session, body: dict[str, Any]) -> models.RoleGrant:
    """Give a role. Nobody gives more than they hold; only owners make owners.

    The open invitation of somebody who has not joined is taken back: invite her anew.
    """
    return roles.grant_role(session, giver=g.caller.giver, **body)


@blp.get("/role-grants/<uuid:role_grant_id>", READ, returns=RoleGrant)
def get_role_grant(session: Session, role_grant_id: UUID) -> models.RoleGrant:
    """One role that somebody holds."""
    return row_of(session, models.RoleGrant, role_grant_id, "role")


@blp.delete("/role-grants/<uuid:role_grant_id>", WRITE, status=204, errors=(409,))
def revoke_role(session: Session, role_grant_id: UUID) -> None:
    """Take a role away, now. The last owner's stays."""
    connections.take_role(session, giver=g.caller.giver, role_grant_id=role_grant_id)
