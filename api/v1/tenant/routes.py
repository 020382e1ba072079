"""/v1/tenant"""

from typing import Any

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.tenant.schemas import Tenant, TenantPatch
from tenants.institutions import actions, models
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session

blp = Blueprint("Tenant", description="The tenant itself.")


@blp.get("/tenant", Permission.TENANT_READ, returns=Tenant, etag=True)
def get_tenant(session: Session) -> models.Tenant:
    """The tenant of this token."""
    return session.get_one(models.Tenant, session.tenant_id)


@blp.patch("/tenant", Permission.TENANT_WRITE, body=TenantPatch, returns=Tenant, etag=True)
def edit_tenant(session: Session, body: dict[str, Any], if_match: IfMatch) -> models.Tenant:
    """Change the tenant's name, or below which count nothing leaves."""
    return actions.edit_tenant(session, changes=body, if_match=if_match)
