"""Invented people in a cohort."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from tenants.kernel.ids import new_id
from tenants.kernel.session import Database

_MEMBERSHIPS = text(
    "INSERT INTO membership (tenant_id, id, external_id, name)"
    " SELECT :tenant, m.id, m.external_id, 'Invented ' || m.external_id"
    "   FROM unnest(CAST(:memberships AS uuid[]), CAST(:external_ids AS text[])) AS m(id, external_id)"
)
_PARTICIPANTS = text(
    "INSERT INTO participant (tenant_id, id, cohort_id, membership_id, state, state_since, attributes)"
    " SELECT :tenant, p.id, :cohort, p.membership_id, :state, now(), p.attributes"
    "   FROM unnest(CAST(:ids AS uuid[]), CAST(:memberships AS uuid[]), CAST(:attributes AS jsonb[]))"
    "        AS p(id, membership_id, attributes)"
)


def add_participants(
    database: Database,
    tenant_id: UUID,
    cohort_id: str,
    attributes: Sequence[dict[str, Any]],
    *,
    state: str = "eligible",
    prefix: str = "P",
) -> list[str]:
    """One participant for each dict of attributes, with external ids P0, P1 …; their ids."""
    ids = [new_id() for _ in attributes]
    known = {
        "tenant": tenant_id,
        "cohort": cohort_id,
        "state": state,
        "ids": ids,
        "memberships": [new_id() for _ in attributes],
        "external_ids": [f"{prefix}{number}" for number in range(len(attributes))],
        "attributes": [orjson.dumps(each).decode() for each in attributes],
    }
    with database.tenant(tenant_id) as session:
        session.execute(_MEMBERSHIPS, known)
        session.execute(_PARTICIPANTS, known)
        session.commit()
    return [str(each) for each in ids]
