"""Who of an institution has an award that a funder lists in an agreement."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal_column, select

from tenants.kernel.errors import Conflict
from tenants.kernel.session import Session
from tenants.outcomes.identity import core_project_number
from tenants.outcomes.identity_sql import core_of
from tenants.outcomes.models import CareerEvent
from tenants.reporting.agreements import agreement


def matches(session: Session, *, agreement_id: UUID) -> Select[Any]:
    """The institution's own people with an award of an agreement's list. The other side is never told.

    Project numbers are held against each other without their type of application and support year.
    Raises NotFound, and Conflict "not_yours" for the funder's side.
    """
    found = agreement(session, agreement_id)
    if found.role != "institution":
        raise Conflict("Whose awards these are the institution alone knows.", code="not_yours")
    awards = [core_project_number(each) for each in found.awards]
    columns: tuple[Any, ...] = (
        CareerEvent.id,
        CareerEvent.membership_id,
        CareerEvent.project_number,
        CareerEvent.code,
    )
    return select(*columns).where(literal_column(core_of("project_number")).in_(awards))
