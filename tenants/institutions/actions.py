"""Opening and editing a tenant."""

import re
from typing import Any

from sqlalchemy.exc import IntegrityError

from tenants.institutions.models import SLUG, Tenant
from tenants.kernel import events
from tenants.kernel.errors import Conflict, Invalid
from tenants.kernel.rows import Version, edited
from tenants.kernel.session import Session

LONGEST_NAME = 200


def open_tenant(session: Session, *, kind: str, slug: str, name: str) -> Tenant:
    """Make the row of the session's own, new tenant id.

    Raises Invalid for a slug or a name of a wrong form, Conflict "slug_taken" for a slug in use.
    """
    if not re.fullmatch(SLUG, slug):
        raise Invalid.field(
            "/slug", "invalid", "A slug has up to 63 lower-case letters, digits and inner hyphens."
        )
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid.field("/name", "invalid", f"A name has 1 to {LONGEST_NAME} printable characters.")
    tenant = Tenant(id=session.tenant_id, kind=kind, slug=slug, name=name.strip())
    session.add(tenant)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"The slug {slug} is taken.", code="slug_taken") from error
    events.record(session, "tenant.opened", subject_id=tenant.id, changed=("kind", "slug", "name"))
    return tenant


def edit_tenant(session: Session, *, changes: dict[str, Any], if_match: Version) -> Tenant:
    """Change what the tenant says of itself. Raises StaleVersion."""
    tenant = session.get_one(Tenant, session.tenant_id)
    changed = edited(tenant, changes, if_match=if_match)
    if changed:
        events.record(session, "tenant.updated", subject_id=tenant.id, changed=changed)
    return tenant
